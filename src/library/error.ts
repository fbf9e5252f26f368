/** Why a call could not begin or go on, in the words of the command line. */
import { type ExitCode, explain, type Failure, type FailureId } from '../model/failure.js'
import { type Secret, withoutSecrets } from '../model/secret.js'

/** `message` says what happened, `hint` what to do next; neither holds a password. */
export class CpMigrateError extends Error {
  /** Stable, such as `tables-missing`. */
  readonly id: FailureId
  readonly hint: string
  /** What the command would have ended with. */
  readonly exitCode: ExitCode

  constructor(failure: Failure, secrets: Iterable<Secret>) {
    const { id, what, next, exit } = explain(failure)
    super(withoutSecrets(what, secrets))
    this.name = 'CpMigrateError'
    this.id = id
    this.hint = withoutSecrets(next, secrets)
    this.exitCode = exit
  }
}
