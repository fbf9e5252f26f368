/**
 * Values spelled out so that two are equal exactly when Python says so: `peer.py` spells what CPython read in the same way, and the
 * bytes are compared. `N` `T` `F`, `i<hex>;`, `f<eight bytes>`, `t<length>:<UTF-8>`, `b` and `a` alike for bytes and bytearray, `l…|` list,
 * `u…|` tuple, `s…|` and `z…|` set and frozenset in sorted order, `m…|` map as a dict keeps it, `o<form>(module:name:method:` … `|` object.
 */
import { EncodeError } from '../../src/codec/bytes.js'
import type { ObjectHead, SetKind, ValueSink } from '../../src/model/value.js'

/** More is not compared: shared parts of a small pickle can stand for anything. */
const MAX_SPELLED = 4_000_000

/** Latin-1 text, and what it is equal to as a dict's key: `1`, `1.0` and `True` are one. */
interface Spelled {
  readonly text: string
  readonly equal: string
}

interface Frame {
  readonly open: string
  readonly kind: 'sequence' | 'set' | 'map'
  readonly items: Spelled[]
}

export class Speller implements ValueSink {
  private readonly frames: Frame[] = []
  private whole: string | undefined
  private size = 0
  private nans = 0

  result(): Buffer {
    if (this.whole === undefined || this.frames.length > 0) throw new Error('the value is not finished')
    return Buffer.from(this.whole, 'latin1')
  }

  null(): void {
    this.plain('N')
  }
  bool(value: boolean): void {
    this.add({ text: value ? 'T' : 'F', equal: value ? 'i1;' : 'i0;' })
  }
  int(value: number | bigint): void {
    this.plain(`i${BigInt(value).toString(16)};`)
  }
  float(value: number): void {
    DOUBLE.writeDoubleBE(Number.isNaN(value) ? Number.NaN : value)
    const text = `f${DOUBLE.toString('latin1')}`
    if (Number.isInteger(value)) this.add({ text, equal: `i${BigInt(value).toString(16)};` })
    else this.add({ text, equal: Number.isNaN(value) ? `nan ${this.nans++}` : text })
  }
  text(source: Buffer, start: number, end: number): void {
    this.plain(`t${end - start}:${source.toString('latin1', start, end)}`)
  }
  bytes(source: Buffer, start: number, end: number): void {
    this.plain(`b${end - start}:${source.toString('latin1', start, end)}`)
  }
  bytearray(source: Buffer, start: number, end: number): void {
    this.plain(`a${end - start}:${source.toString('latin1', start, end)}`)
  }
  beginList(): void {
    this.frames.push({ open: 'l', kind: 'sequence', items: [] })
  }
  beginTuple(): void {
    this.frames.push({ open: 'u', kind: 'sequence', items: [] })
  }
  beginSet(_size: number, kind: SetKind): void {
    this.frames.push({ open: kind === 'set' ? 's' : 'z', kind: 'set', items: [] })
  }
  beginMap(): void {
    this.frames.push({ open: 'm', kind: 'map', items: [] })
  }
  beginObject({ form, module, name, method }: ObjectHead): void {
    this.object(form, module, name, method ?? '')
  }
  /** An object of any form; texts are UTF-8. */
  object(form: string, ...names: readonly string[]): void {
    const head = Buffer.from(`o${form}(${names.map((name) => `${name}:`).join('')}`).toString('latin1')
    this.frames.push({ open: head, kind: 'sequence', items: [] })
  }

  end(): void {
    const frame = this.frames.pop()
    if (frame === undefined) throw new Error('end() without a container')
    const items =
      frame.kind === 'sequence'
        ? frame.items
        : frame.kind === 'set'
          ? members(frame.items)
          : entries(frame.items)
    let text = frame.open
    let equal = frame.open
    for (const item of items) {
      text += item.text
      equal += item.equal
    }
    this.add({ text: `${text}|`, equal: `${equal}|` })
  }

  private plain(text: string): void {
    this.add({ text, equal: text })
  }

  private add(spelled: Spelled): void {
    this.size += spelled.text.length
    if (this.size > MAX_SPELLED) throw new EncodeError('too much to compare', 'too-large')
    const frame = this.frames.at(-1)
    if (frame === undefined) this.whole = spelled.text
    else frame.items.push(spelled)
  }
}

const DOUBLE = Buffer.alloc(8)

function members(items: readonly Spelled[]): Spelled[] {
  const distinct = new Map<string, Spelled>()
  for (const item of items) if (!distinct.has(item.equal)) distinct.set(item.equal, item)
  return [...distinct.values()].sort((a, b) => (a.text < b.text ? -1 : 1))
}

/** The first of equal keys stays, with the last of their values. */
function entries(items: readonly Spelled[]): Spelled[] {
  const places = new Map<string, number>()
  const kept: Spelled[] = []
  for (let i = 0; i + 1 < items.length; i += 2) {
    const place = places.get(items[i]!.equal)
    if (place === undefined) {
      places.set(items[i]!.equal, kept.length)
      kept.push(items[i]!, items[i + 1]!)
    } else {
      kept[place + 1] = items[i + 1]!
    }
  }
  return kept
}
