/** Every reason a run can stop, with its wording and its exit code. Nothing else writes user-facing error text. */

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

interface FailureEntry {
  readonly exit: ExitCode
  /** What happened; `{name}` is filled from the failure's facts, which never hold a secret. */
  readonly what: string
  /** What it means and what to do next; may use facts too. */
  readonly next: string
}

export const FAILURES = {
  unexpected: {
    exit: EXIT.failed,
    what: 'unexpected error: {message}',
    next: 'This is a defect of cp-migrate. Run again with --verbose and report what it prints.',
  },
  usage: { exit: EXIT.usage, what: '{message}', next: 'See cp-migrate {command} --help.' },
} as const satisfies Record<string, FailureEntry>
export type FailureId = keyof typeof FAILURES

/** Ends the run. `facts` fill the wording; `cause` keeps the driver's own error for --verbose. */
export class Failure extends Error {
  readonly id: FailureId
  readonly facts: Readonly<Record<string, string | number>>
  constructor(id: FailureId, facts: Readonly<Record<string, string | number>> = {}, cause?: unknown) {
    super(id, { cause })
    this.name = 'Failure'
    this.id = id
    this.facts = facts
  }
}
