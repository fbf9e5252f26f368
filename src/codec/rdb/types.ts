/** Every kind of value a snapshot can hold, as a table: what `TYPE` calls it, how it is passed, how it is read (`rdb.h` of Redis 7.4). */
import type { RedisType } from '../../model/redis-value.js'
import { DecodeError } from '../bytes.js'
import type { RdbInput } from './input.js'
import { listpackItems } from './listpack.js'
import {
  type ReadValue,
  readDocument,
  readExpiringHash,
  readHash,
  readIntset,
  readList,
  readPackedExpiringHash,
  readPackedHash,
  readPackedList,
  readPackedSet,
  readPackedZset,
  readQuicklist,
  readQuicklist2,
  readSet,
  readText,
  readZipmap,
  readZset,
  readZset2,
} from './read.js'
import { skipBytes, skipEach, skipLength, skipModule, skipStream, skipTextScore } from './skip.js'
import { skipString } from './strings.js'
import { ziplistItems } from './ziplist.js'

export interface ValueEncoding {
  readonly type: RedisType
  /** Passes it; about how many bytes it takes once it is read. */
  skip(input: RdbInput): number
  /** Absent where it is nothing that savers use. */
  readonly read?: ReadValue
}

const skipExpiring = skipBytes(8)

/** By the byte that announces them. Gaps were never released. */
export const VALUE_ENCODINGS: Readonly<Record<number, ValueEncoding>> = {
  0: { type: 'string', skip: skipString, read: readText },
  1: { type: 'list', skip: skipEach(skipString), read: readList },
  2: { type: 'set', skip: skipEach(skipString), read: readSet },
  3: { type: 'zset', skip: skipEach(skipString, skipTextScore), read: readZset },
  4: { type: 'hash', skip: skipEach(skipString, skipString), read: readHash },
  5: { type: 'zset', skip: skipEach(skipString, skipBytes(8)), read: readZset2 },
  7: { type: 'module', skip: skipModule, read: readDocument },
  9: { type: 'hash', skip: skipString, read: readZipmap },
  10: { type: 'list', skip: skipString, read: readPackedList(ziplistItems) },
  11: { type: 'set', skip: skipString, read: readIntset },
  12: { type: 'zset', skip: skipString, read: readPackedZset(ziplistItems) },
  13: { type: 'hash', skip: skipString, read: readPackedHash(ziplistItems) },
  14: { type: 'list', skip: skipEach(skipString), read: readQuicklist },
  15: { type: 'stream', skip: skipStream(1) },
  16: { type: 'hash', skip: skipString, read: readPackedHash(listpackItems) },
  17: { type: 'zset', skip: skipString, read: readPackedZset(listpackItems) },
  18: { type: 'list', skip: skipEach(skipLength, skipString), read: readQuicklist2 },
  19: { type: 'stream', skip: skipStream(2) },
  20: { type: 'set', skip: skipString, read: readPackedSet(listpackItems) },
  21: { type: 'stream', skip: skipStream(3) },
  24: {
    type: 'hash',
    skip: (input) => skipExpiring(input) + skipEach(skipLength, skipString, skipString)(input),
    read: readExpiringHash,
  },
  25: {
    type: 'hash',
    skip: (input) => skipExpiring(input) + skipString(input),
    read: readPackedExpiringHash,
  },
}

const MODULE = 7
const NAME_SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const DOCUMENT = 'ReJSON-RL'
/** How RedisJSON 2.0 and later write a document: its text, the older of the two with something behind. */
const DOCUMENT_ENCODINGS: ReadonlySet<number> = new Set([2, 3])

/** What `TYPE` says of a module's value: nine signs of six bits each; the encoding's version is in the other ten. */
export function moduleTypeOf(id: bigint): RedisType {
  let name = ''
  for (let shift = 58n; shift >= 10n; shift -= 6n) name += NAME_SIGNS[Number((id >> shift) & 63n)]
  const version = Number(id & 1023n)
  // Before 2.0 RedisJSON wrote trees: nobody takes those for documents that can be read.
  return name === DOCUMENT && !DOCUMENT_ENCODINGS.has(version) ? `${name} ${version}` : name
}

/** What `TYPE` says of the value that comes next; null for a byte that announces none. */
export function valueTypeOf(input: RdbInput, encoding: number): RedisType | null {
  if (encoding !== MODULE) return VALUE_ENCODINGS[encoding]?.type ?? null
  const id = input.ahead(9)
  if (id[0] !== EXACT_LENGTH) throw new DecodeError('a module without its id', input.position)
  return knownType(id.readBigUInt64BE(1))
}

/** Announces eight bytes of a length: every module's id is that long. */
const EXACT_LENGTH = 0x81
const MOST_KNOWN = 100
const known = new Map<bigint, RedisType>()

function knownType(id: bigint): RedisType {
  const type = known.get(id) ?? moduleTypeOf(id)
  if (known.size < MOST_KNOWN) known.set(id, type)
  return type
}
