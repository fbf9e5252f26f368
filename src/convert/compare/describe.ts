/** A value in a few words for a report: its type and its size, and only where it was asked for how it begins. */
import { DecodeError } from '../../codec/bytes.js'
import type { Value, ValueSink } from '../../model/value.js'
import type { DifferentSide } from '../../model/verify-report.js'
import { valueBeginning } from './show.js'

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
  /** What it is a container of; empty where its members say nothing. */
  private unit: 'list' | 'map' | '' = ''
  private depth = 0
  private values = 0

  get text(): string {
    if (this.unit === '') return this.what
    const [count, noun] = this.unit === 'map' ? [this.values / 2, 'member'] : [this.values, 'item']
    return `${this.what} of ${counted(count, noun)}`
  }

  readonly sink: ValueSink = {
    null: () => this.say('null'),
    bool: () => this.say('boolean'),
    int: () => this.say('integer'),
    float: () => this.say('float'),
    text: (_, start, end) => this.say(`text of ${counted(end - start, 'byte')}`),
    bytes: (_, start, end) => this.say(`binary of ${counted(end - start, 'byte')}`),
    bytearray: (_, start, end) => this.say(`bytearray of ${counted(end - start, 'byte')}`),
    beginList: () => this.begin('list', 'list'),
    beginTuple: () => this.begin('list', 'list'),
    beginSet: (_, kind) => this.begin(kind, 'list'),
    beginMap: () => this.begin('map', 'map'),
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

  private begin(what: string, unit: 'list' | 'map' | ''): void {
    this.say(what)
    if (this.depth === 0) this.unit = unit
    this.depth++
  }
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
