/** What the target holds of a thread already: the version strings and blobs that a later pass starts from. */
import type { KnownBlob, KnownCheckpoint, KnownThread } from '../../model/rows.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { checkpointName, type RowDigests } from '../ledger/pack.js'

/** Which of these threads have any row in the target; one round trip. */
export async function existingThreads(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<Set<string>> {
  const one = (table: string) =>
    `EXISTS (SELECT FROM ${qualified(schema, table)} r WHERE r.thread_id = wanted.thread_id)`
  const { rows } = await session.query<{ thread_id: string }>(
    `SELECT thread_id FROM unnest($1::text[]) AS wanted(thread_id)
     WHERE ${one('checkpoints')} OR ${one('checkpoint_blobs')} OR ${one('checkpoint_writes')}`,
    [threadIds],
  )
  return new Set(rows.map((row) => row.thread_id))
}

/** Everything a converter needs to know about a thread that exists. Blobs by the hash of their bytes, computed by the server. */
export async function knownThread(
  session: SqlSession,
  schema: string,
  threadId: string,
): Promise<KnownThread> {
  const checkpoints = await session.query<CheckpointVersions>(
    `SELECT checkpoint_ns, checkpoint_id, parent_checkpoint_id,
            checkpoint->'channel_versions' AS channel_versions, checkpoint->'versions_seen' AS versions_seen
     FROM ${qualified(schema, 'checkpoints')} WHERE thread_id = $1 ORDER BY checkpoint_ns, checkpoint_id`,
    [threadId],
  )
  const blobs = await session.query<BlobHash>(
    `SELECT checkpoint_ns, channel, version, type, coalesce(octet_length(blob), 0) AS bytes, sha256(blob) AS sha256
     FROM ${qualified(schema, 'checkpoint_blobs')} WHERE thread_id = $1`,
    [threadId],
  )
  return { checkpoints: checkpoints.rows.map(knownCheckpoint), blobs: blobs.rows.map(knownBlob) }
}

interface CheckpointVersions {
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly parent_checkpoint_id: string | null
  /** JSON text. */
  readonly channel_versions: string | null
  readonly versions_seen: string | null
}

interface BlobHash {
  readonly checkpoint_ns: string
  readonly channel: string
  readonly version: string
  readonly type: string
  readonly bytes: number
  readonly sha256: Buffer | null
}

type Versions = Record<string, string | number>

function knownCheckpoint(row: CheckpointVersions): KnownCheckpoint {
  const seen = JSON.parse(row.versions_seen ?? '{}') as Record<string, Versions>
  return {
    checkpointNs: row.checkpoint_ns,
    checkpointId: row.checkpoint_id,
    parentCheckpointId: row.parent_checkpoint_id,
    channelVersions: new Map(Object.entries(JSON.parse(row.channel_versions ?? '{}') as Versions)),
    versionsSeen: new Map(
      Object.entries(seen).map(([node, versions]) => [node, new Map(Object.entries(versions))]),
    ),
  }
}

const knownBlob = (row: BlobHash): KnownBlob => ({
  checkpointNs: row.checkpoint_ns,
  channel: row.channel,
  version: row.version,
  type: row.type,
  bytes: row.bytes,
  sha256: row.sha256,
})

/** Of what is known, the checkpoints that runs of ours wrote (`ours` by `checkpointName`), and the values they name. */
export function knownOfOurs({ checkpoints, blobs }: KnownThread, ours: RowDigests | undefined): KnownThread {
  const kept = checkpoints.filter(({ checkpointNs, checkpointId }) =>
    ours?.has(checkpointName(checkpointNs, checkpointId)),
  )
  const named = new Set(
    kept.flatMap(({ checkpointNs, channelVersions }) =>
      [...channelVersions].map(([channel, version]) => [checkpointNs, channel, version].join('\0')),
    ),
  )
  return {
    checkpoints: kept,
    blobs: blobs.filter(({ checkpointNs, channel, version }) =>
      named.has([checkpointNs, channel, version].join('\0')),
    ),
  }
}
