/** What goes to stderr with `--log-format json`: one JSON object a line, whatever it says. */
import { jsonLine } from '../report/json-text.js'

interface Writer {
  write(text: string): unknown
}

export type LogLevel = 'info' | 'error'

/** Every line of what is written becomes an object of its own. */
export const jsonLog = (stream: Writer, now: () => number): { write(text: string): void } => ({
  write(text) {
    for (const line of text.split('\n')) {
      if (line.trim() !== '') logLine(stream, { level: 'info', message: line }, now)
    }
  },
})

export function logLine(
  stream: Writer,
  facts: { readonly level: LogLevel; readonly message: string } & Readonly<Record<string, unknown>>,
  now: () => number,
): void {
  stream.write(jsonLine({ time: new Date(now()).toISOString(), ...facts }))
}
