/** Pending writes of one thread, each by task and index: the order in which a reader sees them follows from these and the task's path. */
import { DecodeError, EncodeError } from '../../codec/bytes.js'
import type { PendingWrite } from '../../model/thread.js'
import type { Difference } from '../../model/verify-report.js'
import { misfitOfCast } from '../limits.js'
import { describe } from './describe.js'
import type { Outcome } from './outcome.js'
import { type ComparedWrite, checkpointKey, type StoredThread, writeKey } from './stored.js'
import { type Digest, digestOfSource } from './values.js'

/** A write that differs, held until it is known whether others of its checkpoint make up for it. */
interface Mismatch {
  readonly write: Pick<PendingWrite, 'checkpointNs' | 'checkpointId' | 'taskId' | 'idx'>
  readonly key: Buffer
  readonly source: string
  readonly target: string
  readonly difference: Omit<Difference, 'threadId'>
}

export class WriteComparison {
  private readonly mismatches = new Map<string, Mismatch[]>()

  constructor(
    private readonly stored: StoredThread,
    private readonly outcome: Outcome,
    private readonly options: { readonly showValues: boolean },
  ) {}

  compare(write: PendingWrite): void {
    const { checkpointNs, checkpointId, taskId, idx, channel, taskPath, value, origin } = write
    const { outcome } = this
    const digest = this.digestOf(write)
    const stored = this.stored.writes
      .get(checkpointKey(checkpointNs, checkpointId))
      ?.get(writeKey(taskId, idx))
    if (digest === undefined) {
      outcome.explained.leftOut++
      if (stored !== undefined) stored.isMatched = true
      return
    }
    outcome.compared.writes++
    const where = { checkpointNs, checkpointId, name: `${taskId}:${idx}` }
    if (stored === undefined) {
      if (outcome.recorded?.rejected(checkpointNs, checkpointId)) outcome.explained.leftOut++
      else
        outcome.differs(origin.key, {
          kind: 'missing',
          part: 'write',
          ...where,
          source: { ...describe(value, this.options.showValues), is: this.words(write) },
        })
      return
    }
    stored.isMatched = true
    if (stored.taskPath !== taskPath && !this.isOlderWriters(stored)) {
      outcome.differs(origin.key, {
        kind: 'differs',
        part: 'write',
        ...where,
        source: { is: `task path ${JSON.stringify(taskPath)}` },
        target: { is: `task path ${JSON.stringify(stored.taskPath)}` },
      })
    }
    if (stored.channel !== channel || stored.digest !== digest) this.mismatch(write, stored, digest)
  }

  /** All writes were given. */
  end(): void {
    for (const mismatches of this.mismatches.values()) {
      if (isPermutation(mismatches)) this.reordered(mismatches)
      else for (const mismatch of mismatches) this.differs(mismatch)
    }
  }

  private mismatch(write: PendingWrite, stored: ComparedWrite, digest: Digest): void {
    const { checkpointNs, checkpointId, taskId, idx, channel, value, origin } = write
    const key = checkpointKey(checkpointNs, checkpointId)
    const others = this.mismatches.get(key) ?? []
    this.mismatches.set(key, others)
    const isOtherChannel = stored.channel !== channel
    const shown = describe(value, this.options.showValues)
    others.push({
      write: { checkpointNs, checkpointId, taskId, idx },
      key: origin.key,
      source: `${channel}\0${digest}`,
      target: `${stored.channel}\0${stored.digest}`,
      difference: {
        kind: 'differs',
        part: 'write',
        checkpointNs,
        checkpointId,
        name: `${taskId}:${idx}`,
        source: { ...shown, is: `channel ${JSON.stringify(channel)}, ${shown.is}` },
        ...(isOtherChannel && { target: { is: `channel ${JSON.stringify(stored.channel)}` } }),
      },
    })
  }

  private differs({ key, difference, write }: Mismatch): void {
    const place = { table: 'checkpoint_writes', taskId: write.taskId, idx: write.idx } as const
    this.outcome.differs(key, difference, difference.target === undefined ? place : undefined)
  }

  private reordered(mismatches: readonly Mismatch[]): void {
    const [{ key, write }] = mismatches as [Mismatch]
    const { checkpointNs, checkpointId } = write
    this.outcome.differs(key, {
      kind: 'differs',
      part: 'write-order',
      checkpointNs,
      checkpointId,
      name: mismatches.map(({ difference }) => difference.name).join(', '),
      note: 'the same writes in another order',
    })
  }

  /** Undefined where the official saver could not store it. */
  private digestOf({ value, channel, taskId }: PendingWrite): Digest | undefined {
    if ((misfitOfCast('channel', channel) ?? misfitOfCast('task id', taskId)) !== undefined) return undefined
    try {
      return digestOfSource(this.stored.forms.source(value), true)
    } catch (error) {
      if (error instanceof DecodeError || error instanceof EncodeError) return undefined
      throw error
    }
  }

  /** Older savers left the path empty; rows that were there before the first run may be theirs. */
  private isOlderWriters(stored: ComparedWrite): boolean {
    return stored.taskPath === '' && (this.outcome.recorded?.hadRowsBefore ?? false)
  }

  private words({ channel, value }: PendingWrite): string {
    return `channel ${JSON.stringify(channel)}, ${describe(value).is}`
  }
}

/** What the source has at these places is what Postgres has there, only at others of them. */
function isPermutation(mismatches: readonly Mismatch[]): boolean {
  const sources = mismatches.map(({ source }) => source).sort()
  const targets = mismatches.map(({ target }) => target).sort()
  return mismatches.length > 1 && sources.every((source, at) => source === targets[at])
}
