/** Parts of a key that a claim has no place for, or that it could not tell alone. */
import { DecodeError } from '../../codec/bytes.js'
import type { ClaimedKey } from '../layout.js'
import { integerOf } from '../stored-value.js'

/** Task and index of `…SEP task SEP idx`. Throws `DecodeError`. */
export function taskAndIdx(
  text: string,
  separator: string,
): { readonly taskId: string; readonly idx: number } {
  const idxAt = text.lastIndexOf(separator)
  const taskAt = text.lastIndexOf(separator, idxAt - 1)
  if (idxAt < 0) throw new DecodeError(`no task and index in ${JSON.stringify(text)}`, 0)
  const taskId = text.slice(taskAt < 0 ? 0 : taskAt + separator.length, idxAt)
  return { taskId, idx: integerOf(text.slice(idxAt + separator.length), 'the index in the key') }
}

/**
 * The namespace in `…SEP thread SEP ns SEP checkpoint id`. Where the key can be split in several ways, it may have been claimed for another
 * thread than the one that its value named.
 */
export function namespaceIn(claimed: ClaimedKey, threadId: string, separator: string): string {
  const { key, checkpointId, checkpointNs, ambiguous } = claimed
  if (!ambiguous) return checkpointNs
  const text = key.toString('utf8')
  const thread = text.indexOf(separator + threadId + separator)
  const start = thread + threadId.length + 2 * separator.length
  const end = text.lastIndexOf(separator + checkpointId)
  return thread < 0 || end < start - separator.length ? checkpointNs : text.slice(start, Math.max(start, end))
}
