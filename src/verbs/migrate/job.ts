/** What a job of a migration does: the same transfer as without jobs, over two ends of its own, behind the run's fence. */
import type { Dialect } from '../../convert/converter.js'
import type { Layout, Prefixes } from '../../layouts/layout.js'
import { LayoutRegistry } from '../../layouts/registry.js'
import type { ThreadBound } from '../../model/bounds.js'
import type { Job } from '../../pipeline/jobs/job.js'
import { Recovery, recoverEither } from '../../pipeline/recovery.js'
import { Transfer } from '../../pipeline/transfer.js'
import type { Source } from '../../source/source.js'
import type { Postgres } from '../../target/connection/connect.js'
import { Fence } from '../../target/ledger/fence.js'
import { RunLedger } from '../../target/ledger/ledger.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import type { MergePolicy } from '../../target/rows/commit.js'
import { stoppedBy } from '../stopped-by.js'
import { transferOptionsOf } from './transfer-options.js'
import { writerInto } from './writer.js'

/** What a run tells its jobs once it knows: plain values. */
export interface JobBegin {
  readonly run: RunPart
  readonly dialect: Dialect
  /** The user's own, and those that search indexes gave away. */
  readonly prefixes: Prefixes
  readonly policy: MergePolicy
  readonly bound: ThreadBound | null
  readonly allowOlderHead: boolean
  /** The job's own part. */
  readonly memoryBytes: number
  readonly retryForMs: number
}

/** The run in the ledger, and the token to pass its fence with. */
export interface RunPart {
  readonly id: number
  readonly scope: LedgerScope
  readonly token: bigint
  readonly resumed: boolean
}

export interface JobEnds {
  readonly source: Source
  readonly postgres: Postgres
  /** Newest first. */
  readonly layouts: readonly Layout[]
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 up to 1. */
  random(): number
}

/** Moves what the job is given, and says its last word. */
export async function moveAsJob(job: Job, ends: JobEnds, begin: JobBegin): Promise<void> {
  const { source, postgres, layouts, now, random } = ends
  const { run, dialect, prefixes, policy, retryForMs } = begin
  const { targetSchema: schema, ledgerSchema } = run.scope
  const { signal, onEvent } = job
  const away = { retryForMs, signal, onEvent, now, random }
  const awaySource = new Recovery({ ...away, endpoint: source.describe() })
  const awayTarget = new Recovery({ ...away, endpoint: postgres.name, restore: () => job.restore() })
  const fence = new Fence({ schema, ledgerSchema, endpoint: postgres.name, token: run.token })
  const ledger = new RunLedger(run.scope, run.id, (session) => fence.pass(session), run.resumed, now)
  const sink = writerInto(postgres, { schema, ledger, policy }, awayTarget)
  const recover = recoverEither(awaySource, awayTarget)
  const options = transferOptionsOf({ ...begin, dialect, signal, recover })
  const transfer = new Transfer(source, sink, new LayoutRegistry(layouts, prefixes), job, options)
  try {
    job.end(await transfer.once(job.threads()), ledger.threadsAdded)
  } catch (error) {
    job.end({ changed: [], strays: [] }, ledger.threadsAdded, stoppedBy(error, { signal, postgres }))
  }
}
