/** The last parts of a key, read from the right. */
import { DecodeError } from '../codec/bytes.js'
import { integerOf } from './stored-value.js'

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
