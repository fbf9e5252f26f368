/** Which threads go together, and how many such batches are under way at once. */
import { type ThreadScope, threadFilter } from '../../model/scope.js'
import type { Postgres } from '../../target/connection/connect.js'
import { pageOfThreadIds } from '../../target/rows/thread-names.js'

/** Threads that share queries, a snapshot of the tables and the last word in the ledger. */
const BATCH_THREADS = 100
/** Of a Postgres in this process: a batch is read whole before it is written. */
const BATCH_EMBEDDED = 5
/** Ids looked at while those that are wanted are sought. */
const PAGE_IDS = 1000

/** Batches of ids that the scope wants, in their order. */
export async function* batchesOf(
  {
    postgres,
    schema,
    scope,
  }: { readonly postgres: Postgres; readonly schema: string; readonly scope: ThreadScope },
  retried: <T>(work: () => Promise<T>) => Promise<T>,
): AsyncGenerator<string[]> {
  const wants = threadFilter(scope)
  const size = postgres.endpoint.engine === 'pglite' ? BATCH_EMBEDDED : BATCH_THREADS
  const among = scope.threads === null ? null : [...scope.threads]
  let batch: string[] = []
  let left = scope.limit ?? Infinity
  for (let after: string | null = null; left > 0; ) {
    const page: { after: string | null; size: number; among: string[] | null } = {
      after,
      size: PAGE_IDS,
      among,
    }
    const ids = await retried(() => postgres.use((session) => pageOfThreadIds(session, schema, page)))
    for (const id of ids) {
      if (left === 0 || !wants(id)) continue
      left--
      batch.push(id)
      if (batch.length < size) continue
      yield batch
      batch = []
    }
    if (ids.length < PAGE_IDS) break
    after = ids.at(-1)!
  }
  if (batch.length > 0) yield batch
}

/** While one batch waits for a server the other is converted. After a failure nothing new begins, and what is under way is waited for. */
export async function twoAtOnce<T>(items: AsyncIterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>()
  const failures: unknown[] = []
  for await (const item of items) {
    const one: Promise<void> = work(item)
      .catch((error) => void failures.push(error))
      .finally(() => running.delete(one))
    running.add(one)
    if (running.size > 1) await Promise.race(running)
    if (failures.length > 0) break
  }
  await Promise.all(running)
  if (failures.length > 0) throw failures[0]
}
