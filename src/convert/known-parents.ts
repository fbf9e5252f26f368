/**
 * Parents of checkpoints whose saver stores none. They are told by the order of ids; where the older ones have expired, the target
 * still has them.
 */
import type { KnownCheckpoint } from '../model/rows.js'
import type { Checkpoint } from '../model/thread.js'
import type { OpenConverter } from './converter.js'

/** Converts as `open` does, lost parents found again among the checkpoints that the target holds. */
export const withKnownParents =
  (open: OpenConverter): OpenConverter =>
  (threadId, known, rows, report, options) => {
    const inner = open(threadId, known, rows, report, options)
    if (known.checkpoints.length === 0) return inner
    return {
      checkpoint(checkpoint) {
        const parentCheckpointId = checkpoint.parentIsLost ? parentAmong(known.checkpoints, checkpoint) : null
        if (parentCheckpointId === null) return inner.checkpoint(checkpoint)
        const { checkpointNs, checkpointId, origin } = checkpoint
        report({ reason: 'parent-rebuilt', threadId, checkpointNs, checkpointId, key: origin.key })
        inner.checkpoint({ ...checkpoint, parentCheckpointId })
      },
      write: (write) => inner.write(write),
      channelValue: (value) => inner.channelValue(value),
      unreadable: (checkpointNs, checkpointId) => inner.unreadable(checkpointNs, checkpointId),
      end: () => inner.end(),
    }
  }

/** As an earlier pass has found it; for a checkpoint that is new the newest older one. */
function parentAmong(
  known: readonly KnownCheckpoint[],
  { checkpointNs, checkpointId }: Checkpoint,
): string | null {
  let newest: string | null = null
  for (const other of known) {
    if (other.checkpointNs !== checkpointNs) continue
    if (other.checkpointId === checkpointId) return other.parentCheckpointId
    if (other.checkpointId < checkpointId && (newest === null || other.checkpointId > newest))
      newest = other.checkpointId
  }
  return newest
}
