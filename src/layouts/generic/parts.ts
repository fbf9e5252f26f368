/** Finds the parts of a record where a mapping says they stand, and decodes them as it says. */
import { DecodeError } from '../../codec/bytes.js'
import { typedValue } from '../../codec/serde.js'
import { treeOf } from '../../codec/tree.js'
import { unwrapAll } from '../../codec/wrappers/sniff.js'
import { unwrap } from '../../codec/wrappers/wrapped.js'
import type { Value } from '../../model/value.js'
import { type JsonReading, type PackedValue, packedJson, packedValue } from '../packed-value.js'
import type { Codec, FieldsPlace, Path, Place } from './mapping.js'

/** Bytes that nothing was done to yet, a decoded value, or a serde pair, which is decoded when its parts are asked for. */
export type Part =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'packed'; readonly packed: PackedValue }
  | { readonly kind: 'typed'; readonly type: string; readonly bytes: Buffer }

/** A hash whose fields are the parts of a record, or a value that holds them. */
export type StoredRecord = ReadonlyMap<string, Buffer> | Part

const isHash = (record: StoredRecord): record is ReadonlyMap<string, Buffer> => record instanceof Map

/** Questions about records. All throw `DecodeError`; `undefined` means that there is nothing at that place. */
export class PartReader {
  constructor(private readonly json: JsonReading) {}

  find(record: StoredRecord, { at = [], decode = [], type, inside = [] }: Place): Part | undefined {
    const found = this.at(record, at)
    if (found === undefined) return undefined
    const tag = type && ('is' in type ? type.is : this.text(record, type))
    const decoded = this.decode(found, decode, tag)
    return this.walk(decoded, inside)
  }

  /** Several hash fields as one dict. */
  dict(record: StoredRecord, { fields, decode = [] }: FieldsPlace): PackedValue | undefined {
    const members = new Map<string, PackedValue>()
    for (const name of fields) {
      const found = this.at(record, [name])
      if (found !== undefined) members.set(name, this.packed(this.decode(found, decode)))
    }
    return members.size === 0 ? undefined : new PackedFields(members)
  }

  /** A text, or a number as text; undefined also for null. */
  text(record: StoredRecord, place: Place): string | undefined {
    const part = this.find(record, place)
    if (part === undefined) return undefined
    if (part.kind === 'bytes') return part.bytes.toString()
    const packed = this.packed(part)
    return packed.text() ?? packed.number()?.toString()
  }

  /** Undefined also for a pair of type `empty`: a channel without a value. */
  value(part: Part): Value | undefined {
    if (part.kind === 'bytes') return typedValue('bytes', part.bytes)
    if (part.kind === 'packed') return part.packed.value()
    if (part.type === 'empty') return undefined
    return part.type === 'json'
      ? packedJson(part.bytes, this.json).value()
      : typedValue(part.type, part.bytes)
  }

  packed(part: Part): PackedValue {
    if (part.kind === 'packed') return part.packed
    if (part.kind === 'typed') return packedValue(part.type, part.bytes, this.json)
    throw new DecodeError('bytes that the mapping leaves undecoded', 0)
  }

  decode(part: Part, codecs: readonly Codec[], tag?: string): Part {
    return codecs.reduce((decoded, codec) => this.step(decoded, codec, tag), part)
  }

  /** The way from a value to one inside it. */
  walk(part: Part, path: Path): Part | undefined {
    if (path.length === 0) return part
    let packed: PackedValue | undefined = this.packed(part)
    for (const step of path) {
      packed = typeof step === 'number' ? packed.items()?.[step] : packed.members()?.get(step)
      if (packed === undefined) return undefined
    }
    return { kind: 'packed', packed }
  }

  private at(record: StoredRecord, path: Path): Part | undefined {
    if (!isHash(record)) return this.walk(record, path)
    const bytes = record.get(String(path[0] ?? ''))
    return bytes && { kind: 'bytes', bytes }
  }

  private step(part: Part, codec: Codec, tag: string | undefined): Part {
    switch (codec) {
      case 'json':
        return { kind: 'packed', packed: packedJson(this.bytes(part), this.json) }
      case 'msgpack':
      case 'pickle':
        return { kind: 'packed', packed: packedValue(codec, this.bytes(part)) }
      case 'typed':
        return tag === undefined ? this.pair(part) : { kind: 'typed', type: tag, bytes: this.bytes(part) }
      case 'unwrap':
        return { kind: 'bytes', bytes: unwrapAll(this.bytes(part)).bytes }
      default:
        return { kind: 'bytes', bytes: unwrap(this.bytes(part), codec) }
    }
  }

  private pair(part: Part): Part {
    const [type, content] = this.packed(part).items() ?? []
    const tag = type?.text()
    if (tag === undefined || content === undefined) throw new DecodeError('no pair of a type and bytes', 0)
    return { kind: 'typed', type: tag, bytes: this.bytes({ kind: 'packed', packed: content }) }
  }

  /** Bytes; of a text its UTF-8, since JSON holds bytes as text. */
  private bytes(part: Part): Buffer {
    if (part.kind !== 'packed') return part.bytes
    const tree = treeOf(part.packed.value())
    if (tree.kind === 'text') return tree.utf8
    if (tree.kind === 'bytes' || tree.kind === 'bytearray') return tree.bytes
    throw new DecodeError(`a ${tree.kind} where the mapping expects bytes`, 0)
  }
}

/** A dict whose members stand in hash fields of their own. */
class PackedFields implements PackedValue {
  readonly isNull = false
  constructor(private readonly fields: ReadonlyMap<string, PackedValue>) {}

  members(): ReadonlyMap<string, PackedValue> {
    return this.fields
  }
  items(): undefined {
    return undefined
  }
  text(): undefined {
    return undefined
  }
  number(): undefined {
    return undefined
  }
  value(): Value {
    return {
      encoding: 'tree',
      emit: (sink) => {
        sink.beginMap(this.fields.size)
        for (const [name, member] of this.fields) {
          const key = Buffer.from(name)
          sink.text(key, 0, key.length)
          member.value().emit(sink)
        }
        sink.end()
      },
    }
  }
}
