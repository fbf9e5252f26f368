/**
 * What the rows of a rehearsal would take in Postgres: tuples, values stored apart (TOAST), indexes. Every row is measured; how well
 * values compress is measured on samples. Within some percent of a freshly loaded Postgres 13 to 18 with pages of 8 kB.
 */
import { compressedSize } from '../codec/compressed-size.js'
import type { BlobRow, CheckpointRow, RowSink, TableName, WriteRow } from '../model/rows.js'
import type { OpenConverter } from './converter.js'

/** A larger tuple is compressed, and its values are stored apart, until it is smaller (TOAST_TUPLE_THRESHOLD). */
const TUPLE_LIMIT = 2032
/** Header of a tuple and its pointer in the page. */
const TUPLE_BYTES = 24 + 4
/** A chunk of a value stored apart holds 1996 bytes, four of them fill a page; its index entry. */
const CHUNK = { holds: 1996, takes: 8192 / 4, entry: 24 } as const
/** A value stored apart leaves a pointer. */
const POINTER_BYTES = 18
/** A page ends where the next tuple does not fit; a table that is loaded has pages ahead, maps and small indexes. */
const PAGE_WASTE = 1.04
const TABLE_BYTES = 256 * 1024
/** JSONB has a header and an offset for each member: against its text. */
const JSONB_GROWTH = 1.12
/** Entries of B-trees that grew in the order of hashes fill two thirds of their pages; the second index of a table holds each thread once. */
const INDEX_FILL = 0.68
const THREAD_INDEX_BYTES = 8
/** Samples: the first ones, then one in so many, a beginning of each. */
const FIRST_SAMPLES = 200
const ONE_IN = 16
const SAMPLE_BYTES = 64 * 1024
const MAX_SAMPLED_BYTES = 24 * 1024 ** 2

export type RowNumbers = Readonly<Record<TableName, number>>

interface Sums {
  rows: number
  /** Tuples as they are, and index entries. */
  plain: number
  entries: number
  /** Of values in tuples over the limit. */
  large: number
}

const noSums = (): Sums => ({ rows: 0, plain: 0, entries: 0, large: 0 })

/** Adds up over all threads. */
export class SizeForecast {
  private readonly sums: Record<TableName, Sums> = {
    checkpoints: noSums(),
    checkpoint_blobs: noSums(),
    checkpoint_writes: noSums(),
  }
  private readonly sampled = { values: 0, bytes: 0, pglz: 0, lz4: 0 }

  /** Converts as `open` does and measures the rows. */
  counting(open: OpenConverter): OpenConverter {
    return (threadId, known, rows, report, options) =>
      open(threadId, known, this.measuring(rows), report, options)
  }

  /** For so many rows of each table, which may be fewer than were measured. */
  bytes(rows: RowNumbers): { readonly pglz: number; readonly lz4: number } {
    return { pglz: this.bytesWith('pglz', rows), lz4: this.bytesWith('lz4', rows) }
  }

  private bytesWith(method: 'pglz' | 'lz4', rows: RowNumbers): number {
    const { bytes, [method]: small } = this.sampled
    const ratio = bytes === 0 ? 1 : small / bytes
    let sum = 0
    for (const table of Object.keys(this.sums) as TableName[]) {
      const { rows: measured, plain, entries, large } = this.sums[table]
      if (measured === 0 || rows[table] === 0) continue
      const apart = large * ratio
      const chunks = (apart / CHUNK.holds) * (CHUNK.takes + CHUNK.entry)
      const all = plain * PAGE_WASTE + chunks + entries / INDEX_FILL
      sum += (all * rows[table]) / measured + TABLE_BYTES
    }
    return Math.round(sum)
  }

  private measuring(inner: RowSink): RowSink {
    return {
      checkpointRow: (row) => {
        this.checkpoint(row)
        inner.checkpointRow(row)
      },
      blobRow: (row) => {
        this.blob(row)
        inner.blobRow(row)
      },
      writeRow: (row) => {
        this.write(row)
        inner.writeRow(row)
      },
    }
  }

  private checkpoint({
    threadId,
    checkpointNs,
    checkpointId,
    parentCheckpointId,
    ...row
  }: CheckpointRow): void {
    const key = threadId.length + checkpointNs.length + checkpointId.length + 3
    const jsonb = (row.checkpoint.length + row.metadata.length) * JSONB_GROWTH
    this.add('checkpoints', key, key + (parentCheckpointId?.length ?? 0) + 2, [row.checkpoint], jsonb)
  }

  private blob({ threadId, checkpointNs, channel, version, type, blob }: BlobRow): void {
    const key = threadId.length + checkpointNs.length + channel.length + version.length + 4
    this.add('checkpoint_blobs', key, key + type.length + 5, blob === null ? [] : [blob], blob?.length ?? 0)
  }

  private write({
    threadId,
    checkpointNs,
    checkpointId,
    taskId,
    channel,
    type,
    blob,
    ...row
  }: WriteRow): void {
    const key = threadId.length + checkpointNs.length + checkpointId.length + taskId.length + 8
    const rest = channel.length + type.length + row.taskPath.length + 7
    this.add('checkpoint_writes', key, key + rest, [blob], blob.length)
  }

  private add(
    table: TableName,
    keyBytes: number,
    otherBytes: number,
    values: readonly Buffer[],
    valueBytes: number,
  ): void {
    const sums = this.sums[table]
    sums.rows++
    sums.entries += aligned(8 + keyBytes) + 4 + THREAD_INDEX_BYTES
    if (TUPLE_BYTES + otherBytes + valueBytes <= TUPLE_LIMIT) {
      sums.plain += aligned(TUPLE_BYTES + otherBytes + valueBytes)
      return
    }
    sums.plain += aligned(TUPLE_BYTES + otherBytes + POINTER_BYTES)
    sums.large += valueBytes
    for (const value of values) this.sample(value)
  }

  private sample(value: Buffer): void {
    const { sampled } = this
    if (sampled.values++ >= FIRST_SAMPLES && sampled.values % ONE_IN !== 0) return
    if (sampled.bytes >= MAX_SAMPLED_BYTES) return
    const beginning = value.subarray(0, SAMPLE_BYTES)
    sampled.bytes += beginning.length
    sampled.pglz += compressedSize(beginning, 'pglz')
    sampled.lz4 += compressedSize(beginning, 'lz4')
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8
