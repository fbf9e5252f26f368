/** Finds threads that are about to stand in one with those of another source, only because both have the same id. */
import { qualified, type SqlSession } from '../connection/session.js'
import type { Ownership, SharedId, ThreadCommit } from './commit.js'
import { staged } from './staging.js'

/**
 * Of the staged threads those that this source brings for the first time while another source's stand there, with no checkpoint in common
 * and none whose parent the other side has. Asked before anything is merged.
 */
export async function sharedIds(
  session: SqlSession,
  {
    schema,
    threads,
    ownership,
  }: {
    readonly schema: string
    readonly threads: readonly ThreadCommit[]
    readonly ownership: Ownership
  },
): Promise<SharedId[]> {
  const strangers = threads.filter(({ state }) => state.hasRows && state.recorded === undefined)
  if (strangers.length === 0) return []
  const others = await ownership.otherSources(
    session,
    strangers.map(({ facts }) => facts.threadId),
  )
  if (others.size === 0) return []
  const unrelated = await unlinked(session, schema, [...others.keys()])
  return unrelated.map((threadId) => ({ threadId, otherSource: others.get(threadId)! }))
}

async function unlinked(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<string[]> {
  const [ours, theirs] = [staged('checkpoints'), qualified(schema, 'checkpoints')]
  const meets = (one: string, other: string) =>
    `EXISTS (SELECT FROM ${ours} t JOIN ${theirs} x ON x.thread_id = t.thread_id AND x.checkpoint_ns = t.checkpoint_ns
       AND x.${other} = t.${one} WHERE t.thread_id = w.thread_id)`
  const { rows } = await session.query<{ thread_id: string }>(
    `SELECT thread_id FROM unnest($1::text[]) AS w (thread_id)
     WHERE EXISTS (SELECT FROM ${ours} t WHERE t.thread_id = w.thread_id)
       AND EXISTS (SELECT FROM ${theirs} x WHERE x.thread_id = w.thread_id)
       AND NOT ${meets('checkpoint_id', 'checkpoint_id')}
       AND NOT ${meets('parent_checkpoint_id', 'checkpoint_id')}
       AND NOT ${meets('checkpoint_id', 'parent_checkpoint_id')}`,
    [threadIds],
  )
  return rows.map(({ thread_id }) => thread_id)
}
