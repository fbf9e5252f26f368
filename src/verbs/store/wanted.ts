/** Items of a source as the rows that they are to be: where moving, comparing and freeing them begin alike. */
import { DecodeError, EncodeError } from '../../codec/bytes.js'
import { storeRowOf } from '../../convert/store/row.js'
import type { Finding } from '../../model/finding.js'
import type { FoundItem, StoreDialect } from '../../model/store.js'
import type { StoreRow } from '../../model/store-row.js'
import { storeItemId } from '../../target/store/rows.js'

export interface WantedItem {
  readonly found: FoundItem
  readonly row: StoreRow
  /** In the ledger. */
  readonly id: Buffer
}

/** Items that are not among the wanted stay where they are, as the findings say. */
export function wantedOf(
  items: readonly FoundItem[],
  dialect: StoreDialect,
): { readonly wanted: readonly WantedItem[]; readonly findings: readonly Finding[] } {
  const wanted: WantedItem[] = []
  const all: Finding[] = []
  for (const found of items) {
    try {
      const { row, findings } = storeRowOf(found, dialect)
      all.push(...findings)
      if (row !== null) wanted.push({ found, row, id: storeItemId(row) })
    } catch (error) {
      all.push(undecodable(found.source.key, error))
    }
  }
  return { wanted, findings: all }
}

/** What a key holds is no item. Throws what is no fault of the key. */
export function undecodable(key: Buffer, error: unknown): Finding {
  if (error instanceof DecodeError || error instanceof EncodeError || error instanceof SyntaxError)
    return { reason: 'undecodable', key, detail: error.message }
  throw error
}
