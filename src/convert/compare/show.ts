/** How a value begins, in the notation of JSON: for a report in which the user asked to see values. */
import type { ObjectHead, Value, ValueSink } from '../../model/value.js'

const MAX_CHARS = 200

/** Thrown to leave a reader once there is enough; never seen outside. */
const FULL = new Error('enough was seen')

/** At most 200 characters. Throws `DecodeError` where it cannot be read. */
export function valueBeginning(value: Value): string {
  const beginning = new Beginning()
  try {
    value.emit(beginning.sink)
  } catch (error) {
    if (error !== FULL) throw error
  }
  return beginning.shown
}

interface Open {
  readonly close: string
  readonly isMap: boolean
  values: number
}

/** Objects look like calls: `app.state.Cart({"items": []})`. */
class Beginning {
  shown = ''
  private readonly open: Open[] = []

  readonly sink: ValueSink = {
    null: () => this.value('null'),
    bool: (value) => this.value(String(value)),
    int: (value) => this.value(String(value)),
    float: (value) => this.value(Number.isInteger(value) ? value.toFixed(1) : String(value)),
    text: (source, start, end) => this.value(JSON.stringify(beginningOf(source, start, end).toString())),
    bytes: (source, start, end) => this.value(binary(source, start, end)),
    bytearray: (source, start, end) => this.value(binary(source, start, end)),
    beginList: () => this.begin('[', ']'),
    beginTuple: () => this.begin('[', ']'),
    beginSet: (_, kind) => this.begin(`${kind}(`, ')'),
    beginMap: () => this.begin('{', '}', true),
    beginObject: (head) => this.begin(`${nameOf(head)}(`, ')'),
    end: () => this.add(this.open.pop()?.close ?? ''),
  }

  private begin(bracket: string, close: string, isMap = false): void {
    this.value(bracket)
    this.open.push({ close, isMap, values: 0 })
  }

  private value(text: string): void {
    const parent = this.open.at(-1)
    if (parent === undefined) {
      this.add(text)
      return
    }
    const isSecond = parent.isMap && parent.values % 2 === 1
    this.add(`${parent.values === 0 ? '' : isSecond ? ': ' : ', '}${text}`)
    parent.values++
  }

  private add(text: string): void {
    this.shown += text
    if (this.shown.length <= MAX_CHARS) return
    this.shown = `${this.shown.slice(0, MAX_CHARS)}…`
    throw FULL
  }
}

const beginningOf = (source: Buffer, start: number, end: number): Buffer =>
  source.subarray(start, Math.min(end, start + MAX_CHARS * 4))
const binary = (source: Buffer, start: number, end: number): string =>
  `0x${source.toString('hex', start, Math.min(end, start + MAX_CHARS))}`
const nameOf = ({ form, module, name }: ObjectHead): string => (module === '' ? form : `${module}.${name}`)
