/**
 * Version strings for a Python target. Strings stay as they are; integers (savers that keep LangGraph's default numbering) become
 * `%032d.0.<16 digits>`, the shape of the official `get_next_version`, of which only the integer and plain string order are relied on.
 */
import { hash } from 'node:crypto'
import type { ChannelVersion, Checkpoint } from '../../model/thread.js'
import { integerOf, type Numbering } from '../lineage.js'

export const PYTHON_NUMBERING: Numbering<string> = {
  read: String,
  kept: (version) => (typeof version === 'string' ? version : undefined),
  first: (version, checkpoint) => versionString(integerOf(version), tailOf(checkpoint)),
  // `.0.0` sorts below every string that was given to that integer.
  forgotten: (version) => versionString(integerOf(version), '0'),
  // An integer of the source against what stands for it: another integer, or a string with that integer part.
  isSame: (a, b) => (typeof a === typeof b ? a === b : integerOf(a) === integerOf(b)),
  isMade: () => true,
  // A string that stayed as it is: children have it from their own documents.
  remembersUnchanged: false,
}

/** Another string for a value that differs from the one under the wanted string. */
export function renumberedString(checkpoint: Checkpoint, channel: string, identity: string): string {
  const integer = integerOf(checkpoint.channelVersions.get(channel) as ChannelVersion)
  const { threadId, checkpointNs } = checkpoint
  return versionString(integer, digits(threadId, checkpointNs, channel, String(integer), identity))
}

/** All channels that a checkpoint is the first to have in a version get the same tail. */
function tailOf(checkpoint: Checkpoint): string {
  let tail = TAILS.get(checkpoint)
  if (tail === undefined) {
    tail = digits(checkpoint.threadId, checkpoint.checkpointNs, checkpoint.checkpointId)
    TAILS.set(checkpoint, tail)
  }
  return tail
}
const TAILS = new WeakMap<Checkpoint, string>()

const versionString = (integer: number, tail: string) => `${String(integer).padStart(32, '0')}.0.${tail}`

/** 16 decimal digits of a SHA-256 over NUL-separated parts. */
function digits(...parts: string[]): string {
  const start = hash('sha256', parts.join('\0'), 'hex').slice(0, 16)
  return String(BigInt(`0x${start}`) % 10n ** 16n).padStart(16, '0')
}
