/**
 * Compares one thread: records of the source as they come, with what was read of Postgres before. Values meet as digests, so that nothing
 * of a thread is held but its names. What differs is named; what the ledger explains is counted.
 */
import type { Checkpoint, PendingWrite, StoredChannelValue } from '../../model/thread.js'
import { NULL_TASK_ID, TASKS_CHANNEL } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import { topLevelOf } from '../top-level.js'
import { CheckpointComparison } from './checkpoint.js'
import { type ComparedThread, Outcome } from './outcome.js'
import type { RecordedThread } from './recorded.js'
import { SourceDigests } from './source.js'
import { checkpointKey, type StoredThread } from './stored.js'
import { explainRest } from './surplus.js'
import { WriteComparison } from './writes.js'

export interface CompareOptions {
  /** Absent where no ledger knows the thread. */
  readonly recorded?: RecordedThread
  /** A ledger was asked. */
  readonly hasLedger: boolean
  readonly showValues: boolean
  /** Bytes of source values kept to recognise repeats. */
  readonly copiesBytes: number
}

/** What is kept of a checkpoint of the source. */
export interface SourceCheckpoint {
  readonly checkpointNs: string
  readonly checkpointId: string
  /** It cannot be read, or not be stored: nothing in Postgres is compared with it. */
  readonly isLeftOut: boolean
}

export class ThreadComparison {
  /** By namespace and id; the first record of a checkpoint counts. */
  private readonly checkpoints = new Map<string, SourceCheckpoint>()
  private readonly outcome: Outcome
  private readonly digests: SourceDigests
  private readonly values: CheckpointComparison
  private readonly writes: WriteComparison
  /** Sends of v < 4 by the parent whose writes they are, unless that has Sends of its own. */
  private readonly sends = new Map<string, { readonly child: Checkpoint; readonly sends: readonly Value[] }>()
  private readonly oldParents = new Set<string>()
  private readonly parentsWithSends = new Set<string>()

  constructor(
    private readonly threadId: string,
    private readonly stored: StoredThread,
    private readonly options: CompareOptions,
  ) {
    this.outcome = new Outcome(threadId, options.recorded)
    this.digests = new SourceDigests(stored.dialect, options.copiesBytes, stored.forms)
    this.values = new CheckpointComparison(stored, this.outcome, options)
    this.writes = new WriteComparison(stored, this.outcome, options)
  }

  checkpoint(checkpoint: Checkpoint): void {
    const { checkpointNs, checkpointId, origin } = checkpoint
    const key = checkpointKey(checkpointNs, checkpointId)
    if (this.checkpoints.has(key)) return
    const digests = this.digests.of(checkpoint)
    this.checkpoints.set(key, { checkpointNs, checkpointId, isLeftOut: digests === undefined })
    if (digests === undefined) {
      this.outcome.explained.leftOut++
      return
    }
    this.keepSends(checkpoint)
    if (!this.values.compare(checkpoint, digests)) this.missing(checkpoint, origin.key)
  }

  write(write: PendingWrite): void {
    const { checkpointNs, checkpointId, channel } = write
    const key = checkpointKey(checkpointNs, checkpointId)
    const checkpoint = this.checkpoints.get(key)
    const isOldSend = channel === TASKS_CHANNEL && this.oldParents.has(key)
    // A write whose checkpoint is gone from both sides is none: nothing could resume from it.
    const isSomewhere = checkpoint !== undefined || isOldSend || this.stored.checkpoints.has(key)
    if (checkpoint?.isLeftOut || !isSomewhere) return
    if (channel === TASKS_CHANNEL) this.parentsWithSends.add(key)
    // Of a missing checkpoint the writes are missing too: it was said once.
    if (checkpoint !== undefined && !this.stored.checkpoints.has(key)) return
    this.writes.compare(write)
  }

  channelValue(value: StoredChannelValue): void {
    this.values.channelValue(value)
  }

  unreadable(checkpointNs: string, checkpointId: string | null): void {
    this.outcome.explained.leftOut++
    if (checkpointId === null) return
    const key = checkpointKey(checkpointNs, checkpointId)
    if (!this.checkpoints.has(key)) this.checkpoints.set(key, { checkpointNs, checkpointId, isLeftOut: true })
  }

  /** All records were given. */
  end(): ComparedThread {
    const { outcome, stored, threadId } = this
    this.digests.release()
    this.placeSends()
    this.values.end()
    this.writes.end()
    explainRest(stored, this.checkpoints, outcome)
    const { differences, doubtful, explained, compared, places } = outcome
    return { threadId, differences, doubtful, explained, compared, places, hasRows: !stored.isEmpty }
  }

  private missing(checkpoint: Checkpoint, key: Buffer): void {
    const { explained, recorded } = this.outcome
    const { checkpointNs, checkpointId } = checkpoint
    if (recorded?.wrote(checkpointNs, checkpointId)) explained.deleted++
    else if (recorded?.rejected(checkpointNs, checkpointId) || recorded?.isRejected) explained.leftOut++
    else if (recorded === undefined ? this.isNewer(checkpoint) : !recorded.isAsRecorded(key))
      explained.behind++
    else if (recorded?.isBounded) explained.skipped++
    else this.outcome.add({ kind: 'missing', part: 'checkpoint', checkpointNs, checkpointId })
  }

  /** Without a ledger's word: Redis went on after the newest checkpoint that Postgres has; or nothing was migrated yet. */
  private isNewer({ checkpointNs, checkpointId }: Checkpoint): boolean {
    if (this.stored.isEmpty) return this.options.hasLedger
    const newest = this.stored.newest.get(checkpointNs) ?? this.stored.newestOfAll
    return checkpointId > newest
  }

  private keepSends(checkpoint: Checkpoint): void {
    const { checkpointNs, parentCheckpointId, pendingSends } = checkpoint
    if (parentCheckpointId === null || formatVersionOf(checkpoint) >= 4) return
    const parent = checkpointKey(checkpointNs, parentCheckpointId)
    this.oldParents.add(parent)
    if (pendingSends.length > 0 && !this.sends.has(parent))
      this.sends.set(parent, { child: checkpoint, sends: pendingSends })
  }

  /** Of a parent that only the target still has: its own Sends stand there. */
  private hasStoredSends(parent: string): boolean {
    const writes = this.checkpoints.has(parent) ? undefined : this.stored.writes.get(parent)
    return [...(writes?.values() ?? [])].some(({ channel }) => channel === TASKS_CHANNEL)
  }

  /** Before v4 the Postgres savers look for a checkpoint's Sends among the writes of its parent. */
  private placeSends(): void {
    for (const [parent, { child, sends }] of this.sends) {
      if (this.parentsWithSends.has(parent) || this.hasStoredSends(parent)) continue
      const { threadId } = this
      const { checkpointNs, origin } = child
      sends.forEach((value, idx) => {
        this.write({
          threadId,
          checkpointNs,
          checkpointId: child.parentCheckpointId!,
          taskId: NULL_TASK_ID,
          taskPath: '',
          idx,
          channel: TASKS_CHANNEL,
          value,
          origin,
        })
      })
    }
  }
}

/** The checkpoint's `v`. */
function formatVersionOf({ fields }: Checkpoint): number {
  const v = fields.get('v')
  const top = v === undefined ? undefined : topLevelOf(v)
  return top?.kind === 'int' || top?.kind === 'float' ? Number(top.value) : 0
}
