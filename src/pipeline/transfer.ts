/**
 * The flow of one pass: threads of the inventory → values → records → rows → batches. Reading runs ahead of converting, and a
 * batch commits while the next one is converted; what is held is bounded by bytes. A thread that was interrupted is begun again.
 */
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { ReadResult } from '../model/redis-value.js'
import { UNKNOWN_THREAD } from '../model/rows.js'
import type { ReadKey, Source } from '../source/source.js'
import type { BatchSink } from '../target/rows/batch-sink.js'
import { UNKNOWN_STATE } from '../target/rows/commit.js'
import { Batches } from './batches.js'
import { Fatal } from './fatal.js'
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

export class Transfer {
  private readonly batches: Batches
  private readonly fatal = new Fatal()
  private open: OpenThread | UnchangedThread | undefined
  private readonly strays: StrayKey[] = []
  private readonly changed: ThreadKeys[] = []
  private settled = 0
  private readonly turns = new Turns()

  constructor(
    private readonly source: Source,
    private readonly sink: BatchSink,
    private readonly registry: LayoutRegistry,
    private readonly listener: TransferListener,
    private readonly options: TransferOptions,
  ) {
    this.batches = new Batches(sink, listener, this.fatal, options)
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
        this.fatal.check()
        if (this.settled > settledBefore) attempt = 1
        settledBefore = this.settled
        await this.fatal.or(this.options.recover(error, attempt))
        await pass.queue.rewind()
      }
    }
  }

  private async stream(pass: Pass): Promise<void> {
    const { signal, readBytes } = this.options
    const stream = this.source.readBatches(this.requests(pass), { batchBytes: readBytes })
    const reads = stream[Symbol.asyncIterator]()
    try {
      for (;;) {
        // A server that does not answer must not keep us from stopping.
        const { done, value } = await unlessAborted(reads.next(), signal)
        if (done) break
        await this.acceptBatch(value, pass)
      }
      await this.closeOpen(pass)
      await this.batches.end()
    } catch (error) {
      const ended = Promise.resolve(reads.return?.()).catch(() => {})
      // What is committing comes to its end; so does what is being read, unless we are to stop.
      await this.batches.quiet()
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
      const states = await this.fatal.or(this.sink.lookUp(chunk.map(({ threadId }) => threadId)))
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
          await this.batches.leaveOut({ facts, state })
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
      ? await this.fatal.or(task.known ?? this.sink.known(threadId, state))
      : UNKNOWN_THREAD
    return new OpenThread(task, known, this.batches.beginThread(threadId), this.registry, this.options)
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
    return this.batches.isOpenTooLarge ? this.stageOpen(open) : undefined
  }

  private async stageOpen(open: OpenThread): Promise<void> {
    open.stagedBytes += await this.batches.stageOpen(open.task.state)
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
    await this.batches.flushIfFull()
  }

  private async finishConverting(open: OpenThread): Promise<void> {
    const converted = open.pass.end()
    const { state } = open.task
    const facts = open.facts(converted, open.stagedBytes + this.batches.openBytes)
    if (converted.completeness === 'rejected' || converted.checkpoints + converted.writes === 0) {
      await this.batches.dropThread()
      this.listener.threadLeftOut(facts)
      await this.batches.leaveOut({ facts, state })
    } else {
      await this.batches.endThread(facts, state)
    }
    this.strays.push(...open.pass.strays)
  }

  private async abandonOpen(): Promise<void> {
    await this.batches.dropThread()
    this.open = undefined
  }

  private settle({ thread }: Task, queue: ThreadQueue): void {
    this.settled++
    queue.settle(thread)
  }
}

async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}
