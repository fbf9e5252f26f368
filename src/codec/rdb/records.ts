/** Walks over a snapshot record by record (`rdbLoadRioWithLoadingCtx` of Redis): what it says of itself, and where each key stands. */
import type { RedisType, RedisValue } from '../../model/redis-value.js'
import { DecodeError } from '../bytes.js'
import type { RdbInput } from './input.js'
import { readModuleParts } from './module-parts.js'
import { type IndexDefinition, SEARCH_MODULE, searchIndexesIn } from './search-indexes.js'
import { skipModuleParts } from './skip.js'
import { readLength, readString, readUint64, skipString } from './strings.js'
import { moduleTypeOf, VALUE_ENCODINGS, valueTypeOf } from './types.js'

/** A key with what stands before its value. */
export interface KeyHead {
  readonly key: Buffer
  readonly type: RedisType
  /** The byte that says how its value is written. */
  readonly encoding: number
  /** Milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null
}

export type RdbRecord =
  /** Something the server says of itself: `redis-ver`, `ctime`, … */
  | { readonly kind: 'about'; readonly name: string; readonly value: string }
  /** What RediSearch has written of its indexes. */
  | { readonly kind: 'indexes'; readonly indexes: readonly IndexDefinition[] }
  /** What follows belongs to this logical database. */
  | { readonly kind: 'database'; readonly db: number }
  /** What follows belongs to a slot of a cluster. */
  | { readonly kind: 'slot' }
  | {
      readonly kind: 'key'
      readonly head: KeyHead
      /** Its first byte in the file, and how many there are. */
      readonly at: number
      readonly length: number
      /** About how many bytes the value takes once it is read. */
      readonly valueBytes: number
    }
  /** The checksum comes next. */
  | { readonly kind: 'end' }

const OPCODES = {
  slot: 244,
  functions: 245,
  module: 247,
  idle: 248,
  frequency: 249,
  about: 250,
  sizes: 251,
  expiresMs: 252,
  expires: 253,
  database: 254,
  end: 255,
} as const

/** All records after the header, up to the end. Throws an `EndOfBytes` where it is not there. */
export function* recordsOf(input: RdbInput): Generator<RdbRecord, void, undefined> {
  for (;;) {
    switch (input.peek()) {
      case OPCODES.about: {
        input.skip(1)
        // The name's bytes may be gone when the value comes.
        const name = readString(input).toString()
        yield { kind: 'about', name, value: readString(input).toString() }
        break
      }
      case OPCODES.database:
        input.skip(1)
        yield { kind: 'database', db: readLength(input) }
        break
      case OPCODES.sizes:
        input.skip(1)
        readLength(input)
        readLength(input)
        break
      case OPCODES.functions:
        input.skip(1)
        skipString(input)
        break
      case OPCODES.module: {
        input.skip(1)
        const type = moduleTypeOf(readUint64(input))
        if (type === SEARCH_MODULE)
          yield { kind: 'indexes', indexes: searchIndexesIn(readModuleParts(input)) }
        else skipModuleParts(input)
        break
      }
      case OPCODES.slot:
        input.skip(1)
        for (let left = 3; left > 0; left--) readLength(input)
        yield { kind: 'slot' }
        break
      case OPCODES.end:
        input.skip(1)
        yield { kind: 'end' }
        return
      default:
        yield keyRecord(input)
    }
  }
}

function keyRecord(input: RdbInput): RdbRecord {
  const at = input.position
  const head = readKeyHead(input)
  const valueBytes = VALUE_ENCODINGS[head.encoding]!.skip(input)
  return { kind: 'key', head, at, length: input.position - at, valueBytes }
}

/** A key and what stands before it, of a record that begins here. The key's bytes are its own. */
export function readKeyHead(input: RdbInput): KeyHead {
  let expiresAtMs: number | null = null
  for (;;) {
    const at = input.position
    const opcode = input.uint8()
    switch (opcode) {
      case OPCODES.expiresMs:
        expiresAtMs = Number(input.view(8).readBigInt64LE())
        break
      case OPCODES.expires:
        expiresAtMs = input.view(4).readInt32LE() * 1000
        break
      case OPCODES.idle:
        readLength(input)
        break
      case OPCODES.frequency:
        input.skip(1)
        break
      default: {
        if (VALUE_ENCODINGS[opcode] === undefined) throw new DecodeError(`${opcode} begins no record`, at)
        const key = Buffer.from(readString(input))
        // What a module calls its values stands behind the key.
        const type = valueTypeOf(input, opcode)!
        return { key, type, encoding: opcode, expiresAtMs }
      }
    }
  }
}

/** The value of a record whose head was just read; null where it is of no kind that savers use, or nothing of it is alive. */
export function readRecordValue(input: RdbInput, head: KeyHead, aliveAtMs: number): RedisValue | null {
  if (head.encoding === MODULE && head.type !== 'ReJSON-RL') return null
  return VALUE_ENCODINGS[head.encoding]?.read?.(input, aliveAtMs) ?? null
}

const MODULE = 7

const MAGIC = 'REDIS'
const VERSION_BYTES = 4

/** The version of a snapshot's format; null where this is none. Reads exactly the header. */
export function readVersion(input: RdbInput): number | null {
  if (input.left < MAGIC.length + VERSION_BYTES) return null
  const header = input.view(MAGIC.length + VERSION_BYTES).toString('latin1')
  const version = /^REDIS(\d{4})$/.exec(header)?.[1]
  return version === undefined ? null : Number(version)
}
