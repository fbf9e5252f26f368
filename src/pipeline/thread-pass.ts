/**
 * One thread on its way from its keys to rows: hands each value to the reader of its layout, and the records to the converter.
 * Holds what the ledger and the report want to know of it.
 */
import { tsOf } from '../convert/checkpoint-ts.js'
import type { Dialect, RecordTaker } from '../convert/converter.js'
import type { ClaimedKey, RecordSink, ThreadReader } from '../layouts/layout.js'
import { isLayoutAfter, type LayoutRegistry } from '../layouts/registry.js'
import { ThreadAge } from '../model/age.js'
import { CheckpointDays } from '../model/checkpoint-days.js'
import { type Finding, kindOf } from '../model/finding.js'
import type { ReadResult } from '../model/redis-value.js'
import type { Checkpoint, Origin, PendingWrite, StoredChannelValue } from '../model/thread.js'
import { timeOfUuid6 } from '../model/uuid6.js'
import { sourceDigest } from './source-digest.js'

/** A key that was read, as the ledger remembers it. */
export interface ReadKey {
  readonly key: Buffer
  readonly digest: Buffer
}

export type ReadValue = Extract<ReadResult, { state: 'read' }>

export const digested = (key: Buffer, { value }: ReadValue): ReadKey => ({ key, digest: sourceDigest(value) })

/** Keys that turned out to belong elsewhere. */
export interface StrayKey {
  readonly key: ClaimedKey
  readonly threadId: string
}

export interface ThreadPassOptions {
  /** Those that claim keys of the thread. */
  readonly layouts: ReadonlySet<string>
  /** Records of the other language are refused, once a thread by name. */
  readonly dialect?: Dialect | undefined
  /** What is kept of a key that was read. */
  readonly remember?: (key: Buffer, read: ReadValue) => ReadKey
}

export class ThreadPass<Made> {
  readonly readKeys: ReadKey[] = []
  readonly strays: StrayKey[] = []
  private readonly layoutsOfCheckpoints = new Set<string>()
  /** Savers share the names of writes: these count only where there is no checkpoint. */
  private readonly layoutsOfWrites = new Set<string>()
  /** Bytes of the values read. */
  bytesRead = 0
  /** Milliseconds that the longest-lived of its keys still has; −1: some key lives for ever; null: nothing was read. */
  longestPttlMs: number | null = null
  /** Milliseconds that the first of its keys to go still has; null: none expires. */
  shortestPttlMs: number | null = null
  readonly days = new CheckpointDays()
  private readonly startedMs = Date.now()
  /** What ids do not tell: `ts` and the times that savers note beside a checkpoint or a write. */
  private readonly age = new ThreadAge(this.startedMs)
  private readonly readers = new Map<string, ThreadReader>()
  private readonly records: RecordSink
  private readonly dialect: Dialect | undefined
  private readonly remember: (key: Buffer, read: ReadValue) => ReadKey
  private readonly waiting:
    | {
        readonly checkpoints: Checkpoint[]
        readonly writes: PendingWrite[]
        readonly channelValues: StoredChannelValue[]
      }
    | undefined

  constructor(
    readonly threadId: string,
    private readonly registry: LayoutRegistry,
    private readonly converter: RecordTaker<Made>,
    private readonly report: (finding: Finding) => void,
    { layouts, dialect, remember = digested }: ThreadPassOptions,
  ) {
    this.dialect = dialect
    this.remember = remember
    // Where several layouts hold one thread, the order over all of them is known only at the end.
    this.waiting = layouts.size > 1 ? { checkpoints: [], writes: [], channelValues: [] } : undefined
    this.records = {
      checkpoint: (checkpoint) => this.takeCheckpoint(checkpoint),
      write: (write) => this.takeWrite(write),
      channelValue: (value) => this.takeChannelValue(value),
      finding: (finding) => this.takeFinding(finding),
      belongsTo: (key, threadId) => this.strays.push({ key, threadId }),
      notMine: (key) => this.passOn(key),
    }
  }

  /** Milliseconds since 1970; null where only ids tell of the thread's age, or nothing does. */
  get notedMs(): number | null {
    return this.age.latestMs
  }

  /** Those whose savers wrote the thread. */
  get layouts(): ReadonlySet<string> {
    return this.layoutsOfCheckpoints.size > 0 ? this.layoutsOfCheckpoints : this.layoutsOfWrites
  }

  /** What came back for one key of this thread. */
  accept(key: ClaimedKey, result: ReadResult): void {
    switch (result.state) {
      case 'read':
        this.bytesRead += result.sizeBytes
        this.readKeys.push(this.remember(key.key, result))
        this.livesFor(result.pttlMs)
        this.read(key, result)
        return
      case 'too-large':
        this.takeFinding({ ...about(key), reason: 'too-large', detail: `value of ${result.sizeBytes} bytes` })
        return
      case 'type-changed':
        this.takeFinding({ ...about(key), reason: 'gone', detail: `the key is a ${result.type} now` })
        return
      case 'gone':
        this.takeFinding({ ...about(key), reason: 'gone' })
    }
  }

  end(): Made {
    for (const reader of this.readers.values()) reader.end()
    if (this.waiting !== undefined) {
      const { checkpoints, writes, channelValues } = this.waiting
      for (const checkpoint of checkpoints.sort((a, b) => this.compare(a, b)))
        this.converter.checkpoint(checkpoint)
      for (const write of writes) this.converter.write(write)
      for (const value of channelValues) this.converter.channelValue(value)
    }
    return this.converter.end()
  }

  private current: { readonly key: ClaimedKey; readonly result: ReadValue } | undefined

  private read(key: ClaimedKey, result: ReadValue): void {
    this.current = { key, result }
    const id = this.registry.readerOf(key.layout)
    let reader = this.readers.get(id)
    if (reader === undefined) {
      reader = this.registry.byId(id).openThread(this.threadId, this.records)
      this.readers.set(id, reader)
    }
    reader.accept(key, result.value)
  }

  /** The value showed that its layout was not the right one: the next that claims the key gets it. */
  private passOn(key: ClaimedKey): void {
    const { current } = this
    const next = this.registry.claimAfter(key)
    if (next === null || current === undefined || !current.key.key.equals(key.key)) {
      this.takeFinding({
        ...about(key),
        reason: key.role === 'checkpoint' ? 'not-a-checkpoint' : 'foreign-key',
        ...(current && { detail: `${key.type} of ${current.result.sizeBytes} bytes that no saver wrote` }),
      })
    } else if (next.threadId !== this.threadId) {
      this.strays.push({ key: next, threadId: next.threadId })
    } else {
      this.read(next, current.result)
    }
  }

  private takeCheckpoint(checkpoint: Checkpoint): void {
    this.layoutsOfCheckpoints.add(checkpoint.origin.layout)
    if (this.isOfOtherDialect(checkpoint)) return
    this.days.add(checkpoint.checkpointId)
    if (timeOfUuid6(checkpoint.checkpointId, this.startedMs) === null)
      this.age.checkpoint({ ...checkpoint, ts: tsOf(checkpoint) })
    if (this.waiting === undefined) this.converter.checkpoint(checkpoint)
    else this.waiting.checkpoints.push(checkpoint)
  }

  private takeWrite(write: PendingWrite): void {
    this.layoutsOfWrites.add(write.origin.layout)
    if (this.isOfOtherDialect(write)) return
    this.age.write(write)
    if (this.waiting === undefined) this.converter.write(write)
    else this.waiting.writes.push(write)
  }

  private takeChannelValue(value: StoredChannelValue): void {
    if (this.isOfOtherDialect(value)) return
    if (this.waiting === undefined) this.converter.channelValue(value)
    else this.waiting.channelValues.push(value)
  }

  private hasOtherDialect = false

  private isOfOtherDialect({ origin }: { readonly origin: Origin }): boolean {
    const { title, dialect } = this.registry.byId(origin.layout)
    if (this.dialect === undefined || dialect === this.dialect) return false
    if (!this.hasOtherDialect) {
      this.hasOtherDialect = true
      const { threadId } = this
      this.takeFinding({ reason: 'other-dialect', threadId, key: origin.key, detail: title })
    }
    return true
  }

  private takeFinding(finding: Finding): void {
    if (kindOf(finding) === 'rejected') {
      const { checkpointNs = '', checkpointId } = finding
      this.converter.unreadable(
        checkpointNs,
        checkpointId === undefined || checkpointId === '' ? null : checkpointId,
      )
    }
    this.report(finding)
  }

  private livesFor(pttlMs: number): void {
    if (pttlMs === -1 || this.longestPttlMs === -1) this.longestPttlMs = -1
    else this.longestPttlMs = Math.max(this.longestPttlMs ?? 0, pttlMs)
    if (pttlMs >= 0) this.shortestPttlMs = Math.min(this.shortestPttlMs ?? pttlMs, pttlMs)
  }

  /** Parents before children; of one checkpoint the newer layout first, so that the older one is the copy. */
  private compare(a: Checkpoint, b: Checkpoint): number {
    if (a.checkpointNs !== b.checkpointNs) return a.checkpointNs < b.checkpointNs ? -1 : 1
    if (a.checkpointId !== b.checkpointId) return a.checkpointId < b.checkpointId ? -1 : 1
    return isLayoutAfter(this.registry, a.origin.layout, b.origin.layout) ? 1 : -1
  }
}

const about = (key: ClaimedKey) => ({
  threadId: key.threadId,
  checkpointNs: key.checkpointNs,
  ...(key.role === 'checkpoint' ? { checkpointId: key.checkpointId } : {}),
  key: key.key,
})
