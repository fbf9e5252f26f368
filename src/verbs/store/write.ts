/** One transaction of items: what stands in the target is looked at, what may be written is, and the ledger says so. */
import { type Fate, fateOf } from '../../convert/store/decide.js'
import { type StandingStoreRow, storeRowKey } from '../../model/store-row.js'
import { inTransaction, type SqlSession } from '../../target/connection/session.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import {
  type NewStoreRecord,
  readStoreRecords,
  recordOf,
  recordStoreItems,
} from '../../target/ledger/store-items.js'
import type { MergePolicy } from '../../target/rows/commit.js'
import {
  insertStoreRows,
  insertVectors,
  type StoreTarget,
  standingRows,
  takeStoreRows,
} from '../../target/store/rows.js'
import type { WantedItem } from './wanted.js'

/** What decides over rows. */
export interface WriteTerms {
  /** Null where there is no ledger. */
  readonly scope: LedgerScope | null
  /** Null: a dry run, which only looks. */
  readonly run: { readonly id: number; fence(session: SqlSession): Promise<unknown> } | null
  readonly policy: MergePolicy
}

export interface Fated extends WantedItem {
  readonly fate: Fate
  readonly standing: StandingStoreRow
  /** The ledger says so already. */
  readonly isKnown: boolean
  readonly isOurs: boolean
  /** An earlier attempt of this run wrote it, and was not told so. */
  readonly isOurWork: boolean
}

export interface Written {
  readonly fates: readonly Fated[]
  /** New embeddings. */
  readonly vectors: number
}

/** `again`: whether the attempt before this one has been written nobody knows. */
export function writeItems(
  session: SqlSession,
  target: StoreTarget,
  all: readonly WantedItem[],
  terms: WriteTerms & { readonly again: boolean },
): Promise<Written> {
  const { run, scope } = terms
  if (run === null || scope === null) return look(session, target, all, terms)
  return inTransaction(session, async () => {
    // Below Postgres' deadlock_timeout: where we meet the application, we give way.
    await session.query(`SET LOCAL lock_timeout = '800ms'`)
    await run.fence(session)
    const { fates } = await look(session, target, all, terms)
    return write(session, target, fates, { id: run.id, scope })
  })
}

async function look(
  session: SqlSession,
  target: StoreTarget,
  all: readonly WantedItem[],
  { scope, policy, run, again }: WriteTerms & { readonly again: boolean },
): Promise<Written> {
  const ids = all.map(({ id }) => id)
  const records = scope === null ? new Map() : await readStoreRecords(session, scope, ids)
  const rows = all.map(({ row }) => row)
  const standing = await standingRows(session, target, rows, run !== null)
  const fates = all.map((wanted, at): Fated => {
    const { found, id } = wanted
    const record = recordOf(records, id)
    const fate = fateOf(standing[at]!, record, { sourceDigest: found.source.digest, ...policy })
    const isKnown =
      record?.sourceKey.equals(found.source.key) &&
      record.sourceDigest.equals(found.source.digest) &&
      (record.vectorDigest === null) === (found.vector === null)
    return {
      ...wanted,
      fate,
      standing: standing[at]!,
      isKnown: isKnown === true,
      isOurs: record?.isOurs === true,
      // Its COMMIT was never answered: what stands there now is what it wrote.
      isOurWork: again && fate === 'there' && record?.isOurs === true && record.runId === run?.id,
    }
  })
  return { fates, vectors: fates.filter((one) => one.fate !== 'there' && takesVector(one, target)).length }
}

async function write(
  session: SqlSession,
  target: StoreTarget,
  fates: readonly Fated[],
  run: { readonly id: number; readonly scope: LedgerScope },
): Promise<Written> {
  const rewritten = fates.filter(({ fate }) => fate === 'rewrite')
  const taken = await takeStoreRows(session, target, rowsOf(rewritten))
  const due = fates.filter(({ fate }) => fate === 'rewrite' || fate === 'insert')
  const digests = await insertStoreRows(session, target, rowsOf(due))
  const own = due.flatMap((one, at) => (digests[at] == null ? [] : [{ one, digest: digests[at] }]))
  // Somebody was faster: their row stays, and the next pass compares with it.
  const lost = new Set(due.filter((_, at) => digests[at] === null))
  const found = fates.filter(({ fate, isKnown }) => fate === 'there' && !isKnown)
  await recordStoreItems(session, run.scope, run.id, [
    ...own.map(({ one, digest }) => recordedAs(one, digest, taken)),
    ...found.map((one) => recordedAs(one, one.standing.digest!, taken)),
  ])
  const embedded = fates.filter((one) => !lost.has(one) && takesVector(one, target))
  return {
    fates: fates.map((one) => (lost.has(one) ? { ...one, fate: 'store-item-differs' } : one)),
    vectors: await insertVectors(session, target, rowsOf(embedded)),
  }
}

const rowsOf = (all: readonly WantedItem[]) => all.map(({ row }) => row)

const isMoved = ({ fate, isOurs }: Fated): boolean =>
  fate === 'insert' || fate === 'rewrite' || (fate === 'there' && isOurs)

const fits = ({ row }: WantedItem, { embedding }: StoreTarget): boolean =>
  embedding !== null && row.vector?.embedding.length === embedding.dims

const takesVector = (one: Fated, target: StoreTarget): boolean => isMoved(one) && fits(one, target)

/** It is moved, and its embedding is not: the target has no table for such. */
export const leavesVector = (one: Fated, target: StoreTarget): boolean =>
  isMoved(one) && one.row.vector !== null && !fits(one, target)

function recordedAs(
  { found, row, id, fate, isOurs }: Fated,
  rowDigest: Buffer,
  taken: ReadonlyMap<string, string>,
): NewStoreRecord {
  const { source, vector } = found
  return {
    id,
    namespace: row.namespace,
    key: row.key,
    isOurs: fate !== 'there' || isOurs,
    isWritten: fate !== 'there',
    sourceKey: source.key,
    sourceDigest: source.digest,
    vectorKey: vector?.source.key ?? null,
    vectorDigest: vector?.source.digest ?? null,
    rowDigest,
    replaced: taken.get(storeRowKey(row)) ?? null,
  }
}
