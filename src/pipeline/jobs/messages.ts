/**
 * What a run and its jobs say to each other: plain values. Keys travel as text, a character a byte: a Buffer would be copied with all the
 * memory that it shares with others.
 */
import type { ClaimedKey } from '../../layouts/layout.js'
import type { RunEvent } from '../../model/events.js'
import { Failure, type FailureId } from '../../model/failure.js'
import type { Finding } from '../../model/finding.js'
import type { ThreadTold } from '../../model/run.js'
import type { Committed } from '../../target/rows/commit.js'
import type { ThreadKeys } from '../inventory.js'
import type { StrayKey } from '../thread-pass.js'
import type { CommitTold, UnchangedTold } from '../transfer-options.js'

/** One end of the line, as a `MessagePort` is one. */
export interface Line<Heard, Said> {
  post(message: Said): void
  listen(take: (message: Heard) => void): void
}

/** From the run. What `begin` holds is between the two who know what a run is. */
export type ToJob =
  | { readonly kind: 'begin'; readonly begin: unknown }
  /** None: there are no more. */
  | { readonly kind: 'threads'; readonly threads: readonly SentThread[] }
  /** The server that was away may be written to again; or not. */
  | { readonly kind: 'restored'; readonly failure?: SentFailure }
  | { readonly kind: 'stop'; readonly failure: SentFailure }

/** From a job. */
export type FromJob =
  | { readonly kind: 'wants-threads' }
  | { readonly kind: 'wants-restored' }
  | { readonly kind: 'event'; readonly event: RunEvent }
  | { readonly kind: 'read'; readonly bytes: number; readonly keys: number }
  | { readonly kind: 'nothing-to-read'; readonly facts: Sent<ThreadTold> }
  | { readonly kind: 'left-out'; readonly facts: Sent<ThreadTold> }
  | {
      readonly kind: 'unchanged'
      readonly threadId: string
      readonly state: UnchangedTold['state']
      readonly bytes: number
    }
  | { readonly kind: 'committed'; readonly threads: readonly SentCommit[]; readonly committed: Committed }
  | {
      readonly kind: 'ended'
      /** Ids of threads that changed too late, and keys that belong elsewhere. */
      readonly changed: readonly string[]
      readonly strays: readonly Sent<StrayKey>[]
      /** Rows that the ledger got of threads. */
      readonly threadsAdded: number
      readonly failure?: SentFailure
    }

type SentKey<T> = T extends { readonly key: Buffer } ? Omit<T, 'key'> & { readonly key: string } : T
type SentThread = Omit<ThreadKeys, 'keys'> & { readonly keys: readonly SentKey<ClaimedKey>[] }
type SentFinding = Omit<Finding, 'key'> & { readonly key?: string }
type Sent<T> = T extends StrayKey
  ? Omit<StrayKey, 'key'> & { readonly key: SentKey<ClaimedKey> }
  : Omit<T, 'findings'> & { readonly findings: readonly SentFinding[] }
type SentCommit = Omit<CommitTold, 'facts'> & { readonly facts: Sent<ThreadTold> }
export interface SentFailure {
  readonly id: FailureId
  readonly facts: Failure['facts']
  /** Where it came from, for --verbose. */
  readonly stack: string
}

const textOf = (key: Buffer): string => key.toString('latin1')
const bytesOf = (key: string): Buffer => Buffer.from(key, 'latin1')
const sentKey = (claimed: ClaimedKey): SentKey<ClaimedKey> => ({ ...claimed, key: textOf(claimed.key) })
const keyFrom = (sent: SentKey<ClaimedKey>): ClaimedKey => ({ ...sent, key: bytesOf(sent.key) })

export const sentThread = ({ threadId, keys }: ThreadKeys): SentThread => ({
  threadId,
  keys: keys.map(sentKey),
})
export const threadFrom = ({ threadId, keys }: SentThread): ThreadKeys => ({
  threadId,
  keys: keys.map(keyFrom),
})

export const sentStray = ({ key, threadId }: StrayKey): Sent<StrayKey> => ({ key: sentKey(key), threadId })
export const strayFrom = ({ key, threadId }: Sent<StrayKey>): StrayKey => ({ key: keyFrom(key), threadId })

/** Of keys only their number is told: they are on record already. */
export const sentFacts = ({
  sourceKeys,
  unreadKeys,
  findings,
  cut,
  ...facts
}: ThreadTold): Sent<ThreadTold> => ({
  ...facts,
  sourceKeys: { length: sourceKeys.length },
  unreadKeys: { length: unreadKeys.length },
  findings: findings.map(({ key, ...finding }) => ({ ...finding, ...(key && { key: textOf(key) }) })),
  ...(cut && { cut: { leftOut: cut.leftOut } }),
})
export const factsFrom = (sent: Sent<ThreadTold>): ThreadTold => ({
  ...sent,
  findings: sent.findings.map(({ key, ...finding }) => ({
    ...finding,
    ...(key !== undefined && { key: bytesOf(key) }),
  })),
})

export const sentFailure = ({ id, facts, stack = '' }: Failure): SentFailure => ({ id, facts, stack })

export function failureFrom({ id, facts, stack }: SentFailure): Failure {
  const failure = new Failure(id, facts as never)
  failure.stack = stack
  return failure
}
