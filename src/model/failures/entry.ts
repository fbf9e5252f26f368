/** What every failure says, and the exit codes it may end with. */

/** Published once, never renumbered. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  rejects: 3,
  differences: 4,
  connection: 5,
  locked: 11,
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface FailureEntry {
  readonly exit: ExitCode
  /** What happened, no full stop; `{name}` is filled from the failure's facts, which never hold a secret. */
  readonly what: string
  /** What it means and what to do next, whole sentences; may use facts too. */
  readonly next: string
}
