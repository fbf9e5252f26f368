/** A thread that is taken for unchanged until one of its values says otherwise; what was read of it waits, so that it need not be read again. */
import type { ClaimedKey } from '../layouts/layout.js'
import type { ReadResult } from '../model/redis-value.js'
import type { RecordedKeys } from '../target/ledger/pack.js'
import type { Task } from './open-thread.js'
import { sourceDigest } from './source-digest.js'
import { isAsRecorded } from './unchanged.js'

type Held = readonly [ClaimedKey, ReadResult]

export class UnchangedThread {
  isUnchanged = true
  bytesRead = 0
  /** Null once the values took more than they may: from then on only digests are compared. */
  private held: Held[] | null = []

  constructor(
    readonly task: Task,
    private readonly recorded: RecordedKeys,
    private readonly holdBytes: number,
  ) {}

  /** `changed`: to be converted, from the values held on; `changed-unheld`: to be read once more, which is said once. */
  accept(claimed: ClaimedKey, result: ReadResult): 'as-recorded' | 'changed' | 'changed-unheld' {
    if (!this.isUnchanged) return 'as-recorded'
    if (result.state === 'read') this.bytesRead += result.sizeBytes
    if (this.bytesRead > this.holdBytes) this.held = null
    this.held?.push([claimed, result])
    // A key that is gone has nothing to bring.
    if (result.state === 'gone') return 'as-recorded'
    if (result.state === 'read' && isAsRecorded(this.recorded, claimed.key, sourceDigest(result.value))) {
      return 'as-recorded'
    }
    this.isUnchanged = false
    return this.held === null ? 'changed-unheld' : 'changed'
  }

  takeHeld(): readonly Held[] {
    const held = this.held ?? []
    this.held = null
    return held
  }
}
