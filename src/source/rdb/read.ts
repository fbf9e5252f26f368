/** Reads keys from their places in a snapshot. */
import { EndOfBytes, RdbInput } from '../../codec/rdb/input.js'
import { type KeyHead, readKeyHead, readRecordValue } from '../../codec/rdb/records.js'
import type { ReadResult } from '../../model/redis-value.js'
import { sizeOf } from '../redis/value-commands.js'
import type { KeyOfType } from '../source.js'
import type { Blocks } from './blocks.js'
import { snapshotFailure } from './errors.js'
import type { SnapshotFile } from './file.js'
import type { KeyIndex, Place } from './key-index.js'

/** Where keys are looked up. */
export interface Shelf {
  readonly file: SnapshotFile
  readonly index: KeyIndex
  readonly blocks: Blocks
  /** For people. */
  readonly endpoint: string
  /** Null where the snapshot does not say. */
  readonly savedAtMs: number | null
}

/** Enough for nearly every head. */
const HEAD_BYTES = 512

/** A key's head and place; null where the snapshot does not hold it. */
export async function findKey(
  shelf: Shelf,
  key: Buffer,
): Promise<{ readonly head: KeyHead; readonly place: Place } | null> {
  for (const place of await shelf.index.find(key)) {
    const head = headAt(shelf, place)
    if (head.key.equals(key)) return { head, place }
  }
  return null
}

function headAt(shelf: Shelf, place: Place): KeyHead {
  for (let length = HEAD_BYTES; ; length = place.length) {
    const bytes = bytesAt(shelf, { ...place, length: Math.min(length, place.length) })
    try {
      return readKeyHead(RdbInput.over(bytes))
    } catch (error) {
      if (!(error instanceof EndOfBytes) || bytes.length === place.length)
        throw snapshotFailure(error, shelf.endpoint, place.at)
    }
  }
}

/** See `Source.read`; `places` are those that the index names for the key. */
export function readKey(
  shelf: Shelf,
  { key, type }: KeyOfType,
  places: readonly Place[],
  nowMs: number,
): ReadResult {
  for (const place of places) {
    const bytes = bytesAt(shelf, place)
    try {
      const input = RdbInput.over(bytes)
      const head = readKeyHead(input)
      if (!head.key.equals(key)) continue
      if (head.type !== type) return { state: 'type-changed', type: head.type }
      const value = readRecordValue(input, head, shelf.savedAtMs ?? 0)
      if (value === null) return { state: 'type-changed', type }
      return { state: 'read', value, pttlMs: timeLeftMs(head, nowMs), sizeBytes: sizeOf(value) }
    } catch (error) {
      throw snapshotFailure(error, shelf.endpoint, place.at)
    }
  }
  return { state: 'gone' }
}

/** As PTTL would say it, had the server gone on: what has expired since has nothing left. */
export const timeLeftMs = ({ expiresAtMs }: KeyHead, nowMs: number): number =>
  expiresAtMs === null ? -1 : Math.max(0, expiresAtMs - nowMs)

function bytesAt({ file, blocks, endpoint }: Shelf, { at, length }: Place): Buffer {
  const bytes = blocks.take(length)
  for (let done = 0; done < length; ) {
    const got = file.read(bytes.subarray(done), at + done)
    if (got === 0) throw snapshotFailure(new EndOfBytes('the file has become shorter', done), endpoint, at)
    done += got
  }
  return bytes
}
