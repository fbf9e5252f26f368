/** Shows run events on stderr: a spinner on a terminal, a plain line every few seconds elsewhere, nothing in the first second. */
import type { Ora } from 'ora'
import type { OnEvent, RunEvent } from '../model/events.js'
import { progressJson } from './progress-json.js'
import { progressText } from './progress-text.js'

const SPINNER_AFTER_MS = 1000
const SPINNER_EVERY_MS = 100
const LINE_EVERY_MS = 5000
const JSON_EVERY_MS = 1000

/** `auto`: a spinner on a terminal, lines elsewhere. */
export type ProgressForm = 'auto' | 'json' | 'none'

export interface Progress {
  readonly onEvent: OnEvent
  /** Clears the line, so that something else can be printed; the next event brings it back. */
  pause(): void
  stop(): void
}

export interface ProgressStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export function createProgress(
  stream: ProgressStream,
  {
    color,
    now,
    form = 'auto',
  }: { readonly color: boolean; readonly now: () => number; readonly form?: ProgressForm },
): Progress {
  let latest: RunEvent | null = null
  let since = 0
  let timer: NodeJS.Timeout | null = null
  const text = (event: RunEvent): string =>
    form === 'json' ? progressJson(event, now() - since, now()) : progressText(event, now() - since)
  // A terminal that does not know its width (a pty of width 0) would keep the spinner erasing lines for ever.
  const isAnimated = form === 'auto' && stream.isTTY && stream.columns
  const shown =
    form === 'json'
      ? jsonLines(stream)
      : isAnimated
        ? spinner(stream as NodeJS.WriteStream, color)
        : lines(stream)
  return {
    onEvent(event) {
      if (event.kind !== latest?.kind) since = now()
      latest = event
      timer ??= shown.repeat(() => {
        if (latest !== null) shown.show(text(latest))
      })
    },
    pause: () => shown.clear(),
    stop() {
      if (timer !== null) clearInterval(timer)
      timer = null
      if (form === 'json' && latest !== null) shown.show(text(latest))
      shown.clear()
    },
  }
}

interface Display {
  repeat(tick: () => void): NodeJS.Timeout
  show(text: string): void
  clear(): void
}

const lines = (stream: ProgressStream): Display => {
  let last = ''
  return {
    repeat: (tick) => setInterval(tick, LINE_EVERY_MS).unref(),
    show(text) {
      if (text !== last) stream.write(`${text}\n`)
      last = text
    },
    clear() {},
  }
}

/** The last state comes too, however short it was. */
const jsonLines = (stream: ProgressStream): Display => ({
  repeat: (tick) => setInterval(tick, JSON_EVERY_MS).unref(),
  show: (line) => void stream.write(line),
  clear() {},
})

/** The spinner's library is loaded while the first second passes, so that short commands never pay for it. */
function spinner(stream: NodeJS.WriteStream, color: boolean): Display {
  let ora: Ora | null = null
  let wanted = false
  const load = async (): Promise<void> => {
    const { default: create } = await import('ora')
    ora = create({ stream, color: color ? 'cyan' : false, discardStdin: false, isEnabled: true })
  }
  return {
    repeat(tick) {
      const start = performance.now()
      void load()
      return setInterval(() => {
        if (performance.now() - start >= SPINNER_AFTER_MS) tick()
      }, SPINNER_EVERY_MS).unref()
    },
    show(text) {
      wanted = true
      if (ora === null) return
      ora.text = text
      if (!ora.isSpinning) ora.start()
    },
    clear() {
      if (wanted) ora?.stop()
      wanted = false
    },
  }
}
