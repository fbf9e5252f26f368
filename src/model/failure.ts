/** Every reason a run can stop, with its wording and its exit code. Nothing else writes user-facing error text. */
import { printableText } from './printable.js'

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
  /** What happened, no full stop; `{name}` is filled from the failure's facts, which never hold a secret. */
  readonly what: string
  /** What it means and what to do next, whole sentences; may use facts too. */
  readonly next: string
}

export const FAILURES = {
  unexpected: {
    exit: EXIT.failed,
    what: 'unexpected error: {message}',
    next: 'This is a defect of cp-migrate. Run again with --verbose and report what it prints.',
  },
  usage: { exit: EXIT.usage, what: '{message}', next: 'See {command} --help.' },
  'no-source': {
    exit: EXIT.usage,
    what: 'no Redis was named',
    next: 'Give --redis redis://HOST:6379/0, or set REDIS_URL in the environment or in .env.',
  },
  'no-target': {
    exit: EXIT.usage,
    what: 'no Postgres was named',
    next: 'Give --postgres postgres://HOST/DATABASE, or set CHECKPOINT_DB_URI in the environment or in .env.',
  },
  'bad-url': {
    exit: EXIT.usage,
    what: 'the URL in {setBy} cannot be used: {problem}',
    next: 'It should look like {example}.',
  },
  'bad-setting': {
    exit: EXIT.usage,
    what: '{setBy} is not valid: {problem}',
    next: 'See {command} --help; cp-migrate config shows every value and where it comes from.',
  },
  'unreadable-file': {
    exit: EXIT.usage,
    what: 'cannot read the file {path} named by {setBy}: {problem}',
    next: 'Check the path and its permissions.',
  },
  interrupted: {
    exit: EXIT.interrupted,
    what: 'stopped by Ctrl-C; what was committed stays',
    next: 'Run the same command again: it goes on where it stopped.',
  },
  terminated: {
    exit: EXIT.terminated,
    what: 'stopped by a request to end; what was committed stays',
    next: 'Run the same command again: it goes on where it stopped.',
  },
} as const satisfies Record<string, FailureEntry>
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
  const message = error instanceof Error ? error.message : String(error)
  return new Failure('unexpected', { message }, error)
}
