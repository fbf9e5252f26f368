/** Whether a thread may be purged by what is known of it, and which of its keys: the rules, without any look at a server. */
import type { ClaimedKey } from '../../layouts/layout.js'
import type { PurgeLeft } from '../../model/purge-report.js'
import { timeOfUuid6 } from '../../model/uuid6.js'
import { keyText, type RecordedKey } from '../../target/ledger/pack.js'
import type { CurrentThread } from '../../target/ledger/read.js'

export interface PurgeRules {
  /** A thread must have rested for so long; 0: any thread, also one whose age nothing tells. */
  readonly olderThanMs: number
  readonly orphans: boolean
  readonly includeDeleted: boolean
  readonly includeSkipped: boolean
}

export interface Left {
  readonly reason: PurgeLeft
  readonly detail: string
}

/** By what the ledger says; null where nothing stands against it. An earlier purge has answered these questions for `purging`. */
export function leftByLedger(thread: CurrentThread): Left | null {
  const { completeness, progress, isVerified } = thread
  const left = (reason: PurgeLeft, detail = ''): Left => ({ reason, detail })
  if (completeness !== 'whole') return left(completeness)
  if (progress === 'purging' || progress === 'purged') return null
  if (progress === 'differs') return left('differs')
  if (progress !== 'verified') return left('not-verified')
  return isVerified ? null : left('not-verified', 'its verification has not ended')
}

/** Milliseconds since 1970 of the last sign of life: the newest id, in the ledger or in Redis now, and the last change that a run saw. */
export function latestChange(
  thread: Pick<CurrentThread, 'latestAt' | 'changedAt'> | null,
  keys: readonly Pick<ClaimedKey, 'checkpointId'>[],
  nowMs: number,
): number | null {
  const ids = new Set(keys.map(({ checkpointId }) => checkpointId))
  const inRedis = [...ids].map((id) => timeOfUuid6(id, nowMs)).filter((ms) => ms !== null)
  const known = thread === null || thread.latestAt === null ? [] : [Date.parse(thread.latestAt)]
  if (inRedis.length + known.length === 0) return null
  const changed = thread === null ? [] : [Date.parse(thread.changedAt)]
  return [...inRedis, ...known, ...changed].reduce((latest, ms) => Math.max(latest, ms))
}

/** By its age. */
export function leftByAge(latestMs: number | null, nowMs: number, { olderThanMs }: PurgeRules): Left | null {
  if (olderThanMs === 0) return null
  if (latestMs === null) return { reason: 'age-unknown', detail: '' }
  if (nowMs - latestMs >= olderThanMs) return null
  return { reason: 'too-young', detail: `last change ${new Date(latestMs).toISOString().slice(0, 16)}` }
}

/** A key that is in Redis now, with what the ledger says of it. */
export interface KnownKey {
  readonly claimed: ClaimedKey
  readonly recorded: RecordedKey
}

export interface SortedKeys {
  readonly content: readonly KnownKey[]
  readonly index: readonly KnownKey[]
  /** Of `content`: what migrate left out, and only a flag sends away. */
  readonly skipped: number
  /** Keys that stay: somebody else's, and those whose flag was not given. */
  readonly kept: number
  /** Keys that no run has seen. */
  readonly unknown: readonly ClaimedKey[]
}

/** What becomes of each key. Of a purged thread only what a flag sends away is left to do. */
export function sortedKeys(
  thread: CurrentThread,
  keys: readonly ClaimedKey[],
  { orphans, includeSkipped }: PurgeRules,
): SortedKeys {
  const content: KnownKey[] = []
  const index: KnownKey[] = []
  const unknown: ClaimedKey[] = []
  const counts = { skipped: 0, kept: 0 }
  for (const claimed of keys) {
    const recorded = thread.keys.get(keyText(claimed.key))
    if (recorded === undefined) {
      unknown.push(claimed)
      continue
    }
    const known = { claimed, recorded }
    switch (recorded.use) {
      case 'migrated':
        content.push(known)
        break
      case 'index':
        index.push(known)
        break
      case 'foreign':
        counts.kept++
        break
      case 'orphan':
        if (orphans) content.push(known)
        else counts.kept++
        break
      case 'skipped':
        if (includeSkipped) content.push(known)
        counts[includeSkipped ? 'skipped' : 'kept']++
    }
  }
  return { content, index, unknown, ...counts }
}

/** `1 key`, `3 keys` */
export const keysText = (count: number): string => `${count} ${count === 1 ? 'key' : 'keys'}`
