/** One line of JSON from one event, for programs that watch: `--progress json`. */
import type { RunEvent } from '../model/events.js'
import { jsonLine } from '../report/json-text.js'
import { paceOf } from './pace.js'

/** `{"time":"…","event":"threads","threads":1966,"ofThreads":3410,"bytes":…,"ofBytes":…,"rejected":2,"bytesPerSecond":…,"secondsLeft":17}` */
export function progressJson(event: RunEvent, elapsedMs: number, nowMs: number): string {
  const head = { time: new Date(nowMs).toISOString(), event: event.kind }
  if (event.kind !== 'threads') {
    const { kind: _, ...facts } = event
    return jsonLine({ ...head, ...facts })
  }
  const { ofBytes, ...progress } = event.progress
  const { bytesPerSecond, secondsLeft } = paceOf(event.progress, elapsedMs)
  return jsonLine({
    ...head,
    ...progress,
    ofBytes: rounded(ofBytes),
    bytesPerSecond: rounded(bytesPerSecond),
    secondsLeft: secondsLeft === null ? null : Number(secondsLeft.toFixed(1)),
  })
}

const rounded = (number: number | null): number | null => (number === null ? null : Math.round(number))
