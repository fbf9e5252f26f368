/** Passes a thread's rows on and counts them. */
import type { BlobRow, CheckpointRow, RowSink, WriteRow } from '../model/rows.js'
import type { JoinedSizes } from './joined-sizes.js'

export class CountedRows implements RowSink {
  readonly counts = { checkpoints: 0, writes: 0, blobs: 0 }

  constructor(
    private readonly inner: RowSink,
    private readonly sizes: JoinedSizes,
  ) {}

  checkpointRow(row: CheckpointRow): void {
    this.counts.checkpoints++
    this.inner.checkpointRow(row)
  }
  blobRow(row: BlobRow): void {
    this.counts.blobs++
    this.sizes.add(row)
    this.inner.blobRow(row)
  }
  writeRow(row: WriteRow): void {
    this.counts.writes++
    this.inner.writeRow(row)
  }
}
