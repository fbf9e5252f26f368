/** What a value is at its top, found without decoding more of it than the first event. */

import { isPlainMap } from '../codec/json/python-json.js'
import { LIST, MAP } from '../codec/json/scan.js'
import type { ObjectHead, Value, ValueNotes, ValueSink } from '../model/value.js'

/** A scalar with its value, or the kind of container. Text is a copy-free range of the source. */
export type TopLevel =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: number | bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly utf8: Buffer }
  | { readonly kind: 'bytes' | 'bytearray' | 'container' }
  | { readonly kind: 'object'; readonly head: ObjectHead }

/** Thrown to leave a reader after its first event; never seen outside. */
const SEEN_ENOUGH = new Error('first event seen')

class FirstEvent implements ValueSink {
  top: TopLevel = { kind: 'container' }
  null(): void {
    this.top = { kind: 'null' }
  }
  bool(value: boolean): void {
    this.top = { kind: 'bool', value }
  }
  int(value: number | bigint): void {
    this.top = { kind: 'int', value }
  }
  float(value: number): void {
    this.top = { kind: 'float', value }
  }
  text(source: Buffer, start: number, end: number): void {
    this.top = { kind: 'text', utf8: source.subarray(start, end) }
  }
  bytes(): void {
    this.top = { kind: 'bytes' }
  }
  bytearray(): void {
    this.top = { kind: 'bytearray' }
  }
  beginList(): void {
    throw SEEN_ENOUGH
  }
  beginTuple(): void {
    throw SEEN_ENOUGH
  }
  beginSet(): void {
    throw SEEN_ENOUGH
  }
  beginMap(): void {
    throw SEEN_ENOUGH
  }
  beginObject(head: ObjectHead): void {
    this.top = { kind: 'object', head }
    throw SEEN_ENOUGH
  }
  end(): void {}
}

const CONTAINER: TopLevel = { kind: 'container' }

/** JSON tells a container by its first byte; whether an object stands for something else, by its keys. */
function isPlainContainer({ encoding, bytes }: Value): boolean {
  if (bytes === undefined || (encoding !== 'json' && encoding !== 'js-json')) return false
  return bytes[0] === LIST || (bytes[0] === MAP && (encoding === 'js-json' || isPlainMap(bytes)))
}

/** Throws `DecodeError` when not even the first event can be read. */
export function topLevelOf(value: Value, notes?: ValueNotes): TopLevel {
  if (value.encoding === 'encrypted' || isPlainContainer(value)) return CONTAINER
  const first = new FirstEvent()
  try {
    value.emit(first, notes)
  } catch (error) {
    if (error !== SEEN_ENOUGH) throw error
  }
  return first.top
}

/**
 * Postgres ends a JSONB value at 256 MB, all its texts together and however many signs of theirs are escaped. Far below that a text is
 * better off in a blob: the reader does not parse it then.
 */
const MAX_INLINE_BYTES = 16 * 1024 ** 2

/**
 * Whether a value is one that the Python saver keeps inside the checkpoint's JSONB and that JSONB gives back unchanged. Not: NaN
 * and infinities, −0.0, integral floats that Python prints with an exponent (JSONB returns an int), text with NUL or a lone
 * surrogate, very long text: those survive as a blob, which the official reader merges over the inlined values.
 */
export function staysInline(top: TopLevel): boolean {
  switch (top.kind) {
    case 'null':
    case 'bool':
    case 'int':
      return true
    case 'float':
      return Number.isFinite(top.value) && !Object.is(top.value, -0) && !(Math.abs(top.value) >= 1e16)
    case 'text':
      return top.utf8.length <= MAX_INLINE_BYTES && !top.utf8.includes(0) && !hasLoneSurrogate(top.utf8)
    default:
      return false
  }
}

/** In UTF-8 as the sinks carry it, a lone surrogate is `ED A0–BF xx`. */
function hasLoneSurrogate(utf8: Buffer): boolean {
  for (let at = utf8.indexOf(0xed); at !== -1; at = utf8.indexOf(0xed, at + 1)) {
    if ((utf8[at + 1] ?? 0) >= 0xa0) return true
  }
  return false
}
