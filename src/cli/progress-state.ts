/** How far the command is: the newest event and since when. */
import type { RunEvent, RunProgress } from '../model/events.js'
import type { Measure } from '../model/measure.js'
import { formatDuration } from '../report/format.js'
import { progressText } from './progress-text.js'

export class ProgressState {
  private latest: RunEvent | null = null
  private since = 0
  private threads: RunProgress | null = null
  readonly startedAt: number

  constructor(private readonly now: () => number) {
    this.startedAt = now()
  }

  take(event: RunEvent): void {
    if (event.kind !== this.latest?.kind) this.since = this.now()
    this.latest = event
    if (event.kind === 'threads') this.threads = event.progress
  }

  /** `running for 42 s: 1,966 of 3,410 threads · …` */
  get line(): string {
    const { latest, since, startedAt } = this
    const what = latest === null ? 'connecting' : progressText(latest, this.now() - since)
    return `running for ${formatDuration((this.now() - startedAt) / 1000)}: ${what}`
  }

  get measures(): Measure[] {
    if (this.threads === null) return []
    const { threads, ofThreads, bytes, ofBytes, rejected } = this.threads
    return [
      { name: 'progress_threads', help: 'Threads done so far.', value: threads },
      ...(ofThreads === null
        ? []
        : [{ name: 'progress_threads_expected', help: 'Threads there are to do.', value: ofThreads }]),
      { name: 'progress_bytes', help: 'Bytes of values read so far.', value: bytes },
      ...(ofBytes === null
        ? []
        : [
            { name: 'progress_bytes_expected', help: 'About so many there are.', value: Math.round(ofBytes) },
          ]),
      { name: 'progress_rejected', help: 'Findings rejected or in conflict so far.', value: rejected },
    ]
  }
}
