/** Findings about the records of one thread. */
import type { JsonbRepairs } from '../codec/jsonb-write.js'
import type { Finding, ReasonId } from '../model/finding.js'
import type { Origin } from '../model/thread.js'
import type { ValueNotes } from '../model/value.js'

/** A checkpoint, or a write of one. */
export interface Found {
  readonly checkpointNs: string
  readonly checkpointId?: string
  readonly origin?: Origin
}

export class ThreadFindings {
  constructor(
    private readonly threadId: string,
    private readonly report: (finding: Finding) => void,
  ) {}

  add(reason: ReasonId, { checkpointNs, checkpointId, origin }: Found, detail?: string): void {
    this.report({
      reason,
      threadId: this.threadId,
      checkpointNs,
      ...(checkpointId === undefined ? {} : { checkpointId }),
      ...(origin === undefined ? {} : { key: origin.key }),
      ...(detail === undefined ? {} : { detail }),
    })
  }

  /** What a reader notices about a value of a channel. */
  notesOf(record: Found, channel: string): ValueNotes {
    return { note: (reason, detail) => this.add(reason, record, `channel ${channel}: ${detail}`) }
  }

  /** What JSONB made necessary in one of a checkpoint's columns. */
  addRepairs(
    record: Found,
    column: 'checkpoint' | 'metadata',
    { nulsRemoved, notANumber, surrogatesReplaced }: JsonbRepairs,
  ): void {
    if (nulsRemoved > 0) this.add('nul-removed', record, column)
    if (notANumber > 0) this.add('not-a-number-replaced', record, column)
    if (surrogatesReplaced > 0) this.add('surrogate-replaced', record, column)
  }
}
