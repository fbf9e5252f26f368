/**
 * What keeps a thread from being rolled back: purged keys, a later run, or an application that went on with it. Inside a transaction
 * that holds the thread's rows the answer stands until its end; outside of one it is a forecast.
 */
import type { RefusedThread } from '../../model/rollback-report.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { addDigests, checkpointName } from '../ledger/pack.js'
import type { RunThread } from '../ledger/read.js'
import { digestsIn } from '../rows/merge-compare.js'
import { BLOB_DIGESTS } from '../rows/row-digests.js'
import { isWhole, type ThreadToUndo } from './threads.js'

/** A checkpoint by namespace and id. */
export type CheckpointKey = readonly [checkpointNs: string, checkpointId: string]

export interface CheckedThread extends ThreadToUndo {
  readonly refusal?: RefusedThread
  /** Checkpoints that the application put on top of what is to go. */
  readonly continuation: readonly CheckpointKey[]
}

export interface CheckOptions {
  readonly schema: string
  /** What the application wrote on top goes too. */
  readonly discardContinued: boolean
}

export async function checkThreads(
  session: SqlSession,
  threads: readonly ThreadToUndo[],
  options: CheckOptions,
): Promise<CheckedThread[]> {
  const found = await readStanding(session, options.schema, threads)
  return threads.map((thread) => {
    const { threadId } = thread
    const continuation = continuationOf(thread, found)
    const refuse = (reason: RefusedThread['reason'], detail: string): CheckedThread => ({
      ...thread,
      continuation,
      refusal: { threadId, reason, detail },
    })
    const purged = thread.undone.find(isPurged)
    if (purged !== undefined) return refuse('purged', `by what run ${purged.runId} recorded`)
    const later = thread.kept.find(({ runId }) => runId > thread.undone.at(-1)!.runId)
    if (later !== undefined) return refuse('built-on', `run ${later.runId}`)
    if (options.discardContinued || changesNothing(thread)) return { ...thread, continuation }
    const [first] = continuation
    if (first !== undefined) return refuse('continued', `checkpoint ${nameOf(first)}`)
    const changed = changeOf(thread, found)
    if (changed === undefined) return { ...thread, continuation }
    return refuse(wasPruned(thread, found) ? 'pruned' : 'continued', changed)
  })
}

/** `purging` counts too: some keys may be gone already. What a later run moved came from keys of its own. */
const isPurged = ({ progress, purgedAt }: RunThread): boolean =>
  purgedAt !== null || progress === 'purging' || progress === 'purged'

const changesNothing = ({ undone }: ThreadToUndo): boolean =>
  undone.every((run) => run.checkpoints + run.blobs + run.writes + run.rewritten === 0)

/** What stands in the target of some threads. */
interface Standing {
  /** Thread → its checkpoints, each with the digest of its rows and its parent. */
  readonly checkpoints: ReadonlyMap<string, readonly StandingCheckpoint[]>
  /** Thread → writes whose checkpoint is not there. */
  readonly looseWrites: ReadonlyMap<string, number>
  /** Thread that goes as a whole → its blobs, with the sum of their digests. */
  readonly blobs: ReadonlyMap<string, { readonly count: number; readonly digest: bigint }>
}

interface StandingCheckpoint {
  readonly key: CheckpointKey
  readonly digest: string
  readonly parent: string | null
}

async function readStanding(
  session: SqlSession,
  schema: string,
  threads: readonly ThreadToUndo[],
): Promise<Standing> {
  const ids = threads.map(({ threadId }) => threadId)
  const { rows: parents } = await session.query<Record<'thread_id' | 'ns' | 'id' | 'parent', string>>(
    `SELECT thread_id, checkpoint_ns AS ns, checkpoint_id AS id, parent_checkpoint_id AS parent
     FROM ${qualified(schema, 'checkpoints')} WHERE thread_id = ANY($1::text[])`,
    [ids],
  )
  const parentOf = new Map(parents.map((row) => [`${row.thread_id}\0${row.ns}\0${row.id}`, row.parent]))
  const checkpoints = new Map<string, StandingCheckpoint[]>()
  for (const { key, digest } of await digestsIn(session, schema, ids)) {
    const [threadId, ns, id] = key
    const ofThread = checkpoints.get(threadId) ?? []
    ofThread.push({ key: [ns, id], digest, parent: parentOf.get(key.join('\0')) ?? null })
    checkpoints.set(threadId, ofThread)
  }
  const { rows: loose } = await session.query<{ thread_id: string; n: bigint }>(
    `SELECT thread_id, count(*) AS n FROM ${qualified(schema, 'checkpoint_writes')} w
     WHERE thread_id = ANY($1::text[]) AND NOT EXISTS (
       SELECT FROM ${qualified(schema, 'checkpoints')} c
       WHERE c.thread_id = w.thread_id AND c.checkpoint_ns = w.checkpoint_ns AND c.checkpoint_id = w.checkpoint_id)
     GROUP BY thread_id`,
    [ids],
  )
  return {
    checkpoints,
    looseWrites: new Map(loose.map(({ thread_id, n }) => [thread_id, Number(n)])),
    blobs: await standingBlobs(session, schema, threads.filter(isWhole)),
  }
}

async function standingBlobs(
  session: SqlSession,
  schema: string,
  threads: readonly ThreadToUndo[],
): Promise<Standing['blobs']> {
  if (threads.length === 0) return new Map()
  const { rows } = await session.query<{ thread_id: string; n: bigint; sum: string }>(
    `SELECT thread_id, count(*) AS n, sum(digest) AS sum FROM (${BLOB_DIGESTS(schema, 'in')}) AS b GROUP BY thread_id`,
    [threads.map(({ threadId }) => threadId)],
  )
  return new Map(
    rows.map(({ thread_id, n, sum }) => [
      thread_id,
      { count: Number(n), digest: BigInt.asIntN(64, BigInt(sum)) },
    ]),
  )
}

/**
 * Checkpoints that no run of ours wrote, and that stand on what is to go: in a thread that goes as a whole all of them, in one that was
 * there before those that descend from a checkpoint of the plan's runs.
 */
function continuationOf(thread: ThreadToUndo, { checkpoints }: Standing): CheckpointKey[] {
  const standing = checkpoints.get(thread.threadId) ?? []
  const ours = new Set([...thread.undone, ...thread.kept].flatMap(({ rowDigests }) => [...rowDigests.keys()]))
  const foreign = standing.filter(({ key }) => !ours.has(checkpointName(...key)))
  if (isWhole(thread)) return foreign.map(({ key }) => key)
  const going = new Set(thread.undone.flatMap(({ rowDigests }) => [...rowDigests.keys()]))
  const foreignByKey = new Map(foreign.map((checkpoint) => [checkpoint.key.join('\0'), checkpoint]))
  return foreign
    .filter((checkpoint) => {
      const visited = new Set<string>()
      let at: StandingCheckpoint | undefined = checkpoint
      while (at?.parent && !visited.has(at.parent)) {
        visited.add(at.parent)
        const [ns] = at.key
        if (going.has(checkpointName(ns, at.parent))) return true
        at = foreignByKey.get(`${ns}\0${at.parent}`)
      }
      return false
    })
    .map(({ key }) => key)
}

/** Checkpoint → the digest of its rows as they were written; of several runs the newest one's word counts. */
const writtenBy = ({ kept, undone }: ThreadToUndo): Map<string, string> =>
  new Map([...kept, ...undone].sort((a, b) => a.runId - b.runId).flatMap(({ rowDigests }) => [...rowDigests]))

/** Those of the plan's runs that are no longer as they were written. */
function changedCheckpoints(thread: ThreadToUndo, { checkpoints }: Standing): StandingCheckpoint[] {
  const written = writtenBy(thread)
  const going = new Set(thread.undone.flatMap(({ rowDigests }) => [...rowDigests.keys()]))
  return (checkpoints.get(thread.threadId) ?? []).filter(({ key, digest }) => {
    const name = checkpointName(...key)
    return going.has(name) && written.get(name) !== digest
  })
}

/** prune() clears the link to what it removes, and changes nothing else of what it leaves. */
function wasPruned(thread: ThreadToUndo, found: Standing): boolean {
  const changed = changedCheckpoints(thread, found)
  const standing = new Set(
    (found.checkpoints.get(thread.threadId) ?? []).map(({ key }) => checkpointName(...key)),
  )
  const isCut = [...writtenBy(thread).keys()].some((name) => !standing.has(name))
  return isCut && changed.length > 0 && changed.every(({ parent }) => parent === null)
}

/** What of ours is no longer as it was written, in words; undefined where all of it is, or is gone. */
function changeOf(thread: ThreadToUndo, found: Standing): string | undefined {
  const { looseWrites, blobs } = found
  const [changed] = changedCheckpoints(thread, found)
  if (changed !== undefined) return `checkpoint ${nameOf(changed.key)} or a write of it was changed`
  if (!isWhole(thread)) return undefined
  if ((looseWrites.get(thread.threadId) ?? 0) > 0) return 'writes of a checkpoint that is not there'
  const sum = thread.undone.reduce((total, run) => addDigests(total, run.blobDigest), 0n)
  const count = thread.undone.reduce((total, run) => total + run.blobs, 0)
  const there = blobs.get(thread.threadId) ?? { count: 0, digest: 0n }
  if (there.count > count) return 'channel values were added'
  return there.count === count && there.digest !== sum ? 'a channel value was changed' : undefined
}

const nameOf = ([ns, id]: CheckpointKey): string => (ns === '' ? id : `${id} of namespace ${ns}`)
