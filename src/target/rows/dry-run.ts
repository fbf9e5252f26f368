/** The sink of a dry run: everything is read, decoded and encoded; nothing is written. With a target it looks what is there. */
import { type KnownThread, UNKNOWN_THREAD } from '../../model/rows.js'
import type { LedgerScope } from '../ledger/read.js'
import type { Batch } from './batch.js'
import type { BatchSink } from './batch-sink.js'
import type { Committed, ThreadState } from './commit.js'
import { knownThread } from './known.js'
import { lookUpThreads } from './look-up.js'
import type { CopySession } from './staging.js'

export interface DryRunTarget {
  use<T>(work: (session: CopySession) => Promise<T>): Promise<T>
  readonly schema: string
  /** Where there is a ledger: what earlier runs remember. */
  readonly scope?: LedgerScope
}

export class DryRunSink implements BatchSink {
  isStaging = false

  /** Without a target every thread counts as new. */
  constructor(private readonly target: DryRunTarget | null) {}

  async lookUp(threadIds: readonly string[]): Promise<ReadonlyMap<string, ThreadState>> {
    const { target } = this
    if (target === null) return new Map()
    const { schema, scope } = target
    return target.use((session) => lookUpThreads(session, schema, threadIds, scope && { scope }))
  }

  async known(threadId: string): Promise<KnownThread> {
    const { target } = this
    return target === null
      ? UNKNOWN_THREAD
      : target.use((session) => knownThread(session, target.schema, threadId))
  }

  async commit(): Promise<Committed> {
    return { refused: [] }
  }

  async stage(batch: Batch): Promise<void> {
    this.isStaging = true
    batch.takeOpen()
  }

  async commitStaged(): Promise<Committed> {
    this.isStaging = false
    return { refused: [] }
  }

  async abandonStaged(): Promise<void> {
    this.isStaging = false
  }

  async leftOut(): Promise<void> {}
}
