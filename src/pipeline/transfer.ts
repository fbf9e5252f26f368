/**
 * The flow of one pass: threads of the inventory → values → records → rows → batches. Reading runs ahead of converting, and a
 * batch commits while the next one is converted; what is held is bounded by bytes.
 */
import type { ConvertedThread, ConvertOptions, OpenConverter } from '../convert/converter.js'
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { Finding } from '../model/finding.js'
import type { ReadResult } from '../model/redis-value.js'
import { type KnownThread, UNKNOWN_THREAD } from '../model/rows.js'
import type { ThreadFacts } from '../model/run.js'
import type { Source } from '../source/source.js'
import { Batch } from '../target/batch.js'
import type { BatchSink, Committed, ThreadCommit } from '../target/writer.js'
import { type StrayKey, ThreadPass } from './thread-pass.js'

/** All keys of one thread, as the inventory gives them. */
export interface ThreadKeys {
  readonly threadId: string
  readonly keys: readonly ClaimedKey[]
}

export interface TransferOptions {
  readonly convert: ConvertOptions
  readonly openConverter: OpenConverter
  /** Bytes of source values asked for at once. */
  readonly readBytes: number
  /** Bytes of rows in one transaction. */
  readonly batchBytes: number
  /** Bytes of one thread's rows beyond which they are staged. */
  readonly stageBytes: number
  readonly signal: AbortSignal
}

/** What is told of each batch once it is committed, and of each thread that was left out. */
export interface TransferListener {
  read(bytes: number): void
  /** A thread of which only indexes and pointers are left. */
  nothingToRead(thread: ThreadKeys): void
  threadLeftOut(facts: ThreadFacts): void
  committed(threads: readonly ThreadCommit[], committed: Committed): void
}

/** A thread on its way, with the row counts and findings it has gathered. */
interface Task extends ThreadKeys {
  readonly order: readonly ClaimedKey[]
  readonly existed: boolean
}
interface Request {
  readonly key: Buffer
  readonly type: string
  readonly claimed: ClaimedKey | null
  readonly task: Task
}

const LOOK_UP_THREADS = 200
const MAX_THREADS_A_BATCH = 1000

export class Transfer {
  private batch = new Batch()
  private pending: ThreadCommit[] = []
  private underWay: Promise<void> = Promise.resolve()
  private open: OpenThread | undefined
  private readonly strays: StrayKey[] = []

  constructor(
    private readonly source: Source,
    private readonly sink: BatchSink,
    private readonly registry: LayoutRegistry,
    private readonly listener: TransferListener,
    private readonly options: TransferOptions,
  ) {}

  /** Moves the threads; then those whose documents said that they belong to another thread than their key. */
  async run(threads: AsyncIterable<ThreadKeys>): Promise<void> {
    await this.pass(threads)
    while (this.strays.length > 0) await this.pass(asyncOf(byThread(this.strays.splice(0))))
    await this.sink.end()
  }

  private async pass(threads: AsyncIterable<ThreadKeys>): Promise<void> {
    try {
      const stream = this.source.readStream(this.requests(threads), { batchBytes: this.options.readBytes })
      for await (const { request, result } of stream) {
        this.options.signal.throwIfAborted()
        if (this.open?.task !== request.task) {
          await this.finish()
          this.open = await this.start(request.task)
        }
        await this.accept(request.claimed, result)
      }
      await this.finish()
      await this.flush()
      await this.underWay
    } catch (error) {
      await this.underWay.catch(() => {})
      if (this.sink.isStaging) await this.sink.abandonStaged()
      throw error
    }
  }

  /** The keys to read, thread by thread; the target is asked about many threads at once, ahead of time. */
  private async *requests(threads: AsyncIterable<ThreadKeys>): AsyncGenerator<Request> {
    for await (const chunk of chunksOf(threads, LOOK_UP_THREADS)) {
      const existing = await this.sink.existing(chunk.map(({ threadId }) => threadId))
      for (const { threadId, keys } of chunk) {
        const order = this.readingOrder(keys)
        if (order.length === 0) this.listener.nothingToRead({ threadId, keys })
        const task: Task = { threadId, keys, order, existed: existing.has(threadId) }
        for (const claimed of order) yield { key: claimed.key, type: claimed.type, claimed, task }
      }
    }
  }

  /** Each layout orders its own keys; older layouts first, because newer documents have older parents. */
  private readingOrder(keys: readonly ClaimedKey[]): readonly ClaimedKey[] {
    const byLayout = new Map<string, ClaimedKey[]>()
    for (const key of keys) {
      const group = byLayout.get(key.layout)
      if (group === undefined) byLayout.set(key.layout, [key])
      else group.push(key)
    }
    return [...byLayout]
      .sort(([a], [b]) => this.registry.rank(b) - this.registry.rank(a))
      .flatMap(([id, group]) => this.registry.byId(id).readingOrder(group))
  }

  private async start(task: Task): Promise<OpenThread> {
    const known = task.existed ? await this.sink.known(task.threadId) : UNKNOWN_THREAD
    this.batch.beginThread(task.threadId)
    return new OpenThread(task, known, this.batch, this.registry, this.options)
  }

  private async accept(claimed: ClaimedKey | null, result: ReadResult): Promise<void> {
    const { pass } = this.open!
    if (claimed === null) return
    pass.accept(claimed, result)
    if (result.state === 'read') this.listener.read(result.sizeBytes)
    if (this.batch.openBytes < this.options.stageBytes) return
    // Threads that are complete in this batch go first: staging empties its buffers.
    if (!this.sink.isStaging) await this.flush()
    await this.underWay
    this.open!.stagedBytes += this.batch.openBytes
    await this.sink.stage(this.batch)
  }

  private async finish(): Promise<void> {
    const { open } = this
    if (open === undefined) return
    this.open = undefined
    const converted = open.pass.end()
    this.strays.push(...open.pass.strays)
    const facts = open.facts(converted, open.stagedBytes + this.batch.openBytes)
    if (converted.completeness === 'rejected' || converted.checkpoints + converted.writes === 0) {
      if (this.sink.isStaging) await this.sink.abandonStaged()
      this.batch.dropThread()
      this.listener.threadLeftOut(facts)
      return
    }
    const thread = { span: this.batch.endThread(), facts, existed: open.task.existed }
    if (this.sink.isStaging) {
      this.listener.committed([thread], await this.sink.commitStaged(this.batch, thread))
      this.batch = new Batch()
      return
    }
    this.pending.push(thread)
    if (this.batch.bytes >= this.options.batchBytes || this.pending.length >= MAX_THREADS_A_BATCH)
      await this.flush()
  }

  /** Hands the complete threads over; the open one, if any, goes on in a batch of its own. */
  private async flush(): Promise<void> {
    if (this.pending.length === 0) return
    const threads = this.pending
    const { batch } = this
    this.pending = []
    await this.underWay
    const commit = async () => this.listener.committed(threads, await this.sink.commit(batch, threads))
    if (this.open !== undefined) {
      // The open thread's rows lie behind these in the same buffers.
      await commit()
      batch.spans.length = 0
      return
    }
    this.batch = new Batch()
    this.underWay = commit()
    // The error is thrown where it is awaited; until then it must not count as unhandled.
    this.underWay.catch(() => {})
  }
}

/** The thread that is being converted. */
class OpenThread {
  readonly pass: ThreadPass
  readonly findings: Finding[] = []
  /** Bytes of its rows that are at the target already. */
  stagedBytes = 0

  constructor(
    readonly task: Task,
    known: KnownThread,
    batch: Batch,
    registry: LayoutRegistry,
    options: TransferOptions,
  ) {
    const report = (finding: Finding) => this.findings.push(finding)
    const converter = options.openConverter(task.threadId, known, batch, report, options.convert)
    const layouts = new Set(task.order.map((key) => key.layout))
    this.pass = new ThreadPass(task.threadId, registry, converter, report, layouts)
  }

  facts(converted: ConvertedThread, targetBytes: number): ThreadFacts {
    const { pass, task } = this
    const read = new Set(task.order)
    return {
      threadId: task.threadId,
      layouts: [...pass.layouts],
      completeness: converted.completeness,
      checkpoints: converted.checkpoints,
      writes: converted.writes,
      blobs: converted.blobs,
      sourceBytes: pass.bytesRead,
      targetBytes,
      sourceKeys: pass.readKeys,
      unreadKeys: task.keys.filter((key) => !read.has(key)).map((key) => key.key),
      longestPttlMs: pass.longestPttlMs,
      heads: converted.heads,
      findings: this.findings,
    }
  }
}

function byThread(strays: readonly StrayKey[]): ThreadKeys[] {
  const groups = new Map<string, ClaimedKey[]>()
  for (const { key, threadId } of strays) {
    const moved = { ...key, threadId }
    const group = groups.get(threadId)
    if (group === undefined) groups.set(threadId, [moved])
    else group.push(moved)
  }
  return [...groups].map(([threadId, keys]) => ({ threadId, keys }))
}

async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}

async function* chunksOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = []
  for await (const item of items) {
    chunk.push(item)
    if (chunk.length < size) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}
