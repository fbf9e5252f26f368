/** What a report says about one key or thread: the table of reasons, each with its kind and what to do about it. */
import { CONFLICT } from './reasons/conflict.js'
import { IGNORED } from './reasons/ignored.js'
import type { FindingKind, Reason } from './reasons/reason.js'
import { REJECTED } from './reasons/rejected.js'
import { REPAIRED } from './reasons/repaired.js'

export type { FindingKind, Reason } from './reasons/reason.js'

/** Every reason a finding can have, by kind. Ids are stable: they are stored in the ledger and printed in JSON. */
export const REASONS = {
  ...IGNORED,
  ...REPAIRED,
  ...REJECTED,
  ...CONFLICT,
} as const satisfies Record<string, Reason>

export type ReasonId = keyof typeof REASONS

/** One thing a report says about one key or thread. Never holds payload: paths, types, sizes and digests only. */
export interface Finding {
  readonly reason: ReasonId
  readonly threadId?: string
  readonly checkpointNs?: string
  readonly checkpointId?: string
  /** The Redis key, where it is about one. */
  readonly key?: Buffer
  /** What exactly: an offset, a path inside the value, a class name, a size. No full stop. */
  readonly detail?: string
}

export const kindOf = (finding: Finding): FindingKind => REASONS[finding.reason].kind
