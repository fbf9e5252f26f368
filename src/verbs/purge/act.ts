/** Deletes the keys of threads that may be purged: on record first, archived first, then each thread in as few steps as can be. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../model/failure.js'
import type { PurgeLeft } from '../../model/purge-report.js'
import { slicesBySize } from '../../model/slices.js'
import { retried } from '../../pipeline/retried.js'
import { Pace } from '../../source/pace.js'
import type { Purged } from '../../source/purge.js'
import type { Lease } from '../../target/ledger/lease.js'
import { type PurgeStep, recordPurge } from '../../target/ledger/purge-ledger.js'
import type { PurgeArchive } from './archive.js'
import type { Candidate } from './candidates.js'
import { type PurgeKey, stepsOf } from './order.js'
import type { PurgeRequest } from './request.js'
import { keysText } from './rules.js'

/** What became of one thread. */
export interface Outcome {
  readonly candidate: Candidate
  /** `left`: as it was, or with the keys that an earlier step had deleted. */
  readonly state: 'purged' | 'left'
  readonly reason?: PurgeLeft
  readonly detail?: string
  readonly deleted: number
  readonly absent: number
  /** Indexes that are still needed. */
  readonly kept: number
  readonly bytes: number
  readonly archived: number
}

/** Threads whose steps are on their way: the server finds the next one waiting, and serves others in between. */
const THREADS_AT_ONCE = 3
/** Bytes of dumps held at once. */
const ARCHIVE_BYTES = 8 * 1024 ** 2

export class PurgeAct {
  readonly #pace: Pace

  constructor(
    private readonly request: PurgeRequest,
    private readonly lease: Lease,
    private readonly tell: (outcome: Outcome) => void,
  ) {
    this.#pace = paceOf(request)
  }

  /** Threads of which an earlier purge has left nothing. */
  async finish(threadIds: readonly string[]): Promise<void> {
    if (threadIds.length > 0) await this.record({ done: threadIds })
  }

  async run(candidates: readonly Candidate[]): Promise<void> {
    const ready = await this.archived(candidates)
    if (ready.length === 0) return
    const recorded = ready.filter(({ candidate }) => candidate.isRecorded)
    await this.record({ begun: recorded.map(({ candidate }) => candidate.threadId) })
    const done: string[] = []
    // Whatever happens: threads that were not come to are as they were.
    const waiting = new Set(recorded.filter(({ candidate }) => !candidate.wasPurging))
    const refused = new Set<Archived>()
    let failure: unknown
    const underWay: Promise<void>[] = []
    // A pace is kept thread by thread.
    const atOnce = this.request.keysPerSecond === null ? THREADS_AT_ONCE : 1
    try {
      for (const entry of ready) {
        this.request.signal.throwIfAborted()
        await this.#pace.turn()
        const wasWaiting = waiting.delete(entry)
        const running = this.thread(entry).then((outcome) => {
          if (outcome.state === 'purged' && entry.candidate.isRecorded) done.push(entry.candidate.threadId)
          else if (outcome.deleted === 0 && wasWaiting) waiting.add(entry)
          this.tell(outcome)
        })
        // An error is thrown where it is awaited; until then it must not count as unhandled.
        running.catch((error) => {
          if (wasWaiting && isRefusal(error)) refused.add(entry)
        })
        underWay.push(running)
        if (underWay.length >= atOnce) await underWay.shift()
      }
      await Promise.all(underWay)
    } catch (error) {
      failure = error
      await Promise.allSettled(underWay)
    }
    for (const entry of refused) if (await this.isWhole(entry.candidate)) waiting.add(entry)
    const untouched = [...waiting].map(({ candidate }) => candidate.threadId)
    // What is not told stays "purging", which is always true enough: the next purge looks again.
    await this.record({ done, untouched }).catch((error) => {
      failure ??= error
    })
    if (failure !== undefined) throw failure
  }

  /** Those that are in the archive and on disk; all where there is no archive. */
  private async archived(candidates: readonly Candidate[]): Promise<Archived[]> {
    const { archive } = this.request
    if (archive === null) return candidates.map((candidate) => ({ candidate, archived: 0 }))
    const ready: Archived[] = []
    for (const candidate of candidates) {
      this.request.signal.throwIfAborted()
      const archived = await this.archive(archive, candidate)
      if (archived === null) this.tell(leftOf(candidate, 'changed'))
      else ready.push({ candidate, archived })
    }
    await archive.flush()
    return ready
  }

  /** How many keys; null where one has changed. */
  private async archive(archive: PurgeArchive, { threadId, keys }: Candidate): Promise<number | null> {
    let archived = 0
    await archive.begin(threadId)
    for (const slice of slicesBySize(keys, ({ bytes }) => bytes ?? 0, { size: ARCHIVE_BYTES })) {
      const dumps = await retried(this.request, () => this.request.purger.dump(slice))
      if (dumps === null) return null
      const known = new Map(slice.map((key) => [key.key.toString('latin1'), key]))
      for (const { key, dump, pttlMs } of dumps) {
        const { use, digest } = known.get(key.toString('latin1'))!
        await archive.key({ key, use, digest, pttlMs, dump })
      }
      archived += dumps.length
    }
    await archive.end(archived)
    return archived
  }

  private async thread({ candidate, archived }: Archived): Promise<Outcome> {
    const steps = stepsOf(candidate.keys)
    const sum = { deleted: 0, absent: 0, kept: 0, bytes: 0, archived }
    const left = (reason: PurgeLeft, detail: string): Outcome => ({
      candidate,
      state: 'left',
      reason,
      detail,
      ...sum,
    })
    if (steps.length > 1) {
      const { changed } = await retried(this.request, () => this.request.purger.examine(candidate.keys))
      if (changed.length > 0) return left('changed', keysText(changed.length))
    }
    for (const [at, step] of steps.entries()) {
      if (at > 0) await this.#pace.turn()
      const purged = await this.step(step)
      if (purged.state === 'changed') return left('changed', keysText(purged.changed.length))
      if (purged.state === 'busy') return left('in-use', 'written to all the time')
      sum.deleted += purged.deleted
      sum.absent += purged.absent
      sum.kept += purged.kept
      sum.bytes += step.reduce((total, { bytes }) => total + (bytes ?? 0), 0)
      this.#pace.took(purged.deleted, 0)
    }
    return { candidate, state: 'purged', ...sum }
  }

  private step(keys: readonly PurgeKey[]): Promise<Purged> {
    return retried(this.request, async (attempt) => {
      const purged = await this.request.purger.purge(keys)
      if (attempt === 1 || purged.state !== 'deleted') return purged
      // The wire broke before the answer came: what is gone now went then.
      const there = keys.filter(({ bytes }) => bytes !== 0).length
      return { ...purged, deleted: there - purged.kept, absent: keys.length - there }
    })
  }

  /** After a command that this user may not run. Where the server does not say, the thread counts as begun. */
  private async isWhole({ keys }: Candidate): Promise<boolean> {
    const there = keys.filter(({ bytes }) => bytes !== 0)
    const sizes = await this.request.purger.sizes(there).catch(() => [null])
    return sizes.every((bytes) => bytes !== null && bytes > 0)
  }

  private record(steps: Partial<Record<PurgeStep, readonly string[]>>): Promise<void> {
    const { postgres, scope } = this.request
    if (Object.values(steps).every((ids) => ids.length === 0)) return Promise.resolve()
    const { recover } = this.request
    // A user who stops the purge still wants to have on record what was done.
    const patient = { recover, signal: new AbortController().signal }
    return retried(patient, () => postgres.use((session) => recordPurge(session, this.lease, scope, steps)))
  }
}

/** The answer is there, so no deletion is still on its way. */
const isRefusal = (error: unknown): boolean =>
  error instanceof Failure && (error.id === 'redis-command-denied' || error.id === 'redis-keys-denied')

interface Archived {
  readonly candidate: Candidate
  readonly archived: number
}

export const leftOf = (candidate: Candidate, reason: PurgeLeft, detail = ''): Outcome => ({
  candidate,
  state: 'left',
  reason,
  detail,
  deleted: 0,
  absent: 0,
  kept: 0,
  bytes: 0,
  archived: 0,
})

/** Its turns throw when the user stops the purge meanwhile. */
export function paceOf({
  keysPerSecond,
  now,
  signal,
}: Pick<PurgeRequest, 'keysPerSecond' | 'now' | 'signal'>): Pace {
  const rest = (ms: number) => sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
  return new Pace(keysPerSecond === null ? {} : { keysPerSecond }, {
    now,
    sleep: rest,
    latencyMs: async () => 0,
  })
}
