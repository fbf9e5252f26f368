/** One pass over a whole snapshot: proves that it is whole, notes where every key stands, and what the server says of itself. */
import { setImmediate } from 'node:timers/promises'
import { DecodeError } from '../../codec/bytes.js'
import { Crc64 } from '../../codec/rdb/crc64.js'
import { RdbInput } from '../../codec/rdb/input.js'
import { type KeyHead, readVersion, recordsOf } from '../../codec/rdb/records.js'
import type { IndexDefinition } from '../../codec/rdb/search-indexes.js'
import { Failure } from '../../model/failure.js'
import type { KeyOfType } from '../source.js'
import type { SnapshotFile } from './file.js'
import { KeyIndex } from './key-index.js'

/** The first has checksums, the last is what Redis 7.4 and 8 write. */
const VERSIONS = { oldest: 5, newest: 12 } as const
const CHECKSUM_BYTES = 8
/** So much is done at a stretch before others may have a turn. */
const STRETCH_BYTES = 8 * 1024 ** 2
const PAGE_KEYS = 1000
/** Names kept of each other logical database. */
const MAX_NAMES = 500
const MAX_NAME_BYTES = 200

/** What a snapshot holds of one logical database. */
export interface SnapshotDatabase {
  keys: number
  expiring: number
  /** The first names, cut to their beginnings. */
  readonly names: Buffer[]
}

export interface Survey {
  readonly index: KeyIndex
  readonly version: number
  /** What the server says of itself, by name: `redis-ver`, `ctime`, … */
  readonly about: ReadonlyMap<string, string>
  readonly indexes: readonly IndexDefinition[]
  readonly isOfCluster: boolean
  /** Milliseconds since 1970; null where the file does not say. */
  readonly savedAtMs: number | null
  /** Only keys that were alive when it was saved. */
  readonly databases: ReadonlyMap<number, SnapshotDatabase>
  /** Keys of the database read: those that had expired by then, and those that have since. */
  readonly expiredBefore: number
  readonly expiredSince: number
}

export interface SurveyOptions {
  /** For people. */
  readonly endpoint: string
  readonly db: number
  readonly nowMs: number
  readonly signal?: AbortSignal
  onKeys?(keys: number): void
}

/** Throws a failure where the file is none, of a version unknown here, or not whole. */
export async function surveySnapshot(file: SnapshotFile, options: SurveyOptions): Promise<Survey> {
  const index = new KeyIndex()
  try {
    return await survey(file, index, options)
  } catch (error) {
    await index.close()
    throw error
  }
}

async function survey(file: SnapshotFile, index: KeyIndex, options: SurveyOptions): Promise<Survey> {
  const checksum = new Crc64()
  const input = new RdbInput(file, (passed) => checksum.update(passed))
  const version = checkedVersion(file, input, options.endpoint)
  const about = new Map<string, string>()
  const databases = new Map<number, SnapshotDatabase>()
  const expired = { before: 0, since: 0 }
  const indexes: IndexDefinition[] = []
  let isOfCluster = false
  let db = 0
  let keys = 0
  let rested = 0
  for (const record of recordsOf(input)) {
    if (input.position - rested > STRETCH_BYTES) {
      rested = input.position
      await setImmediate()
      options.signal?.throwIfAborted()
      options.onKeys?.(keys)
    }
    if (record.kind === 'about') about.set(record.name, record.value)
    else if (record.kind === 'slot') isOfCluster = true
    else if (record.kind === 'indexes') indexes.push(...record.indexes)
    else if (record.kind === 'database') db = record.db
    if (record.kind !== 'key') continue
    const { key, expiresAtMs } = record.head
    const isHere = db === options.db
    if (!isAlive(record.head, savedAtMsOf(about))) {
      if (isHere) expired.before++
      continue
    }
    keys++
    note(databases, db, record.head, isHere)
    if (!isHere) continue
    if (expiresAtMs !== null && expiresAtMs <= options.nowMs) expired.since++
    const spilling = index.add(key, record)
    if (spilling !== null) await spilling
  }
  checkEnd(input, checksum, options.endpoint)
  await index.finish()
  return {
    index,
    version,
    about,
    indexes,
    isOfCluster,
    savedAtMs: savedAtMsOf(about),
    databases,
    expiredBefore: expired.before,
    expiredSince: expired.since,
  }
}

/** A server that saves still holds keys whose time is over; those that expire in the second of the save are kept. */
export const isAlive = ({ expiresAtMs }: KeyHead, savedAtMs: number | null): boolean =>
  expiresAtMs === null || savedAtMs === null || expiresAtMs >= savedAtMs

function savedAtMsOf(about: ReadonlyMap<string, string>): number | null {
  const seconds = Number(about.get('ctime'))
  return seconds > 0 ? seconds * 1000 : null
}

function note(databases: Map<number, SnapshotDatabase>, db: number, head: KeyHead, isHere: boolean): void {
  let database = databases.get(db)
  if (database === undefined) {
    database = { keys: 0, expiring: 0, names: [] }
    databases.set(db, database)
  }
  database.keys++
  if (head.expiresAtMs !== null) database.expiring++
  if (!isHere && database.names.length < MAX_NAMES)
    database.names.push(Buffer.from(head.key.subarray(0, MAX_NAME_BYTES)))
}

/** What files that are taken for snapshots begin with. */
const FOREIGN: readonly (readonly [beginning: RegExp, problem: string])[] = [
  [/^$/, 'it is empty'],
  [/^\x1f\x8b/, 'it is packed by gzip; unpack it first (gunzip)'],
  [/^PK\x03\x04/, 'it is a ZIP archive; unpack it first'],
  [/^\x28\xb5\x2f\xfd/, 'it is packed by zstd; unpack it first'],
  [/^\*\d+\r\n/, 'it is an append-only file, which holds commands'],
  [/^file .* seq /, 'it is the list of append-only files; the file that ends in .base.rdb is a snapshot'],
  [/^VALKEY\d/, 'it is of Valkey 9 or later, whose format is another one'],
  [/^SQLite format/, 'it is a database of SQLite'],
]

function checkedVersion(file: SnapshotFile, input: RdbInput, endpoint: string): number {
  const version = readVersion(input)
  if (version === null) {
    const head = Buffer.alloc(64)
    const beginning = head.subarray(0, file.read(head, 0)).toString('latin1')
    const known = FOREIGN.find(([pattern]) => pattern.test(beginning))
    throw new Failure('not-a-snapshot', { endpoint, problem: known?.[1] ?? 'it does not begin with REDIS' })
  }
  if (version < VERSIONS.oldest || version > VERSIONS.newest) {
    throw new Failure('snapshot-version', { endpoint, version, ...VERSIONS })
  }
  return version
}

function checkEnd(input: RdbInput, checksum: Crc64, endpoint: string): void {
  input.flush()
  const found = checksum.value()
  const written = input.view(CHECKSUM_BYTES).readBigUInt64LE()
  // A server that was told to save without checksums (rdbchecksum no) writes zero.
  if (written !== 0n && written !== found)
    throw new DecodeError('its checksum is not that of its bytes', input.position - CHECKSUM_BYTES)
  // An append-only file may begin with a snapshot: what came later stands behind it.
  if (input.left > 0) {
    const problem = 'something follows its end, as in an append-only file that begins with a snapshot'
    throw new Failure('not-a-snapshot', { endpoint, problem })
  }
}

/** All keys of one logical database that were alive when it was saved, in the order of the file. */
export async function* scanSnapshot(
  file: SnapshotFile,
  { db, savedAtMs }: { readonly db: number; readonly savedAtMs: number | null },
): AsyncGenerator<KeyOfType[], void, undefined> {
  const input = new RdbInput(file)
  readVersion(input)
  let current = 0
  let page: KeyOfType[] = []
  for (const record of recordsOf(input)) {
    if (record.kind === 'database') current = record.db
    if (record.kind !== 'key' || current !== db || !isAlive(record.head, savedAtMs)) continue
    page.push({ key: record.head.key, type: record.head.type })
    if (page.length < PAGE_KEYS) continue
    yield page
    page = []
    await setImmediate()
  }
  if (page.length > 0) yield page
}
