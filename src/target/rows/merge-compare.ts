/** Which staged rows differ from the rows that stand under their keys, compared decoded; and what stands of a checkpoint, as a digest. */
import { digestOf } from '../../codec/digest.js'
import { typedValue } from '../../codec/serde.js'
import { TABLES, type TableName } from '../../model/rows.js'
import { qualified, type SqlSession } from '../connection/session.js'
import type { Ownership, RowKey } from './commit.js'
import { CHECKPOINT_DIGESTS } from './row-digests.js'
import { rowKey } from './row-keys.js'
import { readable, staged } from './staging.js'

/** `type`, an empty `pending_sends` and `metadata.writes` are left-overs of older writers and do not count. */
const CONTENTS_DIFFER = `
  (x.checkpoint - 'type' - CASE WHEN x.checkpoint->'pending_sends' = '[]' THEN 'pending_sends' ELSE '' END) <> t.checkpoint
  OR (x.metadata - 'writes') <> (t.metadata - 'writes')`
const CHECKPOINTS_DIFFER = `${CONTENTS_DIFFER} OR x.parent_checkpoint_id IS DISTINCT FROM t.parent_checkpoint_id`
/** Where a link is all that differs, and it is none there: the parent that it led to, if neither side has that now. */
const unlinked = (schema: string): string => {
  const isParent = `p.thread_id = t.thread_id AND p.checkpoint_ns = t.checkpoint_ns AND p.checkpoint_id = t.parent_checkpoint_id`
  return `CASE WHEN x.parent_checkpoint_id IS NULL AND NOT (${CONTENTS_DIFFER})
    AND NOT EXISTS (SELECT FROM ${staged('checkpoints')} p WHERE ${isParent})
    AND NOT EXISTS (SELECT FROM ${qualified(schema, 'checkpoints')} p WHERE ${isParent})
    THEN t.parent_checkpoint_id END AS unlinked`
}
const BLOBS_DIFFER = `x.type <> t.type OR x.blob IS DISTINCT FROM t.blob`
/** A task path that the target does not have does not count: older writers left it empty. */
const WRITES_DIFFER = `x.type IS DISTINCT FROM t.type OR x.blob <> t.blob OR x.channel <> t.channel
  OR (x.task_path <> t.task_path AND x.task_path <> '')`

/**
 * After what was deleted is no longer staged. Not a difference: a checkpoint without the parent that we wrote and somebody deleted, since
 * the official prune() clears such links.
 */
export async function differingRows(
  session: SqlSession,
  schema: string,
  { wrote }: Pick<Ownership, 'wrote'>,
): Promise<RowKey[]> {
  const join = <Row>(table: TableName, columns: string, where: string) =>
    session.query<Row & Record<string, unknown>>(
      `SELECT ${TABLES[table].map((column) => `t.${column}`).join(', ')}${columns}
       FROM ${staged(table)} t JOIN ${readable(schema, table)} x USING (${TABLES[table].join(', ')}) WHERE ${where}`,
    )
  const checkpoints = await join<{ unlinked: string | null }>(
    'checkpoints',
    `, ${unlinked(schema)}`,
    CHECKPOINTS_DIFFER,
  )
  const isPruned = ({ unlinked: parent, ...row }: (typeof checkpoints.rows)[number]): boolean => {
    const [threadId, checkpointNs] = rowKey('checkpoints', row).key as [string, string, string]
    return parent !== null && wrote(threadId, checkpointNs, parent)
  }
  const blobs = await join<TwoBlobs>('checkpoint_blobs', `, ${TWO_BLOBS}`, BLOBS_DIFFER)
  const rest = `t.channel = x.channel AND (t.task_path = x.task_path OR x.task_path = '') AS rest_equal`
  const writes = await join<TwoBlobs & { rest_equal: boolean }>(
    'checkpoint_writes',
    `, ${TWO_BLOBS}, ${rest}`,
    WRITES_DIFFER,
  )
  return [
    ...checkpoints.rows.filter((row) => !isPruned(row)).map((row) => rowKey('checkpoints', row)),
    ...blobs.rows.filter((row) => !sameDecoded(row)).map((row) => rowKey('checkpoint_blobs', row)),
    ...writes.rows
      .filter((row) => !row.rest_equal || !sameDecoded(row))
      .map((row) => rowKey('checkpoint_writes', row)),
  ]
}

interface TwoBlobs {
  readonly type: string
  readonly blob: Buffer | null
  readonly other_type: string
  readonly other_blob: Buffer | null
}
const TWO_BLOBS = 't.type, t.blob, x.type AS other_type, x.blob AS other_blob'

/** Bytes that differ may still be one value: set order, a default field written out. Undecodable bytes are different. */
function sameDecoded({ type, blob, other_type, other_blob }: TwoBlobs): boolean {
  if (blob === null || other_blob === null) return blob === other_blob && type === other_type
  try {
    return digestOf(typedValue(type, blob)).equals(digestOf(typedValue(other_type, other_blob)))
  } catch {
    return false
  }
}

export interface CheckpointDigest {
  /** Thread, namespace, id. */
  readonly key: readonly [string, string, string]
  readonly digest: string
}

/** What stands of these checkpoints, writes included; those that are not there are left out. */
export async function digestsOf(
  session: SqlSession,
  schema: string,
  checkpoints: readonly RowKey[],
): Promise<CheckpointDigest[]> {
  if (checkpoints.length === 0) return []
  const columns = [0, 1, 2].map((at) => checkpoints.map(({ key }) => key[at]!))
  return asDigests(await session.query<DigestRow>(CHECKPOINT_DIGESTS(schema, 'of'), columns))
}

/** What stands of every checkpoint of these threads. */
export async function digestsIn(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<CheckpointDigest[]> {
  if (threadIds.length === 0) return []
  return asDigests(await session.query<DigestRow>(CHECKPOINT_DIGESTS(schema, 'in'), [threadIds]))
}

interface DigestRow {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly digest: string
}

const asDigests = ({ rows }: { readonly rows: readonly DigestRow[] }): CheckpointDigest[] =>
  rows.map(({ thread_id, checkpoint_ns, checkpoint_id, digest }) => ({
    key: [thread_id, checkpoint_ns, checkpoint_id],
    digest,
  }))
