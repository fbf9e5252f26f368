/**
 * The neutral value model: what every reader drives (a sink) and what a value looks like when it is needed whole
 * (a tree). It keeps apart what JavaScript mixes up: `1` and `1.0`, integers of any size, tuples, bytes, maps with keys of
 * any kind, null and absent. Nothing in it is ever revived: an object is a module, a name and its arguments.
 */

/** How LangGraph rebuilds an object: its msgpack extension codes 0–7, by name (langgraph `serde/jsonplus.py`). */
export const OBJECT_FORMS = [
  'single-argument', // 0: Class(argument)
  'positional', // 1: Class(*arguments)
  'keywords', // 2: Class(**fields)
  'method', // 3: Class.method(argument)
  'pydantic-v1', // 4: Class(**fields)
  'pydantic-v2', // 5: Class(**fields), field names of model_dump()
  'numpy', // 6: (dtype, shape, order, buffer)
  'delta-snapshot', // 7: _DeltaSnapshot(value)
] as const
export type ObjectForm = (typeof OBJECT_FORMS)[number]

/**
 * The head of an object. Exactly one value follows it before `endObject`: for `single-argument`, `method` and `delta-snapshot`
 * the argument; for `positional` a list; for `keywords` and both pydantic forms a map; for `numpy` a list of dtype
 * (text), shape (list), order (text) and buffer (bytes). `numpy` and `delta-snapshot` leave module and name empty.
 */
export interface ObjectHead {
  readonly form: ObjectForm
  readonly module: string
  readonly name: string
  /** `fromisoformat` and the like for `method`; `model_validate_json` for `pydantic-v2`; else absent. */
  readonly method?: string
}

export type SetKind = 'set' | 'frozenset'

/**
 * What every reader drives and every writer implements. A container's `size` is its number of items (of pairs in a map), or −1
 * where the reader learns it only at the end. Every `begin…` is closed by `end`. In a map keys and values alternate.
 */
export interface ValueSink {
  null(): void
  bool(value: boolean): void
  /** `number` only within ±(2^53 − 1), `bigint` beyond. */
  int(value: number | bigint): void
  float(value: number): void
  /** A range of UTF-8; a lone surrogate is its three bytes `ED A0–BF 80–BF`, as CPython's `surrogatepass` writes it. */
  text(source: Buffer, start: number, end: number): void
  bytes(source: Buffer, start: number, end: number): void
  /** Python's `bytearray`: a type of its own only as a whole value, plain bytes when nested. */
  bytearray(source: Buffer, start: number, end: number): void
  beginList(size: number): void
  beginTuple(size: number): void
  beginSet(size: number, kind: SetKind): void
  beginMap(size: number): void
  beginObject(head: ObjectHead): void
  end(): void
}

/** A value as a tree, for whoever needs to look twice. Texts are UTF-8 bytes, so that lone surrogates survive. */
export type Tree =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: number | bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly utf8: Buffer }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'bytearray'; readonly bytes: Buffer }
  | { readonly kind: 'list' | 'tuple' | 'set' | 'frozenset'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Tree, Tree])[] }
  | { readonly kind: 'object'; readonly head: ObjectHead; readonly body: Tree }

/**
 * A value still in the bytes it was found in. `emit` decodes it into a sink as often as it is asked; it throws
 * `DecodeError` (codec/bytes.ts) with the offset of what it could not read, possibly after part of the value went out.
 */
export interface Value {
  /**
   * The encoding of `bytes`: `json` (LangGraph JSON of Python), `js-json`, `msgpack`, `pickle`, `raw` (bytes, bytearray, null: the whole
   * value is its bytes) or `tree`. Two values of one self-contained encoding with equal bytes are equal.
   */
  readonly encoding: ValueEncoding
  /** The serde type tag, where the source has one for this value: `msgpack`, `json`, `bytes`, `null`, `msgpack+aes`, … */
  readonly serdeType?: string
  /** The encoded bytes, where they are self-contained (never for a pickle: its bytes depend on the memo). */
  readonly bytes?: Buffer
  emit(sink: ValueSink, notes?: ValueNotes): void
  /** How `bytes` are read, where a part of them can be read alone: one object for every value that is read in that way. */
  readonly reading?: TextReading
}

export interface TextReading {
  /** Drives the sink with the one value in `text[start, end)`. Throws `DecodeError`. */
  emit(text: Buffer, start: number, end: number, sink: ValueSink, notes?: ValueNotes): void
}

/** What a reader noticed about a value that it could read all the same; becomes a finding of the checkpoint. */
export interface ValueNotes {
  note(reason: 'value-lost-at-source' | 'object-flattened' | 'surrogate-replaced', detail: string): void
}
export type ValueEncoding = 'json' | 'js-json' | 'msgpack' | 'pickle' | 'raw' | 'encrypted' | 'tree'
