/** An item of the source beside its row: in which state the two are (pure). */
import { DecodeError } from '../../codec/bytes.js'
import type { FoundItem, StoreDialect, StoreDifference } from '../../model/store.js'
import type { StoredStoreRow, StoreRow } from '../../model/store-row.js'
import type { Recorded } from './decide.js'
import { sameEmbedding, storeValueDigest } from './equal.js'

export type StoreState = 'equal' | 'behind' | 'ahead' | 'deleted' | 'older-copy' | StoreDifference['part']

/** `vectorType`: of the target's table for embeddings of that size; null where it has none. */
export function stateOf(
  { item, source }: FoundItem,
  row: StoreRow,
  there: StoredStoreRow | undefined,
  known: (Recorded & { readonly sourceKey: Buffer }) | undefined,
  { dialect, vectorType }: { readonly dialect: StoreDialect; readonly vectorType: string | null },
): StoreState {
  const isKnown = known?.sourceKey.equals(source.key) === true && known.sourceDigest.equals(source.digest)
  if (there === undefined) return isKnown ? 'deleted' : 'behind'
  const part = differenceOf(item.value, row, there, dialect)
  if (part === null) {
    if (known?.isOurs !== true || !known.rowDigest.equals(there.digest)) return 'equal'
    if (vectorType !== null && !isEmbedded(row, there, vectorType)) return 'embedding'
    return (row.remainingMs !== null) === there.expires ? 'equal' : 'behind'
  }
  const isAsWritten = known?.rowDigest.equals(there.digest) === true
  if (isAsWritten && !isKnown) return there.updatedAt > row.updatedAt ? 'older-copy' : 'behind'
  return isKnown && !isAsWritten && there.updatedAt > row.updatedAt ? 'ahead' : part
}

function differenceOf(
  value: Buffer,
  row: StoreRow,
  there: StoredStoreRow,
  dialect: StoreDialect,
): StoreDifference['part'] | null {
  if (!sameValue(value, there.value, dialect)) return 'value'
  if (row.createdAt !== there.createdAt) return 'created_at'
  return row.updatedAt === there.updatedAt ? null : 'updated_at'
}

function sameValue(source: Buffer, target: Buffer, dialect: StoreDialect): boolean {
  try {
    return storeValueDigest(source, dialect) === storeValueDigest(target, dialect)
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

/** Whether the embedding of a row that has one is beside what stands there. */
export const isEmbedded = (
  { vector }: StoreRow,
  there: StoredStoreRow | undefined,
  vectorType: string,
): boolean =>
  vector === null || sameEmbedding(vector.embedding, there?.vectors.get(vector.field) ?? [], vectorType)
