/** The sink of a dry run: everything is read, decoded and encoded; nothing is written. With a target it looks what is there. */
import { type KnownThread, UNKNOWN_THREAD } from '../model/rows.js'
import type { Batch } from './batch.js'
import { existingThreads, knownThread } from './known.js'
import type { CopySession } from './staging.js'
import type { BatchSink, Committed } from './writer.js'

export interface DryRunTarget {
  use<T>(work: (session: CopySession) => Promise<T>): Promise<T>
  readonly schema: string
}

export class DryRunSink implements BatchSink {
  isStaging = false

  /** Without a target every thread counts as new. */
  constructor(private readonly target: DryRunTarget | null) {}

  async existing(threadIds: readonly string[]): Promise<ReadonlySet<string>> {
    const { target } = this
    if (target === null) return new Set()
    const askable = threadIds.filter((threadId) => !threadId.includes('\0'))
    return target.use((session) => existingThreads(session, target.schema, askable))
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

  async end(): Promise<void> {}
}
