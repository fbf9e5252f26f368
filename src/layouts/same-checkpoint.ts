/** Compares two copies of one checkpoint that different savers left, so that a report can say whether the one not taken says something else. */
import { DecodeError } from '../codec/bytes.js'
import { digestOf } from '../codec/digest.js'
import type { Checkpoint } from '../model/thread.js'
import type { Value } from '../model/value.js'

/** Channels that only one copy has a value for, or whose values differ. */
export function differingChannels(a: Checkpoint, b: Checkpoint): readonly string[] {
  const channels = new Set([...a.channelValues.keys(), ...b.channelValues.keys()])
  return [...channels].filter((channel) => {
    const [first, second] = [a.channelValues.get(channel), b.channelValues.get(channel)]
    return first === undefined || second === undefined || !isSameValue(first, second)
  })
}

function isSameValue(a: Value, b: Value): boolean {
  if (a.encoding === b.encoding && a.bytes !== undefined && b.bytes?.equals(a.bytes)) return true
  try {
    return digestOf(a).equals(digestOf(b))
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}
