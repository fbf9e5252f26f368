/** What a thread's reader has to say about its keys, in the form of findings. */
import { DecodeError } from '../codec/bytes.js'
import type { ReasonId } from '../model/finding.js'
import type { Checkpoint } from '../model/thread.js'
import type { ClaimedKey, RecordSink } from './layout.js'

export type CheckpointIds = Pick<Checkpoint, 'checkpointNs' | 'checkpointId'>

/** A checkpoint's name within its thread. */
export const placeOf = ({ checkpointNs, checkpointId }: CheckpointIds): string =>
  `${checkpointNs}\0${checkpointId}`

export class ThreadFindings {
  constructor(
    private readonly threadId: string,
    private readonly sink: Pick<RecordSink, 'finding'>,
  ) {}

  report(reason: ReasonId, key: Buffer, about: Partial<CheckpointIds>, detail?: string): void {
    const { checkpointNs = '', checkpointId } = about
    this.sink.finding({
      reason,
      threadId: this.threadId,
      checkpointNs,
      ...(checkpointId !== undefined && { checkpointId }),
      key,
      ...(detail !== undefined && { detail }),
    })
  }

  /** Runs `read`; false where something cannot be decoded, which is reported. */
  readable(key: ClaimedKey, ids: CheckpointIds, read: () => void): boolean {
    try {
      read()
      return true
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.unreadable(key, ids, error.reason, `offset ${error.offset}: ${error.message}`)
      return false
    }
  }

  /** A finding that names a checkpoint leaves it out: a write that cannot be read does not. */
  unreadable(key: ClaimedKey, ids: CheckpointIds, reason: ReasonId, detail: string): void {
    this.report(reason, key.key, key.role === 'checkpoint' ? ids : { checkpointNs: ids.checkpointNs }, detail)
  }
}
