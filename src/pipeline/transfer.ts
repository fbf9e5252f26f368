/**
 * The flow of one pass: threads of the inventory → values → records → rows → batches. Reading runs ahead of converting, and a
 * batch commits while the next one is converted; what is held is bounded by bytes. A thread that was interrupted is begun again.
 */
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { ReadResult } from '../model/redis-value.js'
import { UNKNOWN_THREAD } from '../model/rows.js'
import type { ReadKey, Source } from '../source/source.js'
import { Batch } from '../target/rows/batch.js'
import type { BatchSink } from '../target/rows/batch-sink.js'
import { type LeftOut, type ThreadCommit, UNKNOWN_STATE } from '../target/rows/commit.js'
import type { ThreadKeys } from './inventory.js'
import { OpenThread, type Task } from './open-thread.js'
import { pointersAlone } from './pointers-alone.js'
import { readingOrder } from './reading-order.js'
import { byThread } from './strays.js'
import type { StrayKey } from './thread-pass.js'
import { chunksOf, ThreadQueue } from './thread-queue.js'
import type { TransferListener, TransferOptions } from './transfer-options.js'
import { Turns } from './turns.js'
import { comparableKeys } from './unchanged.js'
import { UnchangedThread } from './unchanged-thread.js'
import { unlessAborted } from './unless-aborted.js'

interface Request {
  readonly key: Buffer
  readonly type: string
  readonly claimed: ClaimedKey
  readonly task: Task
}

/** How the threads of one pass are looked at. */
interface Pass {
  readonly queue: ThreadQueue
  /** Whatever the ledger says: their values were seen to have changed. */
  readonly convertsAll: boolean
  /** Only keys whose documents said that they belong to another thread than their name: the rest of it was moved before. */
  readonly isPart: boolean
}

/** What waits until every thread was looked at. */
export interface PutOff {
  /** Threads that changed too late to be converted at once: their first values were no longer at hand. */
  readonly changed: readonly ThreadKeys[]
  readonly strays: readonly StrayKey[]
}

const LOOK_UP = { items: 200, weight: 20_000 } as const
const MAX_THREADS_A_BATCH = 1000
const MAX_LEFT_OUT = 100

export class Transfer {
  private batch: Batch
  private pending: ThreadCommit[] = []
  /** One that was committed, for the rows after the next. */
  private spare: Batch | undefined
  private underWay: Promise<void> = Promise.resolve()
  private open: OpenThread | UnchangedThread | undefined
  private readonly strays: StrayKey[] = []
  private readonly leftOuts: LeftOut[] = []
  private readonly changed: ThreadKeys[] = []
  private settled = 0
  private readonly turns = new Turns()
  /** What no other try at the same thread can cure. */
  private fatal: { readonly error: unknown } | undefined

  constructor(
    private readonly source: Source,
    private readonly sink: BatchSink,
    private readonly registry: LayoutRegistry,
    private readonly listener: TransferListener,
    private readonly options: TransferOptions,
  ) {
    this.batch = new Batch(options.dialect)
  }

  /** Moves the threads; then those that turned out to belong elsewhere, or too late to have changed. */
  async run(threads: AsyncIterable<ThreadKeys>): Promise<void> {
    await this.finish(await this.once(threads))
  }

  /** Moves the threads, and tells what is to be done once all others are through. */
  async once(threads: AsyncIterable<ThreadKeys>): Promise<PutOff> {
    await this.pass({ queue: new ThreadQueue(threads), convertsAll: false, isPart: false })
    return { changed: this.changed.splice(0), strays: this.strays.splice(0) }
  }

  /** What was put off, and what that puts off. */
  async finish({ changed, strays }: PutOff): Promise<void> {
    this.changed.push(...changed)
    this.strays.push(...strays)
    while (this.changed.length + this.strays.length > 0) {
      const changed = new ThreadQueue(asyncOf(this.changed.splice(0)))
      await this.pass({ queue: changed, convertsAll: true, isPart: false })
      const strays = new ThreadQueue(asyncOf(byThread(this.strays.splice(0))))
      await this.pass({ queue: strays, convertsAll: false, isPart: true })
    }
  }

  private async pass(pass: Pass): Promise<void> {
    let settledBefore = this.settled
    for (let attempt = 1; ; attempt++) {
      try {
        await this.stream(pass)
        return
      } catch (error) {
        await this.abandonOpen()
        if (this.fatal !== undefined) throw this.fatal.error
        if (this.settled > settledBefore) attempt = 1
        settledBefore = this.settled
        await this.orFatal(this.options.recover(error, attempt))
        await pass.queue.rewind()
      }
    }
  }

  private async stream(pass: Pass): Promise<void> {
    const { signal, readBytes } = this.options
    const stream = this.source.readBatches(this.requests(pass), { batchBytes: readBytes })
    const batches = stream[Symbol.asyncIterator]()
    try {
      for (;;) {
        // A server that does not answer must not keep us from stopping.
        const { done, value } = await unlessAborted(batches.next(), signal)
        if (done) break
        await this.acceptBatch(value, pass)
      }
      await this.closeOpen(pass)
      await this.flush()
      await this.orFatal(this.underWay)
      await this.recordLeftOuts()
    } catch (error) {
      const ended = Promise.resolve(batches.return?.()).catch(() => {})
      // What is committing comes to its end; so does what is being read, unless we are to stop.
      await this.underWay.catch(() => {})
      if (!signal.aborted) await ended
      throw error
    }
  }

  private async acceptBatch(keys: ReadKey<Request>[], pass: Pass): Promise<void> {
    for (let at = 0; at < keys.length; at++) {
      const { request, result } = keys[at]!
      // Consumed: a large value may go before the batch does.
      delete keys[at]
      if (this.open?.task !== request.task) {
        await this.closeOpen(pass)
        this.open = await this.start(request.task)
      }
      const more = this.accept(request.claimed, result)
      if (more !== undefined) await more
      const turn = this.turns.over()
      if (turn !== undefined) await turn
    }
  }

  /** The keys to read, thread by thread; the target is asked about many threads at once, ahead of time. */
  private async *requests({ queue, convertsAll, isPart }: Pass): AsyncGenerator<Request[]> {
    for await (const chunk of chunksOf(queue.threads(), LOOK_UP)) {
      const states = await this.orFatal(this.sink.lookUp(chunk.map(({ threadId }) => threadId)))
      for (const thread of chunk) {
        const { threadId } = thread
        const keys = this.registry.ofThread(thread.keys)
        const order = readingOrder(this.registry, keys)
        const state = states.get(threadId) ?? UNKNOWN_STATE
        const recorded = convertsAll ? undefined : comparableKeys(state, keys, this.options.bound)
        const isSureToChange = recorded === undefined && state.hasRows && order.length > 0
        const known = isSureToChange ? this.sink.known(threadId, state) : undefined
        // An error waits until the thread begins.
        known?.catch(() => {})
        const task: Task = { threadId, thread, keys, order, state, isPart, recorded, known }
        if (order.length === 0) {
          const facts = pointersAlone({ threadId, keys })
          this.listener.nothingToRead(facts)
          await this.leaveOut({ facts, state })
          this.settle(task, queue)
        }
        yield order.map((claimed) => ({ key: claimed.key, type: claimed.type, claimed, task }))
      }
    }
  }

  private async start(task: Task): Promise<OpenThread | UnchangedThread> {
    return task.recorded === undefined
      ? this.startConverting(task)
      : new UnchangedThread(task, task.recorded, this.options.holdBytes)
  }

  private async startConverting(task: Task): Promise<OpenThread> {
    const { threadId, state } = task
    const known = state.hasRows
      ? await this.orFatal(task.known ?? this.sink.known(threadId, state))
      : UNKNOWN_THREAD
    this.batch.beginThread(task.threadId)
    return new OpenThread(task, known, this.batch, this.registry, this.options)
  }

  /** Most values need no waiting: a promise for each would cost more than the value. */
  private accept(claimed: ClaimedKey, result: ReadResult): Promise<void> | undefined {
    const { open } = this
    if (result.state === 'read') this.listener.read(result.sizeBytes)
    if (open instanceof OpenThread) return this.convert(open, claimed, result)
    const verdict = open!.accept(claimed, result)
    if (verdict === 'changed') return this.convertHeld(open!)
    // Its first values are no longer here: it is read once more at the end of the pass.
    if (verdict === 'changed-unheld') this.changed.push(open!.task.thread)
    return undefined
  }

  private async convertHeld(unchanged: UnchangedThread): Promise<void> {
    const converting = await this.startConverting(unchanged.task)
    this.open = converting
    for (const held of unchanged.takeHeld()) await this.convert(converting, ...held)
  }

  private convert(open: OpenThread, claimed: ClaimedKey, result: ReadResult): Promise<void> | undefined {
    open.pass.accept(claimed, result)
    const { stageBytes, batchBytes } = this.options
    // Once it is known that a thread is staged nothing is gained by waiting for more of it.
    const mostBytes = this.sink.isStaging ? Math.min(batchBytes, stageBytes) : stageBytes
    return this.batch.openBytes < mostBytes ? undefined : this.stageOpen(open)
  }

  private async stageOpen(open: OpenThread): Promise<void> {
    // Threads that are complete in this batch go first: staging empties its buffers.
    if (!this.sink.isStaging) await this.flush()
    await this.orFatal(this.underWay)
    open.stagedBytes += this.batch.openBytes
    await this.sink.stage(this.batch)
  }

  private async closeOpen({ queue }: Pass): Promise<void> {
    const { open } = this
    if (open === undefined) return
    if (open instanceof UnchangedThread) {
      if (open.isUnchanged) this.listener.unchanged(open.task, open.bytesRead)
    } else {
      await this.finishConverting(open)
    }
    this.open = undefined
    this.settle(open.task, queue)
    if (this.batch.bytes >= this.options.batchBytes || this.pending.length >= MAX_THREADS_A_BATCH) {
      await this.flush()
    }
  }

  private async finishConverting(open: OpenThread): Promise<void> {
    const converted = open.pass.end()
    const { state } = open.task
    const facts = open.facts(converted, open.stagedBytes + this.batch.openBytes)
    if (converted.completeness === 'rejected' || converted.checkpoints + converted.writes === 0) {
      if (this.sink.isStaging) await this.sink.abandonStaged()
      this.batch.dropThread()
      this.listener.threadLeftOut(facts)
      await this.leaveOut({ facts, state })
    } else {
      const thread: ThreadCommit = { span: this.batch.endThread(), facts, state }
      if (this.sink.isStaging) {
        const { batch } = this
        // Staging began with an empty batch; should this fail, the thread begins with one again.
        this.batch = new Batch(this.options.dialect)
        this.listener.committed([thread], await this.sink.commitStaged(batch, thread))
      } else {
        this.pending.push(thread)
      }
    }
    this.strays.push(...open.pass.strays)
  }

  /** Hands the complete threads over; the open one, if any, goes on in a batch of its own. */
  private async flush(): Promise<void> {
    if (this.pending.length === 0) return
    const threads = this.pending
    const { batch } = this
    this.pending = []
    await this.orFatal(this.underWay)
    const commit = async () =>
      this.listener.committed(threads, await this.orFatal(this.sink.commit(batch, threads)))
    if (this.open !== undefined) {
      // The open thread's rows lie behind these in the same buffers.
      await commit()
      batch.spans.length = 0
      return
    }
    this.batch = this.spare ?? new Batch(this.options.dialect)
    this.spare = undefined
    this.underWay = commit().then(() => {
      batch.reuse(2 * this.options.batchBytes)
      this.spare = batch
    })
    // The error is thrown where it is awaited; until then it must not count as unhandled.
    this.underWay.catch(() => {})
  }

  /** What is left out goes on record by the hundred: a source may hold any number of such threads. */
  private async leaveOut(thread: LeftOut): Promise<void> {
    this.leftOuts.push(thread)
    if (this.leftOuts.length >= MAX_LEFT_OUT) await this.recordLeftOuts()
  }

  private async recordLeftOuts(): Promise<void> {
    const threads = this.leftOuts.splice(0)
    if (threads.length > 0) await this.orFatal(this.sink.leftOut(threads))
  }

  private async abandonOpen(): Promise<void> {
    if (this.sink.isStaging) await this.sink.abandonStaged()
    if (this.open instanceof OpenThread) this.batch.dropThread()
    this.open = undefined
  }

  private settle({ thread }: Task, queue: ThreadQueue): void {
    this.settled++
    queue.settle(thread)
  }

  /** For work that tries again by itself: when it fails, the run does. */
  private async orFatal<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      this.fatal ??= { error }
      throw error
    }
  }
}

async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}
