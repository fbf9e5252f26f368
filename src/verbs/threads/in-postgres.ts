/** The threads of Postgres, as its own server counts them. */
import { timeOfCheckpoint } from '../../model/age.js'
import type { ListedThread } from '../../model/threads-report.js'
import type { Postgres } from '../../target/connection/connect.js'
import { listThreads } from '../../target/rows/list-threads.js'

/** Calls `take` for every thread, in no order. */
export async function threadsInPostgres(
  { postgres, schema }: { readonly postgres: Postgres; readonly schema: string },
  world: { readonly signal: AbortSignal; readonly nowMs: number },
  take: (thread: ListedThread) => void,
): Promise<void> {
  try {
    await postgres.use(async (session) => {
      for await (const { newestId, ts, ...line } of listThreads(session, schema)) {
        world.signal.throwIfAborted()
        const ms = timeOfCheckpoint({ checkpointId: newestId, ts: ts ?? undefined }, world.nowMs)
        take({ ...line, layouts: [], lastAt: ms === null ? null : new Date(ms).toISOString() })
      }
    })
  } catch (error) {
    world.signal.throwIfAborted()
    throw postgres.failureOf(error)
  }
}
