/** What --verbose adds while a command works: a line for each thing that happens, with the seconds since the start. */
import type { OnEvent } from '../model/events.js'
import { printableText } from '../model/printable.js'
import { progressText } from './progress-text.js'

/** Of events that come with every batch; the first of each kind comes at once, however fast a run is. */
const EVERY_MS = 200

export function detailLines(
  stream: { write(text: string): void },
  now: () => number,
): { line(text: string): void; readonly event: OnEvent } {
  const started = now()
  let last: { readonly kind: string; readonly at: number } | undefined
  const line = (text: string): void =>
    stream.write(`${((now() - started) / 1000).toFixed(3)} s  ${printableText(text)}\n`)
  return {
    line,
    event(event) {
      const isFrequent = event.kind === 'scanning' || event.kind === 'threads'
      if (isFrequent && last?.kind === event.kind && now() - last.at < EVERY_MS) return
      if (isFrequent) last = { kind: event.kind, at: now() }
      line(progressText(event, now() - started))
    },
  }
}
