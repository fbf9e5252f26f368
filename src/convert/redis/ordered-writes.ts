/** The writes of checkpoints that are gone through in order, a piece at a time. */
import type { WriteRow } from '../../model/rows.js'
import type { CheckpointKey } from '../../model/thread-rows.js'

export class OrderedWrites {
  private readonly pieces: AsyncIterator<readonly WriteRow[]>
  private piece: readonly WriteRow[] = []
  private at = 0

  constructor(pieces: AsyncIterable<readonly WriteRow[]>) {
    this.pieces = pieces[Symbol.asyncIterator]()
  }

  /** Those of the next checkpoint, in pieces: every checkpoint has to be asked for, in its turn. */
  async *of(key: CheckpointKey): AsyncGenerator<readonly WriteRow[]> {
    for (;;) {
      if (this.at === this.piece.length && !(await this.fetch())) return
      const from = this.at
      while (this.at < this.piece.length && isOf(this.piece[this.at]!, key)) this.at++
      if (this.at > from) yield this.piece.slice(from, this.at)
      if (this.at < this.piece.length) return
    }
  }

  private async fetch(): Promise<boolean> {
    const { value, done } = await this.pieces.next()
    if (done) return false
    this.piece = value
    this.at = 0
    return true
  }
}

const isOf = (row: WriteRow, key: CheckpointKey): boolean =>
  row.checkpointId === key.checkpointId &&
  row.checkpointNs === key.checkpointNs &&
  row.threadId === key.threadId
