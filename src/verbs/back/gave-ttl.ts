/** Whether keys of the way back may have a time to live. */
import type { SqlSession } from '../../target/connection/session.js'
import { type LedgerScope, readRuns } from '../../target/ledger/read.js'

/** Any run into this Redis, the one under way included, gave its keys one. */
export async function gaveTtl(
  session: SqlSession,
  { ledgerSchema, targetSchema }: Pick<LedgerScope, 'ledgerSchema' | 'targetSchema'>,
): Promise<boolean> {
  const runs = await readRuns(session, ledgerSchema, { targetSchema })
  return runs.some(({ options }) => typeof options.ttlSeconds === 'number')
}
