/** A value in a few words for a report: its type and its size, and only where it was asked for how it begins. */
import { DecodeError } from '../codec/bytes.js'
import type { Value, ValueSink } from '../model/value.js'
import type { DifferentSide } from '../model/verify-report.js'
import { valueBeginning } from './compare-show.js'

/** `list of 3 items`, `object app.state.Cart`, `text of 12 bytes`. */
export function describe(value: Value, showValue = false): DifferentSide {
  if (value.encoding === 'encrypted') {
    return { is: `encrypted (${value.serdeType}), ${value.bytes?.length ?? 0} bytes` }
  }
  const words = new Words()
  try {
    value.emit(words.sink)
    return showValue ? { is: words.text, value: valueBeginning(value) } : { is: words.text }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { is: `unreadable: ${error.message}` }
  }
}

/** What the value is at its top; counts what is directly in it. */
class Words {
  private what = ''
  private unit = ''
  private depth = 0
  private values = 0

  get text(): string {
    if (this.unit === '') return this.what
    const count = this.unit === 'entries' ? this.values / 2 : this.values
    return `${this.what} of ${count} ${this.unit}`
  }

  readonly sink: ValueSink = {
    null: () => this.say('null'),
    bool: () => this.say('boolean'),
    int: () => this.say('integer'),
    float: () => this.say('float'),
    text: (_, start, end) => this.say(`text of ${end - start} bytes`),
    bytes: (_, start, end) => this.say(`binary of ${end - start} bytes`),
    bytearray: (_, start, end) => this.say(`bytearray of ${end - start} bytes`),
    beginList: () => this.begin('list', 'items'),
    beginTuple: () => this.begin('list', 'items'),
    beginSet: (_, kind) => this.begin(kind, 'items'),
    beginMap: () => this.begin('map', 'entries'),
    beginObject: ({ form, module, name }) =>
      this.begin(module === '' ? `object (${form})` : `object ${module}.${name}`, ''),
    end: () => {
      this.depth--
    },
  }

  private say(what: string): void {
    if (this.depth === 0) this.what = what
    else if (this.depth === 1) this.values++
  }

  private begin(what: string, unit: string): void {
    this.say(what)
    if (this.depth === 0) this.unit = unit
    this.depth++
  }
}
