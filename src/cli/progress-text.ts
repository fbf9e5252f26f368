/** One line of progress from one event: `1,966 of 3,410 threads · 2.3 of 4.0 GiB · 104 MiB/s · 17 s left · 2 rejected`. */
import type { RunEvent, RunProgress } from '../model/events.js'
import { printableText } from '../model/printable.js'
import { formatBytes, formatBytesOf, formatCount, formatDuration } from '../report/format.js'
import { paceOf } from './pace.js'

/** `elapsedMs` counts from the first event of the same kind. */
export function progressText(event: RunEvent, elapsedMs: number): string {
  switch (event.kind) {
    case 'scanning':
      return `reading key names: ${outOf(event.keys, event.ofKeys)}`
    case 'threads':
      return threadsText(event.progress, elapsedMs)
    case 'step':
      return printableText(event.step)
    case 'retrying':
      return `waiting for ${event.endpoint}: attempt ${event.attempt} in ${formatDuration(event.waitMs / 1000)}`
  }
}

function threadsText(progress: RunProgress, elapsedMs: number): string {
  const { threads, ofThreads, bytes, ofBytes, rejected } = progress
  const parts = [`${outOf(threads, ofThreads)} threads`]
  if (bytes > 0) parts.push(ofBytes === null ? formatBytes(bytes) : formatBytesOf(bytes, ofBytes))
  const { bytesPerSecond, secondsLeft } = paceOf(progress, elapsedMs)
  if (bytesPerSecond !== null) parts.push(`${formatBytes(bytesPerSecond)}/s`)
  if (secondsLeft !== null) parts.push(`${formatDuration(secondsLeft)} left`)
  if (rejected > 0) parts.push(`${formatCount(rejected)} rejected`)
  return parts.join(' · ')
}

const outOf = (part: number, whole: number | null): string =>
  whole === null ? formatCount(part) : `${formatCount(part)} of ${formatCount(whole)}`
