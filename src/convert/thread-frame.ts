/**
 * What both dialects do with the records of a thread: each checkpoint once, writes only under checkpoints that are there, Sends where
 * the Postgres savers look for them, and a verdict on the whole. What the rows look like is the dialect's own.
 */
import type { Finding } from '../model/finding.js'
import type { KnownThread, RowSink } from '../model/rows.js'
import type { Checkpoint, PendingWrite, StoredChannelValue } from '../model/thread.js'
import { NULL_TASK_ID, ROOT_NS, TASKS_CHANNEL } from '../model/thread.js'
import type { Value } from '../model/value.js'
import { CheckpointIds } from './checkpoint-ids.js'
import type { ConvertedThread, ConvertOptions, ThreadConverter } from './converter.js'
import { CountedRows } from './counted-rows.js'
import { DeltaChains } from './delta-chains.js'
import { JoinedSizes } from './joined-sizes.js'
import { misfitOf } from './left-out.js'
import { refuseCheckpointIds, refuseWriteIds } from './record-ids.js'
import { type Found, ThreadFindings } from './thread-findings.js'
import { topLevelOf } from './top-level.js'

/** What a dialect makes of records. A record that cannot be kept throws (left-out.ts) before any row of it went out. */
export interface DialectRows {
  checkpoint(checkpoint: Checkpoint): void
  write(write: PendingWrite): void
  channelValue(value: StoredChannelValue): void
  /** All records were given. False: the thread must not be written. */
  end(): boolean
  readonly classes: ReadonlySet<string>
}

/** What a dialect is given to work with. */
export interface DialectContext {
  readonly threadId: string
  readonly known: KnownThread
  readonly rows: RowSink
  readonly findings: ThreadFindings
  readonly options: ConvertOptions
  readonly sizes: JoinedSizes
  /** Whether a checkpoint was there and could not be kept. */
  isLeftOut(checkpointNs: string, checkpointId: string): boolean
}

export class ThreadFrame implements ThreadConverter {
  private readonly dialect: DialectRows
  private readonly findings: ThreadFindings
  private readonly rows: CountedRows
  private readonly chains: DeltaChains
  /** Checkpoints that got a row, and those that were left out for a reason that is final. */
  private readonly written = new CheckpointIds()
  private readonly leftOut = new CheckpointIds()
  /** Those that stand in the target. The source may have lost them since, and still be given writes of them. */
  private readonly standing = new CheckpointIds()
  /** Those of the latter that could not be read at all: the thread would open at an older state. */
  private readonly unread = new CheckpointIds()
  /** Sends of v < 4 by the parent they belong to, until it is known whether that has writes of its own. */
  private readonly sends = new Map<string, { readonly child: Checkpoint; readonly sends: readonly Value[] }>()
  private readonly parentsOfOldChildren = new CheckpointIds()
  private readonly parentsWithTasks = new CheckpointIds()
  private readonly interrupted = new CheckpointIds()
  private valuesSeen = 0
  private rejects = 0
  /** A checkpoint that has its row already needs a value that cannot be kept. */
  private lacksValue = false

  constructor(
    private readonly threadId: string,
    known: KnownThread,
    rows: RowSink,
    report: (finding: Finding) => void,
    private readonly options: ConvertOptions,
    openDialect: (context: DialectContext) => DialectRows,
  ) {
    this.findings = new ThreadFindings(threadId, report)
    const sizes = new JoinedSizes(known.blobs, options.maxJoinedBytes)
    this.rows = new CountedRows(rows, sizes)
    this.chains = new DeltaChains(known.checkpoints)
    for (const checkpoint of known.checkpoints) this.standing.add(checkpoint)
    this.dialect = openDialect({
      threadId,
      known,
      rows: this.rows,
      findings: this.findings,
      options,
      sizes,
      isLeftOut: (checkpointNs, checkpointId) => this.leftOut.has({ checkpointNs, checkpointId }),
    })
  }

  checkpoint(checkpoint: Checkpoint): void {
    if (this.written.has(checkpoint)) {
      this.findings.add('older-copy', checkpoint)
      return
    }
    this.valuesSeen += checkpoint.channelValues.size
    try {
      this.findings.unlessLeftOut(() => {
        refuseCheckpointIds(checkpoint)
        this.dialect.checkpoint(checkpoint)
      })
    } catch (error) {
      const { reason, detail } = misfitOf(error)
      this.rejects++
      this.leftOut.add(checkpoint)
      this.findings.add(reason, checkpoint, detail)
      return
    }
    this.chains.checkpoint(checkpoint)
    this.written.add(checkpoint)
    this.keepSends(checkpoint)
  }

  write(write: PendingWrite): void {
    if (this.leftOut.has(write)) return
    const { taskId, idx, channel } = write
    const isSend = channel === TASKS_CHANNEL && this.parentsOfOldChildren.has(write)
    if (!this.written.has(write) && !this.standing.has(write) && !isSend) {
      this.findings.add(write.isReplaced ? 'replaced-write' : 'orphan-write', write)
      return
    }
    try {
      this.findings.unlessLeftOut(() => {
        refuseWriteIds(write)
        this.dialect.write(write)
      })
      if (channel === TASKS_CHANNEL) this.parentsWithTasks.add(write)
      if (channel === '__interrupt__') this.interrupted.add(write)
    } catch (error) {
      const { reason, detail } = misfitOf(error)
      this.rejects++
      this.findings.add(reason, write, `write ${taskId}:${idx}, channel ${channel}: ${detail}`)
    }
  }

  channelValue(value: StoredChannelValue): void {
    try {
      this.dialect.channelValue(value)
    } catch (error) {
      const { reason, detail } = misfitOf(error)
      this.rejects++
      this.lacksValue = true
      this.findings.add(reason, value, `channel ${value.channel}: ${detail}`)
    }
  }

  unreadable(checkpointNs: string, checkpointId: string | null): void {
    this.rejects++
    if (checkpointId === null) return
    this.leftOut.add({ checkpointNs, checkpointId })
    this.unread.add({ checkpointNs, checkpointId })
  }

  end(): ConvertedThread {
    this.placeSends()
    const { checkpoints } = this.rows.counts
    const heads = this.written.heads()
    const isComplete = this.dialect.end() && !this.lacksValue
    const isRejected =
      !isComplete || this.chainsBroken() || this.opensOlder(heads) || (checkpoints === 0 && this.rejects > 0)
    const root = heads.get(ROOT_NS)
    return {
      threadId: this.threadId,
      completeness: isRejected ? 'rejected' : this.rejects > 0 ? 'partial' : 'whole',
      ...this.rows.counts,
      valuesSeen: this.valuesSeen,
      waitsAtInterrupt:
        root !== undefined && this.interrupted.has({ checkpointNs: ROOT_NS, checkpointId: root }),
      heads,
      classes: this.dialect.classes,
    }
  }

  private keepSends(checkpoint: Checkpoint): void {
    const { checkpointNs, parentCheckpointId, pendingSends } = checkpoint
    if (parentCheckpointId === null) {
      if (pendingSends.length > 0)
        this.findings.add('unsupported-value', checkpoint, 'pending Sends of a checkpoint without a parent')
      return
    }
    if (versionOf(checkpoint) >= 4) return
    this.parentsOfOldChildren.add({ checkpointNs, checkpointId: parentCheckpointId })
    const parent = `${checkpointNs}\0${parentCheckpointId}`
    if (pendingSends.length > 0 && !this.sends.has(parent))
      this.sends.set(parent, { child: checkpoint, sends: pendingSends })
  }

  /** Before v4 the Postgres savers look for a checkpoint's Sends among the writes of its parent. */
  private placeSends(): void {
    for (const { child, sends } of this.sends.values()) {
      const { threadId, checkpointNs, origin } = child
      const parent = { checkpointNs, checkpointId: child.parentCheckpointId! }
      if (this.parentsWithTasks.has(parent)) continue
      sends.forEach((value, idx) => {
        const task = { taskId: NULL_TASK_ID, taskPath: '', idx, channel: TASKS_CHANNEL }
        this.write({ threadId, ...parent, ...task, value, origin })
      })
      this.findings.add('sends-moved', child, `${sends.length} Sends`)
    }
  }

  private chainsBroken(): boolean {
    const broken = this.chains.broken((checkpoint) => this.leftOut.has(checkpoint))
    for (const { link, detail } of broken) this.findings.add('broken-delta-chain', link, detail)
    return broken.length > 0
  }

  /**
   * A head that could not be read may be read one day: until then the thread would open at an older state. A head that was
   * read, but that the official Postgres saver itself refuses to store, is another matter: its thread ends there as it would
   * have ended on Postgres.
   */
  private opensOlder(heads: ReadonlyMap<string, string>): boolean {
    if (this.options.allowOlderHead) return false
    let older = false
    for (const [checkpointNs, checkpointId] of this.unread.heads()) {
      const head = heads.get(checkpointNs)
      if (head === undefined || head > checkpointId) continue
      const found: Found = { checkpointNs, checkpointId }
      this.findings.add('older-head', found)
      older = true
    }
    return older
  }
}

/** The checkpoint's `v`; Sends moved into a channel of their own with v4. */
function versionOf(checkpoint: Checkpoint): number {
  const v = checkpoint.fields.get('v')
  const top = v === undefined ? undefined : topLevelOf(v)
  return top?.kind === 'int' || top?.kind === 'float' ? Number(top.value) : 0
}
