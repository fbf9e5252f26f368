/**
 * Compares threads: the rows of many are read as digests, then each thread's keys as records. Both sides are read ahead; what is held is
 * the names of some threads and the values of one read.
 */
import { describe } from '../convert/compare-describe.js'
import { type ComparedThread, type StoredPlace, stateOf } from '../convert/compare-outcome.js'
import { StoredThread } from '../convert/compare-stored.js'
import { ThreadComparison } from '../convert/compare-thread.js'
import type { Dialect } from '../convert/converter.js'
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { ReadResult } from '../model/redis-value.js'
import type { Difference, Explained, ThreadState } from '../model/verify-report.js'
import type { Source } from '../source/source.js'
import { readOneValue } from '../target/read-one-value.js'
import { type CopyOutSession, readRows } from '../target/read-rows.js'
import type { SqlSession } from '../target/session.js'
import type { ThreadKeys } from './inventory.js'
import { readingOrder } from './reading-order.js'
import type { LedgerThread, RecordedThreads } from './recorded-threads.js'
import { byThread } from './strays.js'
import { type StrayKey, ThreadPass } from './thread-pass.js'
import { chunksOf } from './thread-queue.js'

/** What a comparison needs of the target. */
export interface VerifyTarget {
  /** A session for streams; closed by its owner. */
  readonly reading: CopyOutSession
  use<T>(work: (session: SqlSession) => Promise<T>): Promise<T>
  readonly schema: string
  readonly dialect: Dialect
}

export interface VerifyOptions {
  /** Bytes of source values asked for at once. */
  readonly readBytes: number
  /** Bytes of source values kept to recognise repeats. */
  readonly copiesBytes: number
  readonly showValues: boolean
  readonly signal: AbortSignal
}

/** What became of one thread. */
export interface ThreadVerdict {
  readonly threadId: string
  readonly state: ThreadState
  readonly explained: Readonly<Explained>
  readonly differences: readonly Difference[]
  readonly compared: ComparedThread['compared']
  /** Something of it stands in Postgres. */
  readonly hasRows: boolean
  readonly recorded: LedgerThread | undefined
}

export interface VerifyListener {
  readSource(bytes: number): void
  readTarget(bytes: number): void
  /** Threads whose comparison is complete. */
  compared(verdicts: readonly ThreadVerdict[]): Promise<void>
  /** Whether differences are still to be told in detail. */
  readonly wantsDetails: boolean
}

interface Task {
  readonly threadId: string
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

/** Threads whose rows are read together. */
const TOGETHER = { items: 100, weight: 2000 } as const

export class ThreadVerification {
  private readonly strays: StrayKey[] = []
  private open: Open | undefined
  private done: { readonly task: Task; readonly thread: ComparedThread }[] = []

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

  async run(threads: AsyncIterable<ThreadKeys>): Promise<void> {
    const { signal, readBytes } = this.options
    const stream = this.source.readStream(this.requests(threads), { batchBytes: readBytes })
    for await (const { request, result } of stream) {
      signal.throwIfAborted()
      if (this.open?.task !== request.task) {
        await this.finish()
        this.open = this.start(request.task)
      }
      this.accept(request.claimed, result)
    }
    await this.finish()
    await this.settle()
  }

  private async *requests(threads: AsyncIterable<ThreadKeys>): AsyncGenerator<Request> {
    for await (const chunk of chunksOf(threads, TOGETHER)) {
      for (const task of await this.tasksOf(chunk)) {
        for (const claimed of task.order) yield { key: claimed.key, type: claimed.type, claimed, task }
      }
    }
  }

  private async tasksOf(threads: readonly ThreadKeys[]): Promise<Task[]> {
    const readable = threads.flatMap(({ threadId, keys }) => {
      const order = readingOrder(this.registry, this.registry.ofThread(keys))
      return order.length === 0 ? [] : [{ threadId, order }]
    })
    const threadIds = readable.map(({ threadId }) => threadId)
    const [stored, recorded] = await Promise.all([
      this.storedThreads(threadIds),
      this.ledger?.of(threadIds) ?? new Map<string, LedgerThread>(),
    ])
    return readable.map((thread) => ({
      ...thread,
      stored: stored.get(thread.threadId)!,
      recorded: recorded.get(thread.threadId),
    }))
  }

  private async storedThreads(threadIds: readonly string[]): Promise<Map<string, StoredThread>> {
    const { reading, schema, dialect } = this.target
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

  private async finish(): Promise<void> {
    const { open } = this
    if (open === undefined) return
    this.open = undefined
    const thread = open.pass.end()
    this.strays.push(...open.pass.strays)
    this.done.push({ task: open.task, thread })
    if (this.done.length >= TOGETHER.items) await this.settle()
  }

  /** Asks what is left to ask of the threads that are compared, and tells what became of them. */
  private async settle(): Promise<void> {
    const done = this.done.splice(0)
    if (done.length === 0) return
    const asRecorded = await this.ledger?.stillAsRecorded(
      done.flatMap(({ task, thread }) =>
        task.recorded === undefined ? [] : [{ recorded: task.recorded, doubtful: thread.doubtful }],
      ),
    )
    const verdicts: ThreadVerdict[] = []
    for (const { task, thread } of done) {
      const { threadId, compared, hasRows } = thread
      if (isNothing(thread) && task.recorded === undefined) continue
      const explained = { ...thread.explained }
      const differences = [...thread.differences]
      for (const doubt of thread.doubtful) {
        // The app adds writes to the newest checkpoint as soon as it goes on from there.
        const isLeftBehind = explained.ahead > 0 && task.recorded?.isNewest(doubt)
        if (asRecorded?.has(doubt)) explained.expired++
        else if (isLeftBehind) explained.ahead++
        else differences.push(...doubt.differences)
      }
      verdicts.push({
        threadId,
        state: stateOf({ explained, hasRows }, differences),
        explained,
        differences: await this.detailed(differences, thread.places),
        compared,
        hasRows,
        recorded: task.recorded,
      })
    }
    await this.listener.compared(verdicts)
  }

  /** Says of each difference what stands in Postgres. */
  private async detailed(
    differences: readonly Difference[],
    places: ReadonlyMap<Difference, StoredPlace>,
  ): Promise<Difference[]> {
    const detailed: Difference[] = []
    for (const difference of differences) {
      const place = places.get(difference)
      const target =
        place === undefined || !this.listener.wantsDetails ? undefined : await this.sideOf(difference, place)
      detailed.push(target === undefined ? difference : { ...difference, target })
    }
    return detailed
  }

  private async sideOf({ threadId, checkpointNs = '', checkpointId = '' }: Difference, place: StoredPlace) {
    const where = { threadId, checkpointNs, checkpointId, ...place }
    const value = await this.target.use((session) => readOneValue(session, this.target, where))
    return value && describe(value, this.options.showValues)
  }
}

/** Keys that looked like a thread and hold nothing of one, and Postgres has nothing either. */
const isNothing = ({ explained, compared, differences, hasRows }: ComparedThread): boolean =>
  !hasRows &&
  differences.length === 0 &&
  compared.checkpoints + compared.writes === 0 &&
  Object.values(explained).every((count) => count === 0)
