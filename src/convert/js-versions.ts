/**
 * Versions for a JavaScript target: the source's own numbers, or strings where a saver was told to use them. Two forks come to the same
 * number with different values; the later one gets a number of its own between that and the next, which keeps every order there is.
 */
import type { ChannelVersion } from '../model/thread.js'
import type { Numbering } from './lineage.js'

export const JS_NUMBERING: Numbering<ChannelVersion> = {
  read: (version) => version,
  kept: () => undefined,
  first: (version) => version,
  forgotten: (version) => version,
  isSame: (a, b) => a === b || standsFor(a, b),
  // A checkpoint that does not repeat a value has its parent's: the parent's versions say which.
  remembersUnchanged: true,
}

/** Whether a version of the target is one that `renumbered` made of the source's. */
function standsFor(target: ChannelVersion, source: ChannelVersion): boolean {
  if (typeof target === 'number') return Math.floor(target) === source
  return target.startsWith(`${source}${STRING_SEPARATOR}`)
}

/** Sorts below every digit, and in no version that a program makes. */
const STRING_SEPARATOR = '+'

/**
 * Versions that can stand for `version` beside it, above it and below the next integer, the same in every run. Numbers are fractions
 * with a power of two below the line: exact in JavaScript, and the same text in JSONB.
 */
export function* renumbered(version: ChannelVersion): Generator<ChannelVersion> {
  for (let count = 1; ; count++) {
    if (typeof version === 'number') {
      const room = Math.floor(version) + 1 - version
      yield version + room * mirrored(count)
    } else {
      yield `${version}${STRING_SEPARATOR}${String(count).padStart(6, '0')}`
    }
  }
}

/** 1/2, 1/4, 3/4, 1/8, 5/8, 3/8, 7/8, …: the binary digits of `count` mirrored at the point. */
function mirrored(count: number): number {
  let fraction = 0
  for (let rest = count, weight = 0.5; rest > 0; rest >>>= 1, weight /= 2) if (rest & 1) fraction += weight
  return fraction
}
