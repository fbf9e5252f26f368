/** How one saver lays a thread out in Redis: what its two dialects have to answer. */
import type { BlobRow, WriteRow } from '../../model/rows.js'
import type { StoredParts } from './stored.js'

/** A value as it stands in a document. */
export interface ValueText {
  readonly text: Buffer
  /** What ends the text, where it is shared with that of a longer value. */
  readonly close?: string
  /** The most containers that are inside each other. */
  readonly depth: number
  /** What the saver gives back in another form, as a phrase, and how often. */
  readonly losses?: ReadonlyMap<string, number>
}

export interface DocumentParts {
  readonly stored: StoredParts
  readonly values: ReadonlyMap<string, ValueText>
  /** Sends of the parent, which the saver would not find. */
  readonly sends?: ValueText
  readonly hasWrites: boolean
}

export interface RedisDialect {
  /** Whether a checkpoint below v4 gets the Sends among its parent's writes. */
  readonly movesSends: boolean
  /** Whether writes are text in their document, too, and not bytes in base64. */
  readonly writesAreText: boolean
  /**
   * Absent where the channel has no value. `place` names the channel, where versions of it come one after the other. Throws `DecodeError`
   * and `EncodeError`.
   */
  valueText(row: Pick<BlobRow, 'type' | 'blob'>, place?: string): ValueText | undefined
  /** What the saver gives back in another form of the values that stand in the row itself. */
  inlinedLosses(stored: StoredParts): ReadonlyMap<string, number> | undefined
  /** Why Redis or its saver takes no such checkpoint, whatever its values. Throws `EncodeError`. */
  misfit(stored: StoredParts): string | undefined
  document(parts: DocumentParts): Buffer
  /** `place`: among all writes of the checkpoint, from 0. Throws `DecodeError` and `EncodeError`. */
  write(row: WriteRow, place: number): Buffer
  checkpointKey(ids: Ids): string
  writeKey(row: WriteIds): string
  registryKey(ids: Ids): string
  /** The key that names the newest checkpoint of a namespace; absent where the saver has none. */
  pointerKey?(ids: Omit<Ids, 'checkpointId'>): string
}

export interface Ids {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
}

export type WriteIds = Ids & Pick<WriteRow, 'taskId' | 'idx'>

/** RedisJSON refuses more containers inside each other. */
export const MAX_DEPTH = 127
/** The document, its `checkpoint`, its `channel_values`. */
export const VALUE_DEPTH = 3

/** Undefined where nothing is lost. */
export function lossesOf(
  ...counts: readonly (readonly [what: string, count: number])[]
): ReadonlyMap<string, number> | undefined {
  const found = counts.filter(([, count]) => count > 0)
  return found.length === 0 ? undefined : new Map(found)
}
