/** Findings about the records of one thread. */
import type { JsonbRepairs } from '../codec/json/jsonb-write.js'
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
  /** Those about a record of which it is not yet known whether it is kept. */
  private held: Finding[] | undefined
  /** Those added so far, counting. */
  count = 0

  constructor(
    private readonly threadId: string,
    private readonly report: (finding: Finding) => void,
  ) {}

  add(reason: ReasonId, { checkpointNs, checkpointId, origin }: Found, detail?: string): void {
    this.count++
    const finding: Finding = {
      reason,
      threadId: this.threadId,
      checkpointNs,
      ...(checkpointId === undefined ? {} : { checkpointId }),
      ...(origin === undefined ? {} : { key: origin.key }),
      ...(detail === undefined ? {} : { detail }),
    }
    if (this.held === undefined) this.report(finding)
    else this.held.push(finding)
  }

  /** Runs `work`; where it throws, nothing it has said counts: a record that is left out has no repairs. */
  unlessLeftOut(work: () => void): void {
    const held: Finding[] = []
    this.held = held
    try {
      work()
    } finally {
      this.held = undefined
    }
    for (const finding of held) this.report(finding)
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
