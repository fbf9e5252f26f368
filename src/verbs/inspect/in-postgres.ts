/** A thread of Postgres as records, as its official reader puts it together, all checkpoints of it. */
import { DecodeError } from '../../codec/bytes.js'
import { topLevelOf } from '../../convert/top-level.js'
import { printableText } from '../../model/printable.js'
import type { StoredBlob, StoredCheckpoint, StoredWrite } from '../../model/stored-thread.js'
import { type Checkpoint, type Origin, TASKS_CHANNEL } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import type { ThreadRecords } from '../../pipeline/thread-records.js'
import { dialectOfThread } from '../../target/rows/list-threads.js'
import { readRows } from '../../target/rows/read-rows.js'
import type { PostgresEnd } from '../one-end.js'
import { inWriteOrder } from './thread.js'

export interface StoredRecords {
  readonly records: ThreadRecords
  /** Of all its rows. */
  readonly bytes: number
}

/** Whose rows they are; its id stands where layouts have theirs. */
export const postgresLayout = (id: string) => ({
  id,
  title: `official ${id === 'js' ? 'JavaScript' : 'Python'} saver (Postgres)`,
})

/** Null where there is no checkpoint of the thread. */
export async function recordsInPostgres(
  { postgres, schema }: PostgresEnd,
  threadId: string,
  signal: AbortSignal,
): Promise<StoredRecords | null> {
  const rows = new CollectedRows()
  const dialect = await postgres
    .use(async (session) => {
      const found = await dialectOfThread(session, schema, threadId)
      if (found !== null)
        await readRows(
          session,
          {
            schema,
            dialect: found,
            threadIds: [threadId],
            keeps: true,
            onBytes: (bytes) => {
              rows.bytes += bytes
            },
            signal,
          },
          rows,
        )
      return found
    })
    .catch((error) => {
      signal.throwIfAborted()
      throw postgres.failureOf(error)
    })
  return dialect === null ? null : { records: rows.records(threadId, dialect), bytes: rows.bytes }
}

class CollectedRows {
  bytes = 0
  private readonly checkpoints: StoredCheckpoint[] = []
  private readonly blobs = new Map<string, StoredBlob>()
  private readonly writes: StoredWrite[] = []

  checkpoint(row: StoredCheckpoint): void {
    this.checkpoints.push(row)
  }
  blob(row: StoredBlob): void {
    this.blobs.set(blobName(row.checkpointNs, row.channel, row.version), row)
  }
  write(row: StoredWrite): void {
    this.writes.push(row)
  }

  records(threadId: string, layout: string): ThreadRecords {
    const originOf = (table: string, ...names: readonly (string | number)[]): Origin => ({
      key: Buffer.from(`${table} ${names.map((name) => printableText(String(name)) || "''").join(' ')}`),
      layout,
    })
    this.writes.sort(inWriteOrder)
    return {
      threadId,
      checkpoints: this.checkpoints.map(
        (row): Checkpoint => ({
          ...row,
          channelValues: this.valuesOf(row),
          pendingSends: this.sendsOf(row),
          origin: originOf('checkpoints', threadId, row.checkpointNs, row.checkpointId),
        }),
      ),
      writes: this.writes.map((row) => {
        const { checkpointNs, checkpointId, taskId, idx } = row
        const origin = originOf('checkpoint_writes', threadId, checkpointNs, checkpointId, taskId, idx)
        return { ...row, origin }
      }),
      channelValues: [],
      findings: [],
      keys: [],
      strays: [],
    }
  }

  /** A blob wins over what stands in the checkpoint itself. */
  private valuesOf({ checkpointNs, channelVersions, inlined }: StoredCheckpoint): Map<string, Value> {
    const values = new Map(inlined)
    for (const [channel, version] of channelVersions) {
      const value = this.blobs.get(blobName(checkpointNs, channel, String(version)))?.value
      if (value !== undefined) values.set(channel, value)
    }
    return values
  }

  /** Before v4 they are writes of the parent. */
  private sendsOf({ fields, checkpointNs, parentCheckpointId }: StoredCheckpoint): Value[] {
    if (numberOf(fields.get('v')) >= 4) return []
    return this.writes
      .filter(
        (write) =>
          write.checkpointNs === checkpointNs &&
          write.checkpointId === parentCheckpointId &&
          write.channel === TASKS_CHANNEL,
      )
      .map(({ value }) => value)
  }
}

const blobName = (checkpointNs: string, channel: string, version: string): string =>
  `${checkpointNs}\0${channel}\0${version}`

function numberOf(value: Value | undefined): number {
  try {
    const top = value === undefined ? undefined : topLevelOf(value)
    return top?.kind === 'int' || top?.kind === 'float' ? Number(top.value) : 1
  } catch (error) {
    if (error instanceof DecodeError) return 1
    throw error
  }
}
