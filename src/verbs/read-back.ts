/** Reads what a thread last said out of the target's tables, as any reader of them could. */
import { treeOf } from '../codec/tree.js'
import type { Tree } from '../model/value.js'
import type { Postgres } from '../target/connection/connect.js'
import { qualified } from '../target/connection/session.js'
import { readOneValue } from '../target/rows/read-one-value.js'

export interface ReadBack {
  readonly threadId: string
  readonly messages: Tree
  /** Interrupts that wait for an answer. */
  readonly waiting: number
}

/** The channel `messages` of the newest checkpoint in the root namespace; null where the thread has none. */
export async function readBack(
  postgres: Postgres,
  { schema, threadId }: { readonly schema: string; readonly threadId: string },
): Promise<ReadBack | null> {
  return postgres.use(async (session) => {
    const { rows } = await session.query<{ version: string | null; waiting: number }>(
      `SELECT checkpoint -> 'channel_versions' ->> 'messages' AS version,
              (SELECT count(*)::int FROM ${qualified(schema, 'checkpoint_writes')} w
                WHERE w.thread_id = c.thread_id AND w.checkpoint_ns = '' AND w.checkpoint_id = c.checkpoint_id
                  AND channel = '__interrupt__') AS waiting
         FROM ${qualified(schema, 'checkpoints')} c
        WHERE thread_id = $1 AND checkpoint_ns = ''
        ORDER BY checkpoint_id DESC LIMIT 1`,
      [threadId],
    )
    const [newest] = rows
    if (newest === undefined || newest.version === null) return null
    const value = await readOneValue(
      session,
      { schema, dialect: 'python' },
      { table: 'checkpoint_blobs', threadId, checkpointNs: '', channel: 'messages', version: newest.version },
    )
    return value === undefined ? null : { threadId, messages: treeOf(value), waiting: newest.waiting }
  })
}
