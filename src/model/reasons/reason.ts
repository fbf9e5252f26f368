/** What a table of reasons says of each. */

/** Exit code 0 for the first three kinds, 3 for `rejected` and `conflict`. */
export type FindingKind = 'ignored' | 'gone' | 'repaired' | 'rejected' | 'conflict'

export interface Reason {
  readonly kind: FindingKind
  /** One phrase for a table row, no full stop. */
  readonly title: string
  /** What the user can do about it, or what happens by itself. */
  readonly remedy: string
}
