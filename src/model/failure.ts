/** Every reason a run can stop, with its wording and its exit code. Nothing else writes user-facing error text. */
import type { ExitCode } from './failures/entry.js'
import { FILES_FAILURES } from './failures/files.js'
import { POSTGRES_FAILURES } from './failures/postgres.js'
import { REDIS_FAILURES } from './failures/redis.js'
import { TARGET_FAILURES } from './failures/target.js'
import { USAGE_FAILURES } from './failures/usage.js'
import { printableText } from './printable.js'

export { EXIT, type ExitCode } from './failures/entry.js'

/** The table: its parts stand in `failures/`, by what they are about. */
export const FAILURES: typeof USAGE_FAILURES &
  typeof REDIS_FAILURES &
  typeof FILES_FAILURES &
  typeof POSTGRES_FAILURES &
  typeof TARGET_FAILURES = {
  ...USAGE_FAILURES,
  ...REDIS_FAILURES,
  ...FILES_FAILURES,
  ...POSTGRES_FAILURES,
  ...TARGET_FAILURES,
}
export type FailureId = keyof typeof FAILURES

type Fact = string | number
type BlanksOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | BlanksOf<Rest>
  : never
type Blanks<Id extends FailureId> = BlanksOf<(typeof FAILURES)[Id]['what'] | (typeof FAILURES)[Id]['next']>
type FactArguments<Id extends FailureId> = [Blanks<Id>] extends [never]
  ? [facts?: Readonly<Record<string, Fact>>, cause?: unknown]
  : [facts: Readonly<Record<Blanks<Id>, Fact> & Record<string, Fact>>, cause?: unknown]

/**
 * Ends the run. `facts` fill the wording: the compiler asks for every blank of the entry. `cause` keeps the driver's own
 * error for --verbose.
 */
export class Failure<Id extends FailureId = FailureId> extends Error {
  readonly id: FailureId
  readonly facts: Readonly<Record<string, Fact>>
  constructor(id: Id, ...[facts, cause]: FactArguments<Id>) {
    super(id, { cause })
    this.name = 'Failure'
    this.id = id
    this.facts = facts ?? {}
  }
}

/** A failure in words: what happened, what to do next, and the exit code. */
export interface Explanation {
  readonly id: FailureId
  readonly what: string
  readonly next: string
  readonly exit: ExitCode
}

export function explain(failure: Failure): Explanation {
  const { what, next, exit } = FAILURES[failure.id]
  return { id: failure.id, what: filled(what, failure.facts), next: filled(next, failure.facts), exit }
}

const filled = (wording: string, facts: Readonly<Record<string, Fact>>): string =>
  wording.replace(/\{(\w+)\}/g, (_, name: string) => printableText(String(facts[name] ?? '?')))

/** Any thrown value as a failure; what is none of ours is a defect, and says so. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  const message = error instanceof Error ? error.message : textOf(error)
  return new Failure('unexpected', { message }, error)
}

/** Anything can be thrown, also what cannot be turned into text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}
