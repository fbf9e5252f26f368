/** The run around a migration: the lease, the run's row in the ledger, the writer with its fence, and the last word. */
import type { OnEvent } from '../../model/events.js'
import { Failure } from '../../model/failure.js'
import { REASONS } from '../../model/finding.js'
import type { FindingCount, MigrateReport } from '../../model/report.js'
import type { Recovery } from '../../pipeline/recovery.js'
import type { Postgres } from '../../target/connection/connect.js'
import { checkWritable } from '../../target/connection/connect-checks.js'
import { inTransaction, qualified, type SqlSession } from '../../target/connection/session.js'
import { recordOfStore } from '../../target/ledger/findings.js'
import { type Lease, takeLease } from '../../target/ledger/lease.js'
import { RunLedger } from '../../target/ledger/ledger.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import {
  countRunThreads,
  disownedBy,
  endRun,
  forgetRuns,
  noteSource,
  type StartedRun,
  startRun,
} from '../../target/ledger/runs.js'
import type { MergePolicy } from '../../target/rows/commit.js'
import type { TargetWriter } from '../../target/rows/writer.js'
import { stoppedBy } from '../stopped-by.js'
import { toolVersion } from '../tool-version.js'
import type { RunPart } from './job.js'
import { writerInto } from './writer.js'

/** A target that has the tables and the ledger. */
export interface MigrateTarget {
  readonly postgres: Postgres
  readonly schema: string
  readonly ledgerSchema: string
}

export interface RunRequest {
  readonly target: MigrateTarget
  readonly sourceName: string
  /** Without user and password. */
  readonly sourceUrl: string
  /** What the user chose: only the same command goes on with an interrupted run. */
  readonly options: Readonly<Record<string, unknown>>
  readonly policy: MergePolicy
  /** False: the target is no schema, and none of its tables is loaded. */
  readonly loadsTables?: boolean
  /** Forget what former runs remember. */
  readonly restart: boolean
  readonly takeoverTimeoutMs: number
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  now(): number
}

/** From so many new rows on, the planner's statistics are brought up to date. */
const ANALYZE_FROM_ROWS = 1000

export class MigrateRun {
  private constructor(
    private readonly request: RunRequest,
    private readonly lease: Lease,
    private readonly run: StartedRun,
    private readonly ledger: RunLedger,
    /** Threads on record when this process began. */
    private readonly threadsBefore: number,
  ) {}

  /** Takes the lock and begins the run, or goes on with it. Throws only failures. */
  static async begin(request: RunRequest, report: MigrateReport): Promise<MigrateRun> {
    const { target, signal, takeoverTimeoutMs, now, sourceName } = request
    const { postgres, schema, ledgerSchema } = target
    const scope: LedgerScope = { ledgerSchema, sourceName, targetSchema: schema }
    let lease: Lease | undefined
    try {
      const held = await takeLease(postgres, {
        schema,
        ledgerSchema,
        verb: 'migrate',
        takeoverTimeoutMs,
        signal,
      })
      lease = held
      return await postgres.use(async (session) => {
        if (request.restart) {
          const { threads, first, purging } = await disownedBy(session, ledgerSchema, scope)
          if (purging > 0) throw new Failure('purge-unfinished', { threads: purging })
          report.disowned = { threads, first }
          await forgetRuns(session, held, scope)
        }
        const { sourceUrl, options } = request
        const run = await startRun(session, held, { scope, sourceUrl, options, toolVersion: toolVersion() })
        const before = run.resumed ? await countRunThreads(session, ledgerSchema, run.id) : 0
        report.runId = String(run.id)
        report.resumed = run.resumed ? { threadsBefore: before } : null
        const ledger = new RunLedger(scope, run.id, (own) => held.fence(own), run.resumed, now)
        return new MigrateRun(request, held, run, ledger, before)
      })
    } catch (error) {
      await lease?.release()
      throw stoppedBy(error, { signal, postgres })
    }
  }

  get id(): number {
    return this.run.id
  }

  /** What a job needs to know of the run. */
  get part(): RunPart {
    const { run, ledger, lease } = this
    return { id: run.id, scope: ledger.scope, token: lease.token, resumed: run.resumed }
  }

  /** What jobs have added to the ledger counts when the run asks whether all of it is there. */
  joinedBy({ threadsAdded }: { readonly threadsAdded: number }): void {
    this.ledger.threadsAdded += threadsAdded
  }

  /** First statement of every transaction that tells the ledger something: fails when another run has taken over. */
  fence(session: SqlSession): Promise<string> {
    return this.lease.fence(session)
  }

  /** Where batches go. */
  writer(recovery: Recovery): TargetWriter {
    const { target, policy } = this.request
    return writerInto(target.postgres, { schema: target.schema, ledger: this.ledger, policy }, recovery)
  }

  /** After the server was away: may it be written to, and is the lock still ours? */
  async restore(): Promise<void> {
    const { postgres } = this.request.target
    const session = await postgres.open()
    try {
      await checkWritable(session, postgres.endpoint)
    } finally {
      await session.close()
    }
    await this.lease.renew()
  }

  async noteSource(source: Parameters<typeof noteSource>[3]): Promise<void> {
    const { postgres, ledgerSchema } = this.request.target
    await postgres.use((session) => noteSource(session, ledgerSchema, this.run.id, source))
  }

  /** What was found of the store; the last word counts what was ignored. */
  async recordOfStore(found: readonly FindingCount[]): Promise<void> {
    const { postgres, ledgerSchema } = this.request.target
    const grave = found.filter(({ reason }) => REASONS[reason].kind !== 'ignored')
    if (grave.length === 0) return
    await postgres.use((session) =>
      inTransaction(session, async () => {
        await this.fence(session)
        await recordOfStore(session, ledgerSchema, this.run.id, grave)
      }),
    )
  }

  /** The run's last word; without one the next run finds it interrupted. What was stopped is not retried for long. */
  async end(report: MigrateReport, recovery: Recovery): Promise<void> {
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.lastWord(report)
          break
        } catch (error) {
          if (report.stoppedBy !== undefined) break
          await recovery.after(error, attempt)
        }
      }
      if (report.stoppedBy === undefined && this.request.loadsTables !== false) await this.analyze(report)
    } catch (error) {
      const { signal, target } = this.request
      report.stoppedBy ??= stoppedBy(error, { signal, postgres: target.postgres })
    } finally {
      await this.lease.release()
    }
  }

  private async lastWord(report: MigrateReport): Promise<void> {
    const { postgres, ledgerSchema } = this.request.target
    const runId = this.run.id
    await postgres.use(async (session) => {
      // A server that failed over may have lost what it had confirmed: then the run is not at its end, whatever was counted here.
      const lost =
        this.threadsBefore + this.ledger.threadsAdded - (await countRunThreads(session, ledgerSchema, runId))
      if (lost > 0 && report.stoppedBy === undefined) {
        report.stoppedBy = new Failure('commits-lost', { endpoint: postgres.name, threads: lost })
      }
      const { stoppedBy } = report
      await endRun(session, this.lease, {
        runId,
        ledgerSchema,
        ...(stoppedBy && { stoppedBy }),
        counts: countsWithoutThread(report),
      })
    })
  }

  private async analyze({ checkpoints, writes, blobs }: MigrateReport): Promise<void> {
    if (checkpoints.inserted + writes.inserted + blobs.inserted < ANALYZE_FROM_ROWS) return
    const { postgres, schema } = this.request.target
    this.request.onEvent({ kind: 'step', step: 'bringing statistics up to date' })
    const tables = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'].map((table) =>
      qualified(schema, table),
    )
    // Only the tables' owner may; autovacuum does it later otherwise.
    await postgres.use((session) => session.query(`ANALYZE ${tables.join(', ')}`)).catch(() => {})
  }
}

/** Findings about keys of nobody's thread, which no batch has recorded. */
function countsWithoutThread({ findings }: MigrateReport) {
  return findings.flatMap(({ reason, count, samples: [example] }) =>
    example !== undefined && example.threadId === undefined && REASONS[reason].kind === 'ignored'
      ? [{ example, count }]
      : [],
  )
}
