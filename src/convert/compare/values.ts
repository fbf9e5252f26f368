/**
 * Digests of values for a comparison: of what stands in Postgres as it is, of what stands in Redis after the documented repairs (a lone
 * surrogate is `?`, a dict's key that is an object is text). No encoder has a part in it.
 */
import { createHash } from 'node:crypto'
import { EncodeError } from '../../codec/bytes.js'
import { digestList, digestText, type ListDigest } from '../../codec/digest.js'
import { replaceSurrogates, surrogateAt } from '../../codec/lone-surrogates.js'
import { PassingSink } from '../../codec/passing-sink.js'
import { emitTree, TreeBuilder } from '../../codec/tree.js'
import type { ObjectHead, Value, ValueEncoding, ValueSink } from '../../model/value.js'
import { storedKey } from './keys.js'

/** A text that is equal for equal values (`digestText`). */
export type Digest = string

/** Throws `DecodeError` where the value cannot be read. */
export function digestOfStored(value: Value): Digest {
  return value.encoding === 'encrypted' ? digestOfEncrypted(value) : digestText(value)
}

/**
 * Of a value in the source. Throws `DecodeError` where it cannot be read, and `EncodeError` where the official saver could not store
 * it; a whole value that is an integer of any size can stand in a checkpoint, in a write it cannot (`inWrite`).
 */
export function digestOfSource(value: Value, inWrite = false): Digest {
  return AS_STORED.has(value.encoding) ? digestOfStored(value) : digestText(asStored(value, inWrite))
}

/** The same for values that grow (`digestList`); never of an encrypted one. */
export const storedList = (value: Value, before?: Buffer): ListDigest => digestList(value, before)
export const sourceList = (value: Value, before?: Buffer): ListDigest =>
  digestList(AS_STORED.has(value.encoding) ? value : asStored(value, false), before)

const asStored = (value: Value, inWrite: boolean): Value => ({
  encoding: 'tree',
  emit: (sink) => value.emit(new AsStored(sink, inWrite)),
})

/** Encodings in which the target holds values too: nothing of them is repaired. */
const AS_STORED: ReadonlySet<ValueEncoding> = new Set(['msgpack', 'raw', 'encrypted', 'js-json'])

const digestOfEncrypted = ({ serdeType, bytes }: Value): Digest =>
  createHash('sha1').update(`encrypted ${serdeType}\0`).update(bytes!).digest().toString('latin1')

const MAX_UINT64 = 2n ** 64n - 1n
const MIN_INT64 = -(2n ** 63n)

/** The method that every pydantic v2 object is stored with. */
const PYDANTIC_METHOD = 'model_validate_json'

/** Passes a value on as a Python target holds it. */
class AsStored extends PassingSink {
  /** Of each open container whether it is a map, and how many values it has. */
  private readonly maps: boolean[] = []
  private readonly counts: number[] = []
  /** A key that is a container, while it is gathered, and how many containers are open in it. */
  private key: TreeBuilder | undefined
  private keyDepth = 0

  constructor(
    inner: ValueSink,
    private readonly inWrite: boolean,
  ) {
    super(inner)
  }

  override int(value: number | bigint): void {
    const isWhole = this.counts.length === 0 && !this.inWrite
    if (typeof value === 'bigint' && !isWhole && (value > MAX_UINT64 || value < MIN_INT64)) {
      throw new EncodeError('integer over 64 bits', 'integer-too-large')
    }
    super.int(value)
  }
  override text(source: Buffer, start: number, end: number): void {
    if (surrogateAt(source, start, end) < 0) {
      super.text(source, start, end)
    } else {
      const { text } = replaceSurrogates(source, start, end)
      super.text(text, 0, text.length)
    }
  }
  override beginObject(head: ObjectHead): void {
    const isComplete = head.form !== 'pydantic-v2' || head.method !== undefined
    super.beginObject(isComplete ? head : { ...head, method: PYDANTIC_METHOD })
  }

  override end(): void {
    if (this.key === undefined) {
      this.maps.pop()
      this.counts.pop()
      this.inner.end()
      return
    }
    this.key.end()
    if (--this.keyDepth > 0) return
    const key = storedKey(this.key.result())
    this.key = undefined
    if (key === undefined) throw new EncodeError('a key that cannot be stored', 'unsupported-value')
    emitTree(key, this.inner)
  }

  protected override scalar(): ValueSink {
    if (this.key !== undefined) return this.key
    const innermost = this.counts.length - 1
    if (innermost >= 0) this.counts[innermost]!++
    return this.inner
  }

  protected override container(isMap: boolean): ValueSink {
    if (this.key === undefined) {
      const innermost = this.counts.length - 1
      const isKey = innermost >= 0 && this.maps[innermost]! && this.counts[innermost]! % 2 === 0
      if (innermost >= 0) this.counts[innermost]!++
      if (!isKey) {
        this.maps.push(isMap)
        this.counts.push(0)
        return this.inner
      }
      this.key = new TreeBuilder()
    }
    this.keyDepth++
    return this.key
  }
}
