/** Reads one value of one row again, to say what it is. */
import { plainJsonValue } from '../../codec/json/read.js'
import type { Value } from '../../model/value.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { type Dialect, storedValue } from './read-rows-values.js'

interface OfCheckpoint {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
}

/** Where in LangGraph's tables a value stands. */
export type ValuePlace =
  | (Omit<OfCheckpoint, 'checkpointId'> & {
      readonly table: 'checkpoint_blobs'
      readonly channel: string
      readonly version: string
    })
  | (OfCheckpoint & { readonly table: 'checkpoint_writes'; readonly taskId: string; readonly idx: number })
  | (OfCheckpoint & {
      readonly table: 'checkpoints'
      readonly member: 'field' | 'channel' | 'metadata'
      readonly name: string
    })

/** Undefined where there is none any more. */
export async function readOneValue(
  session: SqlSession,
  { schema, dialect }: { readonly schema: string; readonly dialect: Dialect },
  place: ValuePlace,
): Promise<Value | undefined> {
  const { threadId, checkpointNs } = place
  const of = (columns: string, where: string, more: readonly unknown[]) =>
    session.query<{ type: string | null; bytes: Buffer | null; json: string | null }>(
      `SELECT ${columns} FROM ${qualified(schema, place.table)}
       WHERE thread_id = $1 AND checkpoint_ns = $2 AND ${where}`,
      [threadId, checkpointNs, ...more],
    )
  if (place.table === 'checkpoints') {
    const { rows } = await of(`(${MEMBERS[place.member]} -> $4)::text AS json`, 'checkpoint_id = $3', [
      place.checkpointId,
      place.name,
    ])
    const text = Buffer.from(rows[0]?.json ?? '')
    return text.length === 0 ? undefined : plainJsonValue(text, 0, text.length)
  }
  const { rows } =
    place.table === 'checkpoint_blobs'
      ? await of('type, blob AS bytes', 'channel = $3 AND version = $4', [place.channel, place.version])
      : await of('type, blob AS bytes', 'checkpoint_id = $3 AND task_id = $4 AND idx = $5', [
          place.checkpointId,
          place.taskId,
          place.idx,
        ])
  const [row] = rows
  return row && storedValue(row.type ?? 'NULL', row.bytes, dialect)
}

const MEMBERS = {
  field: 'checkpoint',
  channel: "checkpoint -> 'channel_values'",
  metadata: 'metadata',
} as const
