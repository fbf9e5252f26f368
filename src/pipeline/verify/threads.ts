/**
 * Compares threads: the rows of many are read as digests, then each thread's keys as records. Both sides are read ahead; what is held is
 * the names of some threads and the values of one read.
 */

import type { ComparedThread } from '../../convert/compare/outcome.js'
import { StoredThread } from '../../convert/compare/stored.js'
import { ThreadComparison } from '../../convert/compare/thread.js'
import type { Dialect } from '../../convert/converter.js'
import type { ClaimedKey } from '../../layouts/layout.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import type { ReadResult } from '../../model/redis-value.js'
import { readStream } from '../../source/read-stream.js'
import type { Source } from '../../source/source.js'
import type { SqlSession } from '../../target/connection/session.js'
import type { Recover } from '../../target/rows/batch-sink.js'
import { type CopyOutSession, readRows } from '../../target/rows/read-rows.js'
import type { ThreadKeys } from '../inventory.js'
import { readingOrder } from '../reading-order.js'
import type { LedgerThread, RecordedThreads } from '../recorded-threads.js'
import { byThread } from '../strays.js'
import { type StrayKey, ThreadPass } from '../thread-pass.js'
import { chunksOf, ThreadQueue } from '../thread-queue.js'
import { unlessAborted } from '../unless-aborted.js'
import { type ComparedWith, type ThreadVerdict, verdictsOf } from './verdicts.js'

/** What a comparison needs of the target. */
export interface VerifyTarget {
  /** A session of our own for streams. */
  open(): Promise<ReadingSession>
  use<T>(work: (session: SqlSession) => Promise<T>): Promise<T>
  readonly schema: string
  readonly dialect: Dialect
}

export interface ReadingSession extends CopyOutSession {
  /** Never throws. */
  close(): Promise<void>
}

export interface VerifyOptions {
  /** Bytes of source values asked for at once. */
  readonly readBytes: number
  /** Bytes of source values kept to recognise repeats. */
  readonly copiesBytes: number
  readonly showValues: boolean
  readonly signal: AbortSignal
  /** Waits where a server is away; throws what ends the verification. */
  readonly recover: Recover
}

export interface VerifyListener {
  readSource(bytes: number): void
  readTarget(bytes: number): void
  /** Threads whose comparison is complete. Where it fails they are compared again. */
  compared(verdicts: readonly ThreadVerdict[]): Promise<void>
  /** Whether differences are still to be told in detail. */
  readonly wantsDetails: boolean
}

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
const TOGETHER = { items: 100, weight: 2000 } as const

export class ThreadVerification {
  private readonly strays: StrayKey[] = []
  private open: Open | undefined
  private done: Done[] = []
  private settled = 0

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
    const stream = readStream(this.source, this.requests(queue, reading), { batchBytes: readBytes })
    const results = stream[Symbol.asyncIterator]()
    try {
      for (;;) {
        // A server that does not answer must not keep us from stopping.
        const { done, value } = await unlessAborted(results.next(), signal)
        if (done) break
        const { request, result } = value
        if (this.open?.task !== request.task) {
          await this.finish(queue)
          this.open = this.start(request.task)
        }
        this.accept(request.claimed, result)
      }
      await this.finish(queue)
      await this.settle(queue)
    } finally {
      // Whatever the stream still waits for ends with the session.
      const ended = Promise.resolve(results.return?.()).catch(() => {})
      await reading.close()
      if (!signal.aborted) await ended
    }
  }

  private async *requests(queue: ThreadQueue, reading: CopyOutSession): AsyncGenerator<Request> {
    for await (const chunk of chunksOf(queue.threads(), TOGETHER)) {
      for (const task of await this.tasksOf(chunk, queue, reading)) {
        for (const claimed of task.order) yield { key: claimed.key, type: claimed.type, claimed, task }
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
    const stored = new Map(threadIds.map((threadId) => [threadId, new StoredThread(dialect)]))
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
    for (const thread of stored.values()) thread.complete()
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
    pass = new ThreadPass(threadId, this.registry, comparison, () => {}, layouts, this.target.dialect)
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
