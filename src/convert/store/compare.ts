/** An item of the source beside its row: in which state the two are (pure). */
import { DecodeError } from '../../codec/bytes.js'
import type { FoundItem, StoreDialect, StoreDifference } from '../../model/store.js'
import type { Recorded } from './decide.js'
import { sameEmbedding, storeValueDigest } from './equal.js'
import type { StoreRow } from './row.js'

/** As it was read back. */
export interface ReadStoreRow {
  readonly value: Buffer
  /** Microseconds since 1970. */
  readonly createdAt: bigint
  readonly updatedAt: bigint
  readonly expires: boolean
  readonly digest: Buffer
  /** Field → embedding. */
  readonly vectors: ReadonlyMap<string, readonly number[]>
}

export type StoreState = 'equal' | 'behind' | 'ahead' | 'deleted' | 'older-copy' | StoreDifference['part']

/** `takesVectors`: the target has a table for embeddings of that size. */
export function stateOf(
  { item, source }: FoundItem,
  row: StoreRow,
  there: ReadStoreRow | undefined,
  known: (Recorded & { readonly sourceKey: Buffer }) | undefined,
  { dialect, takesVectors }: { readonly dialect: StoreDialect; readonly takesVectors: boolean },
): StoreState {
  const isKnown = known?.sourceKey.equals(source.key) === true && known.sourceDigest.equals(source.digest)
  if (there === undefined) return isKnown ? 'deleted' : 'behind'
  const part = differenceOf(item.value, row, there, dialect)
  if (part === null) {
    if (known?.isOurs !== true || !known.rowDigest.equals(there.digest)) return 'equal'
    const isEmbedded = row.vector === null || !takesVectors || hasVector(row.vector, there)
    if (!isEmbedded) return 'embedding'
    return (row.remainingMs !== null) === there.expires ? 'equal' : 'behind'
  }
  const isAsWritten = known?.rowDigest.equals(there.digest) === true
  if (isAsWritten && !isKnown) return there.updatedAt > row.updatedAt ? 'older-copy' : 'behind'
  return isKnown && !isAsWritten && there.updatedAt > row.updatedAt ? 'ahead' : part
}

function differenceOf(
  value: Buffer,
  row: StoreRow,
  there: ReadStoreRow,
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

const hasVector = (
  { field, embedding }: NonNullable<StoreRow['vector']>,
  { vectors }: ReadStoreRow,
): boolean => sameEmbedding(embedding, vectors.get(field) ?? [])
