/**
 * Compares threads: the rows of many are read as digests, then each thread's keys as records. Both sides are read ahead; what is held is
 * the names of some threads and the values of one read.
 */

import type { ComparedThread } from '../../convert/compare/outcome.js'
import { lastBlobs, StoredThread } from '../../convert/compare/stored.js'
import { ThreadComparison } from '../../convert/compare/thread.js'
import type { ClaimedKey } from '../../layouts/layout.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import type { ReadResult } from '../../model/redis-value.js'
import type { ReadKey, Source } from '../../source/source.js'
import { type CopyOutSession, readRows } from '../../target/rows/read-rows.js'
import type { ThreadKeys } from '../inventory.js'
import { readingOrder } from '../reading-order.js'
import type { LedgerThread, RecordedThreads } from '../recorded-threads.js'
import { byThread } from '../strays.js'
import { type StrayKey, ThreadPass } from '../thread-pass.js'
import { chunksOf, ThreadQueue } from '../thread-queue.js'
import { Turns } from '../turns.js'
import { unlessAborted } from '../unless-aborted.js'
import { DigestsWhenAsked } from './digests-when-asked.js'
import { type ComparedWith, verdictsOf } from './verdicts.js'
import type { VerifyListener, VerifyOptions, VerifyTarget } from './verify-options.js'

export type { VerifyListener }

interface Task {
  readonly threadId: string
  /** As the queue gave it. */
  readonly thread: ThreadKeys
  readonly order: readonly ClaimedKey[]
  readonly stored: StoredThread
  readonly recorded: LedgerThread | undefined
}
interface Request {
  readonly key: Buffer
  readonly type: string
  readonly claimed: ClaimedKey
  readonly task: Task
}
interface Open {
  readonly task: Task
  readonly pass: ThreadPass<ComparedThread>
}

interface Done extends ComparedWith {
  readonly thread: ThreadKeys
  readonly strays: readonly StrayKey[]
}

/** Threads whose rows are read together. */
const TOGETHER = { items: 50, weight: 1000 } as const

export class ThreadVerification {
  private readonly strays: StrayKey[] = []
  private open: Open | undefined
  private done: Done[] = []
  private settled = 0
  private readonly turns = new Turns()

  constructor(
    private readonly source: Source,
    private readonly target: VerifyTarget,
    private readonly registry: LayoutRegistry,
    /** Null where there is no ledger. */
    private readonly ledger: RecordedThreads | null,
    private readonly listener: VerifyListener,
    private readonly options: VerifyOptions,
  ) {}

  /** Keys whose documents said that they belong to another thread, by that thread; each is given once. */
  takeStrays(): ReadonlyMap<string, ThreadKeys> {
    return new Map(byThread(this.strays.splice(0)).map((thread) => [thread.threadId, thread]))
  }

  /** Threads that were under way when a server went away are compared again once it is back. */
  async run(threads: AsyncIterable<ThreadKeys>): Promise<void> {
    const queue = new ThreadQueue(threads)
    for (let attempt = 1; ; attempt++) {
      const settledBefore = this.settled
      try {
        await this.pass(queue)
        return
      } catch (error) {
        this.open = undefined
        this.done = []
        if (this.settled > settledBefore) attempt = 1
        await this.options.recover(error, attempt)
        await queue.rewind()
      }
    }
  }

  private async pass(queue: ThreadQueue): Promise<void> {
    const { signal, readBytes } = this.options
    const reading = await this.target.open()
    const stream = this.source.readBatches(this.requests(queue, reading), { batchBytes: readBytes })
    const batches = stream[Symbol.asyncIterator]()
    try {
      for (;;) {
        // A server that does not answer must not keep us from stopping.
        const { done, value } = await unlessAborted(batches.next(), signal)
        if (done) break
        await this.acceptBatch(value, queue)
      }
      await this.finish(queue)
      await this.settle(queue)
    } finally {
      // Whatever the stream still waits for ends with the session.
      const ended = Promise.resolve(batches.return?.()).catch(() => {})
      await reading.close()
      if (!signal.aborted) await ended
    }
  }

  private async acceptBatch(keys: ReadKey<Request>[], queue: ThreadQueue): Promise<void> {
    for (let at = 0; at < keys.length; at++) {
      const { request, result } = keys[at]!
      // Consumed: a large value may go before the batch does.
      delete keys[at]
      if (this.open?.task !== request.task) {
        await this.finish(queue)
        this.open = this.start(request.task)
      }
      this.accept(request.claimed, result)
      const turn = this.turns.over()
      if (turn !== undefined) await turn
    }
  }

  private async *requests(queue: ThreadQueue, reading: CopyOutSession): AsyncGenerator<Request[]> {
    for await (const chunk of chunksOf(queue.threads(), TOGETHER)) {
      for (const task of await this.tasksOf(chunk, queue, reading)) {
        yield task.order.map((claimed) => ({ key: claimed.key, type: claimed.type, claimed, task }))
      }
    }
  }

  private async tasksOf(
    threads: readonly ThreadKeys[],
    queue: ThreadQueue,
    reading: CopyOutSession,
  ): Promise<Task[]> {
    const readable = threads.flatMap((thread) => {
      const order = readingOrder(this.registry, this.registry.ofThread(thread.keys))
      if (order.length === 0) queue.settle(thread)
      return order.length === 0 ? [] : [{ threadId: thread.threadId, thread, order }]
    })
    const threadIds = readable.map(({ threadId }) => threadId)
    const [stored, recorded] = await Promise.all([
      this.storedThreads(threadIds, reading),
      this.ledger?.of(threadIds) ?? new Map<string, LedgerThread>(),
    ])
    return readable.map((thread) => ({
      ...thread,
      stored: stored.get(thread.threadId)!,
      recorded: recorded.get(thread.threadId),
    }))
  }

  private async storedThreads(
    threadIds: readonly string[],
    reading: CopyOutSession,
  ): Promise<Map<string, StoredThread>> {
    const { schema, dialect } = this.target
    // The rows of these threads come table by table, those of a channel in the order in which they were written.
    const { copiesBytes, forms } = this.options
    const blobs = lastBlobs(copiesBytes / 4, forms)
    const stored = new Map(threadIds.map((threadId) => [threadId, new StoredThread(dialect, blobs, forms)]))
    const onBytes = (bytes: number) => this.listener.readTarget(bytes)
    const { signal } = this.options
    await readRows(
      reading,
      { schema, dialect, threadIds, onBytes, signal },
      {
        checkpoint: (row) => stored.get(row.threadId)?.checkpoint(row),
        blob: (row) => stored.get(row.threadId)?.blob(row),
        write: (row) => stored.get(row.threadId)?.write(row),
      },
    )
    blobs.release()
    return stored
  }

  private start(task: Task): Open {
    const { showValues, copiesBytes } = this.options
    const { threadId, recorded } = task
    let pass: ThreadPass<ComparedThread> | undefined
    const comparison = new ThreadComparison(threadId, task.stored, {
      ...(recorded && { recorded: recorded.whileReading(() => pass?.readKeys ?? []) }),
      hasLedger: this.ledger !== null,
      showValues,
      copiesBytes,
    })
    const layouts = new Set(task.order.map((key) => key.layout))
    // Findings are the migration's to tell; here they show as what is left out.
    pass = new ThreadPass(threadId, this.registry, comparison, () => {}, {
      layouts,
      dialect: this.target.dialect,
      remember: new DigestsWhenAsked().remember,
    })
    return { task, pass }
  }

  private accept(claimed: ClaimedKey, result: ReadResult): void {
    this.open!.pass.accept(claimed, result)
    if (result.state === 'read') this.listener.readSource(result.sizeBytes)
  }

  private async finish(queue: ThreadQueue): Promise<void> {
    const { open } = this
    if (open === undefined) return
    this.open = undefined
    const { task, pass } = open
    const { thread, recorded } = task
    this.done.push({ compared: pass.end(), recorded, thread, strays: pass.strays })
    if (this.done.length >= TOGETHER.items) await this.settle(queue)
  }

  /** Tells what became of the threads that are compared. */
  private async settle(queue: ThreadQueue): Promise<void> {
    const done = this.done.splice(0)
    if (done.length === 0) return
    const { showValues } = this.options
    const { wantsDetails } = this.listener
    const verdicts = await verdictsOf(done, this.target, this.ledger, { wantsDetails, showValues })
    await this.listener.compared(verdicts)
    for (const { thread, strays } of done) {
      this.settled++
      queue.settle(thread)
      this.strays.push(...strays)
    }
  }
}
