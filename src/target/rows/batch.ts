/** A batch: the rows of whole threads for one transaction, as COPY tuples of three tables with the places where each thread begins. */
import type { BlobRow, CheckpointRow, RowSink, TableName, WriteRow } from '../../model/rows.js'
import { TABLES } from '../../model/rows.js'
import { addDigests, blobDigest } from '../ledger/pack.js'
import { COPY_START, CopyBuffer, type CopyMark } from './copy-buffer.js'
import { type Columns, columnsFor } from './staging.js'

type Marks = Readonly<Record<TableName, CopyMark>>

/** Where one thread's rows stand in the batch. */
export interface ThreadSpan {
  readonly threadId: string
  readonly from: Marks
  readonly to: Marks
  /** Over all its blob rows, staged ones too: sum of `blobDigest`. */
  readonly blobDigest: bigint
}

const TABLE_NAMES = Object.keys(TABLES) as TableName[]

export class Batch implements RowSink {
  readonly spans: ThreadSpan[] = []
  private readonly buffers: Readonly<Record<TableName, CopyBuffer>> = {
    checkpoints: new CopyBuffer(),
    checkpoint_blobs: new CopyBuffer(),
    checkpoint_writes: new CopyBuffer(),
  }
  private open: { threadId: string; from: Marks; blobDigest: bigint } | undefined
  /** Of the tuples, in their order. */
  readonly columns: Columns

  constructor(private readonly dialect: 'python' | 'js') {
    this.columns = columnsFor(dialect)
  }

  /** Begins anew, once nothing of it is in flight any more: buffers that have grown need not grow again. */
  reuse(keptBytes: number): void {
    this.spans.length = 0
    this.open = undefined
    for (const table of TABLE_NAMES) this.buffers[table].reuse(keptBytes)
  }

  /** Bytes of all tuples so far. */
  get bytes(): number {
    const { checkpoints, checkpoint_blobs, checkpoint_writes } = this.buffers
    return checkpoints.bytes + checkpoint_blobs.bytes + checkpoint_writes.bytes
  }

  /** Bytes of the thread that is open. */
  get openBytes(): number {
    const { open } = this
    if (open === undefined) return 0
    const { checkpoints, checkpoint_blobs, checkpoint_writes } = open.from
    return this.bytes - checkpoints.length - checkpoint_blobs.length - checkpoint_writes.length
  }

  beginThread(threadId: string): void {
    this.open = { threadId, from: this.marks(), blobDigest: 0n }
  }

  endThread(): ThreadSpan {
    const span = { ...this.open!, to: this.marks() }
    this.spans.push(span)
    this.open = undefined
    return span
  }

  /** The open thread, if there is one, leaves nothing behind. */
  dropThread(): void {
    if (this.open === undefined) return
    const { from } = this.open
    for (const table of TABLE_NAMES) this.buffers[table].rewind(from[table])
    this.open = undefined
  }

  checkpointRow(row: CheckpointRow): void {
    const out = this.buffers.checkpoints
    out.beginRow(6)
    out.text(row.threadId)
    out.text(row.checkpointNs)
    out.text(row.checkpointId)
    if (row.parentCheckpointId === null) out.null()
    else out.text(row.parentCheckpointId)
    out.jsonb(row.checkpoint)
    out.jsonb(row.metadata)
  }

  blobRow(row: BlobRow): void {
    const open = this.open!
    open.blobDigest = addDigests(open.blobDigest, blobDigest(row))
    const out = this.buffers.checkpoint_blobs
    out.beginRow(6)
    out.text(row.threadId)
    out.text(row.checkpointNs)
    out.text(row.channel)
    out.text(row.version)
    out.text(row.type)
    out.bytea(row.blob)
  }

  writeRow(row: WriteRow): void {
    const out = this.buffers.checkpoint_writes
    out.beginRow(this.columns.checkpoint_writes.length)
    out.text(row.threadId)
    out.text(row.checkpointNs)
    out.text(row.checkpointId)
    out.text(row.taskId)
    out.int4(row.idx)
    out.text(row.channel)
    out.text(row.type)
    out.bytea(row.blob)
    if (this.dialect === 'python') out.text(row.taskPath)
  }

  /** The tuples of one table for a run of neighbouring threads. */
  tuples(table: TableName, spans: readonly ThreadSpan[]): Buffer[] {
    const first = spans[0]
    const last = spans.at(-1)
    if (first === undefined || last === undefined) return []
    return this.buffers[table].between(first.from[table], last.to[table])
  }

  /** What the open thread has so far, to be staged while it goes on; the buffers are empty afterwards. */
  takeOpen(): Readonly<Record<TableName, Buffer[]>> {
    const { from } = this.open!
    const to = this.marks()
    const taken = {} as Record<TableName, Buffer[]>
    for (const table of TABLE_NAMES) {
      taken[table] = this.buffers[table].between(from[table], to[table])
      this.buffers[table].clear()
    }
    this.open!.from = { checkpoints: COPY_START, checkpoint_blobs: COPY_START, checkpoint_writes: COPY_START }
    return taken
  }

  private marks(): Marks {
    return {
      checkpoints: this.buffers.checkpoints.mark(),
      checkpoint_blobs: this.buffers.checkpoint_blobs.mark(),
      checkpoint_writes: this.buffers.checkpoint_writes.mark(),
    }
  }
}

/** Rows of one thread, by table. */
export function rowsOf(span: ThreadSpan): Readonly<Record<TableName, number>> {
  const count = (table: TableName) => span.to[table].rows - span.from[table].rows
  return {
    checkpoints: count('checkpoints'),
    checkpoint_blobs: count('checkpoint_blobs'),
    checkpoint_writes: count('checkpoint_writes'),
  }
}
