/** Which staged rows differ from the rows that stand under their keys, compared decoded; and what stands of a checkpoint, as a digest. */
import { digestOf } from '../../codec/digest.js'
import { typedValue } from '../../codec/serde.js'
import { TABLES, type TableName } from '../../model/rows.js'
import type { SqlSession } from '../connection/session.js'
import type { RowKey } from './commit.js'
import { CHECKPOINT_DIGESTS } from './row-digests.js'
import { rowKey } from './row-keys.js'
import { readable, staged } from './staging.js'

/** `type`, an empty `pending_sends` and `metadata.writes` are left-overs of older writers and do not count. */
const CHECKPOINTS_DIFFER = `
  (x.checkpoint - 'type' - CASE WHEN x.checkpoint->'pending_sends' = '[]' THEN 'pending_sends' ELSE '' END) <> t.checkpoint
  OR (x.metadata - 'writes') <> (t.metadata - 'writes')
  OR x.parent_checkpoint_id IS DISTINCT FROM t.parent_checkpoint_id`
const BLOBS_DIFFER = `x.type <> t.type OR x.blob IS DISTINCT FROM t.blob`
/** A task path that the target does not have does not count: older writers left it empty. */
const WRITES_DIFFER = `x.type IS DISTINCT FROM t.type OR x.blob <> t.blob OR x.channel <> t.channel
  OR (x.task_path <> t.task_path AND x.task_path <> '')`

export async function differingRows(session: SqlSession, schema: string): Promise<RowKey[]> {
  const join = <Row>(table: TableName, columns: string, where: string) =>
    session.query<Row & Record<string, unknown>>(
      `SELECT ${TABLES[table].map((column) => `t.${column}`).join(', ')}${columns}
       FROM ${staged(table)} t JOIN ${readable(schema, table)} x USING (${TABLES[table].join(', ')}) WHERE ${where}`,
    )
  const checkpoints = await join('checkpoints', '', CHECKPOINTS_DIFFER)
  const blobs = await join<TwoBlobs>('checkpoint_blobs', `, ${TWO_BLOBS}`, BLOBS_DIFFER)
  const rest = `t.channel = x.channel AND (t.task_path = x.task_path OR x.task_path = '') AS rest_equal`
  const writes = await join<TwoBlobs & { rest_equal: boolean }>(
    'checkpoint_writes',
    `, ${TWO_BLOBS}, ${rest}`,
    WRITES_DIFFER,
  )
  return [
    ...checkpoints.rows.map((row) => rowKey('checkpoints', row)),
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
