/** Transactions of one writer: on a session that is opened again when it broke, begun again when something was in the way, never done twice. */
import type { Recover, TargetSessions } from '../rows/batch-sink.js'
import { type OwnSession, prepareStaging } from '../rows/staging.js'
import { hasSqlstate, isConnectionLost, READ_ONLY } from './errors.js'
import { type SqlSession, transactionOutcome } from './session.js'

export interface Transaction {
  readonly session: OwnSession
  /** Known where there is a ledger to be fenced. */
  readonly xid: string | undefined
}

/** Below Postgres' `deadlock_timeout` of a second: in a crossed insert we give way and retry, never the user's app. */
const BEGIN = ['BEGIN ISOLATION LEVEL READ COMMITTED', "SET LOCAL lock_timeout = '800ms'"].join('; ')

/** The answer to a COMMIT never came. */
export class CommitUnanswered extends Error {
  constructor(
    readonly xid: string | undefined,
    /** What the transaction comes to if it has committed. */
    readonly result: unknown,
    override readonly cause: unknown,
  ) {
    super('no answer to COMMIT')
  }
}

export class Transactions {
  private own: OwnSession | undefined
  private hasStaging = false

  constructor(
    private readonly sessions: TargetSessions,
    private readonly schema: string,
    private readonly recover: Recover,
    /** First statement of each; gives the transaction's id. */
    private readonly fence: ((session: SqlSession) => Promise<string>) | undefined,
  ) {}

  /** With `staging` the temporary tables are there. */
  async begin(how: { readonly staging: boolean }): Promise<Transaction> {
    const session = await this.session()
    if (how.staging && !this.hasStaging) {
      await prepareStaging(session, this.schema)
      this.hasStaging = true
    }
    await session.query(BEGIN)
    try {
      return { session, xid: await this.fence?.(session) }
    } catch (error) {
      await this.rollback()
      throw error
    }
  }

  /** Commits; `result` is what that comes to. Throws `CommitUnanswered` where nobody knows. */
  async commit<T>({ session, xid }: Transaction, result: T): Promise<T> {
    try {
      await session.query('COMMIT')
      return result
    } catch (error) {
      throw isConnectionLost(error) ? new CommitUnanswered(xid, result, error) : error
    }
  }

  /** Never throws: a lost connection has rolled back by itself, and the error before this one is the one that tells. */
  async rollback(): Promise<void> {
    await this.own?.query('ROLLBACK').catch(() => {})
  }

  /** Does the work until it succeeds or its error is permanent. A COMMIT without an answer is looked up before it is done again. */
  async retried<T>(work: () => Promise<T>): Promise<T> {
    let next = work
    for (let attempt = 1; ; attempt++) {
      try {
        return await next()
      } catch (error) {
        const isUnanswered = error instanceof CommitUnanswered
        const cause = isUnanswered ? error.cause : error
        // Only another server, or this one after a change, would take our rows.
        if (hasSqlstate(cause, READ_ONLY)) await this.own?.close()
        await this.recover(cause, attempt)
        next = isUnanswered ? () => this.outcomeOf(error, work) : work
      }
    }
  }

  /** The server knows whether a transaction of that id has committed; if not, `orElse` does it again. */
  async outcomeOf<T>({ xid, result }: CommitUnanswered, orElse: () => Promise<T>): Promise<T> {
    const outcome =
      xid === undefined ? 'unknown' : await this.sessions.use((session) => transactionOutcome(session, xid))
    if (outcome === 'in progress') throw new CommitUnanswered(xid, result, new Error('Connection terminated'))
    // It is thrown by `commit` alone, inside the work whose result it carries.
    return outcome === 'committed' ? (result as T) : orElse()
  }

  private async session(): Promise<OwnSession> {
    if (this.own === undefined || this.own.brokenBy !== undefined) {
      this.own = await this.sessions.open()
      this.hasStaging = false
    }
    return this.own
  }
}
