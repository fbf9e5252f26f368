/** One line of progress from one event: `1,966 of 3,410 threads · 2.3 of 4.0 GiB · 104 MiB/s · 17 s left · 2 rejected`. */
import type { RunEvent, RunProgress } from '../model/events.js'
import { printableText } from '../model/printable.js'
import { formatBytes, formatBytesOf, formatCount, formatDuration } from '../report/format.js'

/** `elapsedMs` counts from the first event of the same kind. */
export function progressText(event: RunEvent, elapsedMs: number): string {
  switch (event.kind) {
    case 'scanning':
      return `reading key names: ${outOf(event.keys, event.ofKeys)}`
    case 'threads':
      return threadsText(event.progress, elapsedMs / 1000)
    case 'step':
      return printableText(event.step)
    case 'retrying':
      return `waiting for ${event.endpoint}: attempt ${event.attempt} in ${formatDuration(event.waitMs / 1000)}`
  }
}

/** A rate over less than this says nothing. */
const MIN_RATED_SECONDS = 2

function threadsText(progress: RunProgress, seconds: number): string {
  const { threads, ofThreads, bytes, ofBytes, rejected } = progress
  const parts = [`${outOf(threads, ofThreads)} threads`]
  if (bytes > 0) parts.push(ofBytes === null ? formatBytes(bytes) : formatBytesOf(bytes, ofBytes))
  if (seconds >= MIN_RATED_SECONDS) {
    if (bytes > 0) parts.push(`${formatBytes(bytes / seconds)}/s`)
    const share = ofBytes ? bytes / ofBytes : ofThreads ? threads / ofThreads : 0
    if (share > 0 && share < 1) parts.push(`${formatDuration((seconds * (1 - share)) / share)} left`)
  }
  if (rejected > 0) parts.push(`${formatCount(rejected)} rejected`)
  return parts.join(' · ')
}

const outOf = (part: number, whole: number | null): string =>
  whole === null ? formatCount(part) : `${formatCount(part)} of ${formatCount(whole)}`
