/** A claimed key as bytes: what the inventory keeps of one, in memory or on disk, is little more than the key itself. */
import type { Claim, ClaimedKey, KeyRole } from '../../layouts/layout.js'
import type { RedisType } from '../../model/redis-value.js'
import type { KeyOfType } from '../../source/source.js'

/*
 * length of what follows     varint
 * TYPE, layout               1 byte each: places in tables that grow as names are met
 * role, and 0x80: ambiguous  1 byte
 * key                        varint length, bytes
 * thread, namespace, id      each: where it stands in the key, plus 1 (varint), and its length (varint);
 *                            or 0, its length and its bytes, where the key does not hold it as it is (sentinels, invalid UTF-8)
 */

const ROLES: readonly KeyRole[] = ['checkpoint', 'write', 'blob', 'index', 'pointer', 'snapshot']
const AMBIGUOUS = 0x80
const TABLE_LIMIT = 255

export class RecordCodec {
  readonly #types = new NameTable<RedisType>()
  readonly #layouts = new NameTable<string>()
  #scratch = Buffer.allocUnsafe(4096)
  #end = 0

  /** The record of a key. The bytes are valid until the next call. */
  encode(claim: Claim, { key, type }: KeyOfType): Buffer {
    const { threadId, checkpointNs, checkpointId } = claim
    this.#reserve(key.length + 3 * (threadId.length + checkpointNs.length + checkpointId.length) + 64)
    this.#end = 0
    this.#byte(this.#types.placeOf(type))
    this.#byte(this.#layouts.placeOf(claim.layout))
    this.#byte(ROLES.indexOf(claim.role) | (claim.ambiguous ? AMBIGUOUS : 0))
    this.#varint(key.length)
    this.#end += key.copy(this.#scratch, this.#end)
    this.#text(threadId, key)
    this.#text(checkpointNs, key)
    this.#text(checkpointId, key)
    return this.#scratch.subarray(0, this.#end)
  }

  decode(record: Buffer): ClaimedKey {
    const role = record[2]!
    const cursor = new Cursor(record, 3)
    // A copy: the key may outlive the piece it stands in.
    const key = Buffer.from(cursor.bytes(cursor.varint()))
    const threadId = cursor.text(key)
    const checkpointNs = cursor.text(key)
    const checkpointId = cursor.text(key)
    const claimed: ClaimedKey = {
      key,
      type: this.#types.nameAt(record[0]!),
      layout: this.#layouts.nameAt(record[1]!),
      role: ROLES[role & ~AMBIGUOUS]!,
      threadId,
      checkpointNs,
      checkpointId,
    }
    return role & AMBIGUOUS ? { ...claimed, ambiguous: true } : claimed
  }

  /** The thread alone, which is all that grouping needs. */
  threadIdOf(record: Buffer): string {
    const cursor = new Cursor(record, 3)
    const length = cursor.varint()
    const keyAt = cursor.at
    cursor.at += length
    return cursor.textIn(record, keyAt)
  }

  #text(text: string, key: Buffer): void {
    const at = text === '' ? -1 : key.indexOf(text)
    if (at >= 0) {
      this.#varint(at + 1)
      this.#varint(Buffer.byteLength(text))
      return
    }
    this.#varint(0)
    this.#varint(Buffer.byteLength(text))
    this.#end += this.#scratch.write(text, this.#end)
  }

  #byte(value: number): void {
    this.#scratch[this.#end++] = value
  }

  #varint(value: number): void {
    this.#end = writeVarint(this.#scratch, this.#end, value)
  }

  #reserve(bytes: number): void {
    if (this.#scratch.length < bytes) this.#scratch = Buffer.allocUnsafe(bytes * 2)
  }
}

/** Writes 7 bits a byte, lowest first; gives the place behind it. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value
  let end = at
  while (rest >= 0x80) {
    bytes[end++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[end++] = rest
  return end
}
export const MAX_VARINT_BYTES = 5

/** Each record of a piece that `writeVarint` has put their lengths into. */
export function* recordsIn(piece: Buffer): Generator<Buffer> {
  const cursor = new Cursor(piece, 0)
  while (cursor.at < piece.length) yield cursor.bytes(cursor.varint())
}

class Cursor {
  constructor(
    readonly source: Buffer,
    public at: number,
  ) {}

  varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.source[this.at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }

  bytes(length: number): Buffer {
    const start = this.at
    this.at += length
    return this.source.subarray(start, this.at)
  }

  text(key: Buffer): string {
    return this.textIn(key, 0)
  }

  /** The text whose key begins at `keyAt` of `source`. */
  textIn(source: Buffer, keyAt: number): string {
    const place = this.varint()
    const length = this.varint()
    const start = keyAt + place - 1
    if (place > 0) return source.toString('utf8', start, start + length)
    return this.bytes(length).toString('utf8')
  }
}

/** Names by small numbers. There are a handful of each. */
class NameTable<Name extends string> {
  readonly #places = new Map<Name, number>()
  readonly #names: Name[] = []

  placeOf(name: Name): number {
    const known = this.#places.get(name)
    if (known !== undefined) return known
    if (this.#names.length === TABLE_LIMIT) throw new RangeError(`more than ${TABLE_LIMIT} different names`)
    this.#places.set(name, this.#names.length)
    return this.#names.push(name) - 1
  }

  nameAt(place: number): Name {
    return this.#names[place]!
  }
}
