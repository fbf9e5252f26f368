/** Adds up a verification's report: each thread once, in its last state, whatever was said of it before. */
import type { RunProgress } from '../../model/events.js'
import {
  MAX_DIFFERENCES,
  MAX_NOTES,
  THREAD_STATES,
  type ThreadState,
  type VerifyReport,
} from '../../model/verify-report.js'
import { SeenThreads } from '../../pipeline/seen-threads.js'
import type { ThreadVerdict } from '../../pipeline/verify/verdicts.js'
import type { VerifyListener } from '../../pipeline/verify/verify-options.js'

/** States of which no thread is named: there are too many, and nothing is to be done. */
const UNNAMED: ReadonlySet<ThreadState> = new Set(['equal', 'differs'])

export class VerifyTally implements VerifyListener {
  readonly seen = new SeenThreads()
  /** Threads of which something stands in Postgres. */
  withRows = 0

  constructor(
    private readonly report: VerifyReport,
    private readonly onProgress: (progress: RunProgress) => void,
    private readonly record: (verdicts: readonly ThreadVerdict[]) => Promise<void>,
    private readonly ofThreads: number | null,
  ) {}

  get wantsDetails(): boolean {
    return this.report.differences.length < MAX_DIFFERENCES
  }

  readSource(bytes: number): void {
    this.report.bytes.source += bytes
    this.progress()
  }

  readTarget(bytes: number): void {
    this.report.bytes.target += bytes
    this.progress()
  }

  async compared(verdicts: readonly ThreadVerdict[]): Promise<void> {
    // First on record: what fails there is compared again.
    await this.record(verdicts)
    for (const verdict of verdicts) this.add(verdict)
    this.progress()
  }

  /** Threads of which only the ledger and Postgres were asked. */
  async comparedRecorded(verdicts: readonly ThreadVerdict[]): Promise<void> {
    await this.compared(verdicts)
    if (this.report.against === 'source') this.report.threads.onlyInLedger += verdicts.length
  }

  private add({ threadId, state, explained, differences, compared, hasRows }: ThreadVerdict): void {
    const { report } = this
    const before = this.seen.note(threadId, THREAD_STATES.indexOf(state))
    if (before === undefined) {
      report.threads.compared++
      if (hasRows) this.withRows++
    } else {
      this.takeBack(threadId, THREAD_STATES[before]!)
    }
    report.threads[state]++
    report.compared.checkpoints += compared.checkpoints
    report.compared.writes += compared.writes
    report.compared.values += compared.values
    report.differenceCount += differences.length
    report.differences.push(...differences.slice(0, MAX_DIFFERENCES - report.differences.length))
    if (UNNAMED.has(state)) return
    report.notes[state] ??= []
    const notes = report.notes[state]
    if (notes.length < MAX_NOTES) notes.push({ threadId, ...explained })
  }

  /** The thread was compared once more, with keys that turned out to be its own. */
  private takeBack(threadId: string, state: ThreadState): void {
    const { threads, notes, differences } = this.report
    threads[state]--
    const note = notes[state]?.findIndex((one) => one.threadId === threadId) ?? -1
    if (note >= 0) notes[state]?.splice(note, 1)
    const kept = differences.filter((difference) => difference.threadId !== threadId)
    this.report.differenceCount -= differences.length - kept.length
    differences.splice(0, differences.length, ...kept)
  }

  private progress(): void {
    const { threads, bytes } = this.report
    this.onProgress({
      threads: threads.compared,
      ofThreads: this.ofThreads,
      bytes: bytes.source + bytes.target,
      ofBytes: null,
      rejected: 0,
    })
  }
}
