/**
 * Rows on their way into the target: a batch fills while the one before it commits, and a thread too large for one is staged. What is
 * left out goes on record as well.
 */
import type { ThreadFacts } from '../model/run.js'
import { Batch } from '../target/rows/batch.js'
import type { BatchSink } from '../target/rows/batch-sink.js'
import type { LeftOut, ThreadCommit, ThreadState } from '../target/rows/commit.js'
import type { Fatal } from './fatal.js'
import type { TransferListener, TransferOptions } from './transfer-options.js'

const MAX_THREADS_A_BATCH = 1000
/** A source may hold any number of threads that are left out. */
const MAX_LEFT_OUT = 100

export class Batches {
  private filling: Batch
  /** Its complete threads. */
  private complete: ThreadCommit[] = []
  /** A thread has begun there and not ended. */
  private isOpen = false
  /** One that was committed, for the rows after the next. */
  private spare: Batch | undefined
  private underWay: Promise<void> = Promise.resolve()
  private readonly leftOuts: LeftOut[] = []

  constructor(
    private readonly sink: BatchSink,
    private readonly listener: TransferListener,
    private readonly fatal: Fatal,
    private readonly options: Pick<TransferOptions, 'dialect' | 'batchBytes' | 'stageBytes'>,
  ) {
    this.filling = new Batch(options.dialect)
  }

  /** Opens a thread; where its rows go. */
  beginThread(threadId: string): Batch {
    this.isOpen = true
    this.filling.beginThread(threadId)
    return this.filling
  }

  /** Bytes of the open thread's rows that are here. */
  get openBytes(): number {
    return this.filling.openBytes
  }

  /** So many of them are here that they are to be staged. */
  get isOpenTooLarge(): boolean {
    const { stageBytes, batchBytes } = this.options
    // Once it is known that a thread is staged nothing is gained by waiting for more of it.
    return this.openBytes >= (this.sink.isStaging ? Math.min(batchBytes, stageBytes) : stageBytes)
  }

  /** Sends what is here of the open thread; gives its bytes. */
  async stageOpen(state: ThreadState): Promise<number> {
    // Threads that are complete in this batch go first: staging empties its buffers.
    if (!this.sink.isStaging) await this.flush()
    await this.fatal.or(this.underWay)
    const bytes = this.openBytes
    await this.sink.stage(this.filling, state)
    return bytes
  }

  /** The open thread is complete. */
  async endThread(facts: ThreadFacts, state: ThreadState): Promise<void> {
    const { filling } = this
    const thread: ThreadCommit = { span: filling.endThread(), facts, state }
    this.isOpen = false
    if (!this.sink.isStaging) {
      this.complete.push(thread)
      return
    }
    // Staging began with an empty batch; should this fail, the thread begins with one again.
    this.filling = new Batch(this.options.dialect)
    this.listener.committed([thread], await this.sink.commitStaged(filling, thread))
  }

  /** Nothing of the open thread is to be written. */
  async dropThread(): Promise<void> {
    if (this.sink.isStaging) await this.sink.abandonStaged()
    if (this.isOpen) this.filling.dropThread()
    this.isOpen = false
  }

  async leaveOut(thread: LeftOut): Promise<void> {
    this.leftOuts.push(thread)
    if (this.leftOuts.length >= MAX_LEFT_OUT) await this.recordLeftOuts()
  }

  /** Between two threads: commits what is enough for a transaction. */
  async flushIfFull(): Promise<void> {
    const isFull =
      this.filling.bytes >= this.options.batchBytes || this.complete.length >= MAX_THREADS_A_BATCH
    if (isFull) await this.flush()
  }

  /** All of it is in the target, or on record as left out. */
  async end(): Promise<void> {
    await this.flush()
    await this.fatal.or(this.underWay)
    await this.recordLeftOuts()
  }

  /** What is committing has come to its end, whatever that is. */
  async quiet(): Promise<void> {
    await this.underWay.catch(() => {})
  }

  /** Hands the complete threads over; the open one, if any, goes on in a batch of its own. */
  private async flush(): Promise<void> {
    if (this.complete.length === 0) return
    const threads = this.complete
    const { filling: batch } = this
    this.complete = []
    await this.fatal.or(this.underWay)
    const commit = async () =>
      this.listener.committed(threads, await this.fatal.or(this.sink.commit(batch, threads)))
    if (this.isOpen) {
      // The open thread's rows lie behind these in the same buffers.
      await commit()
      batch.spans.length = 0
      return
    }
    this.filling = this.spare ?? new Batch(this.options.dialect)
    this.spare = undefined
    this.underWay = commit().then(() => {
      batch.reuse(2 * this.options.batchBytes)
      this.spare = batch
    })
    // The error is thrown where it is awaited; until then it must not count as unhandled.
    this.underWay.catch(() => {})
  }

  private async recordLeftOuts(): Promise<void> {
    const threads = this.leftOuts.splice(0)
    if (threads.length > 0) await this.fatal.or(this.sink.leftOut(threads))
  }
}
