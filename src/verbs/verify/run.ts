/** The verification in the ledger: the lease, its row, the verdicts on threads, the last word. Without a ledger nothing is remembered. */
import type { VerifyReport } from '../../model/verify-report.js'
import { THREAD_STATES, type ThreadState } from '../../model/verify-report.js'
import type { ThreadVerdict } from '../../pipeline/verify/verdicts.js'
import type { Postgres } from '../../target/connection/connect.js'
import { inTransaction } from '../../target/connection/session.js'
import { type Lease, takeLease } from '../../target/ledger/lease.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import { markStoreItems } from '../../target/ledger/store-items.js'
import { endVerification, recordVerdicts, startVerification } from '../../target/ledger/verifications.js'
import type { StoreVerdict } from '../store/verify.js'

/**
 * What a state means for the thread's progress; others leave it as it is. A thread that Redis has gone on with is verified once that
 * has been migrated.
 */
const PROGRESS: Partial<Record<ThreadState, 'verified' | 'differs'>> = {
  differs: 'differs',
  partial: 'verified',
  deleted: 'verified',
  ahead: 'verified',
  expired: 'verified',
  equal: 'verified',
}

export interface VerifyRunRequest {
  readonly postgres: Postgres
  readonly scope: LedgerScope
  readonly options: Readonly<Record<string, unknown>>
  readonly takeoverTimeoutMs: number
  readonly signal: AbortSignal
}

export class VerifyRun {
  private constructor(
    private readonly postgres: Postgres,
    private readonly lease: Lease,
    private readonly verification: { readonly id: number; readonly scope: LedgerScope },
  ) {}

  /** Takes the lock: a thread must not change while it is judged. */
  static async begin(request: VerifyRunRequest): Promise<VerifyRun> {
    const { postgres, scope, options, takeoverTimeoutMs, signal } = request
    const { targetSchema: schema, ledgerSchema } = scope
    const lease = await takeLease(postgres, {
      schema,
      ledgerSchema,
      verb: 'verify',
      takeoverTimeoutMs,
      signal,
    })
    try {
      const id = await postgres.use((session) => startVerification(session, lease, scope, options))
      return new VerifyRun(postgres, lease, { id, scope })
    } catch (error) {
      await lease.release()
      throw error
    }
  }

  /** After the server was away: the lock is taken back, if nobody else has it. */
  async restore(): Promise<void> {
    await this.lease.renew()
  }

  get id(): number {
    return this.verification.id
  }

  /** `comparesValues`: false where only recorded digests were compared, which cannot prove anything anew. */
  async record(verdicts: readonly ThreadVerdict[], comparesValues: boolean): Promise<void> {
    const recorded = verdicts.flatMap(({ threadId, state, recorded }) => {
      const progress = PROGRESS[state]
      if (recorded === undefined || progress === undefined) return []
      if (progress === 'verified' && !comparesValues) return []
      return [{ threadId, runId: recorded.current.runId, progress }]
    })
    await this.postgres.use((session) => recordVerdicts(session, this.lease, this.verification, recorded))
  }

  /** Of threads whose newest run is known; of others nothing is told. */
  async recordStates(
    threads: readonly { readonly threadId: string; readonly state: ThreadState; readonly runId?: number }[],
  ): Promise<void> {
    const verdicts = threads.flatMap(({ threadId, state, runId }) => {
      const progress = PROGRESS[state]
      return runId === undefined || progress === undefined ? [] : [{ threadId, runId, progress }]
    })
    await this.postgres.use((session) => recordVerdicts(session, this.lease, this.verification, verdicts))
  }

  async recordStore(verdicts: readonly StoreVerdict[]): Promise<void> {
    const { id, scope } = this.verification
    await this.postgres.use((session) =>
      inTransaction(session, async () => {
        await this.lease.fence(session)
        for (const progress of ['verified', 'differs'] as const) {
          const marks = verdicts.filter((one) => one.progress === progress)
          await markStoreItems(session, scope, marks, { progress, verificationId: id })
        }
      }),
    )
  }

  /** The last word. What was said of threads until here is right, also where the verification was stopped. */
  async end({ threads }: VerifyReport): Promise<void> {
    const counts = Object.fromEntries(THREAD_STATES.map((state) => [state, threads[state]]))
    await this.postgres.use((session) =>
      endVerification(session, this.lease, this.verification, { compared: threads.compared, ...counts }),
    )
  }

  async release(): Promise<void> {
    await this.lease.release()
  }
}
