/**
 * Versions for a JavaScript target: the source's own numbers, or strings where a saver was told to use them. Two forks come to the same
 * number with different values; the later one gets a number of its own between that and the next, which keeps every order there is.
 */
import type { ChannelVersion } from '../../model/thread.js'
import type { Numbering } from '../lineage.js'

export const JS_NUMBERING: Numbering<ChannelVersion> = {
  read: (version) => version,
  kept: () => undefined,
  first: (version) => version,
  forgotten: (version) => version,
  isSame: (a, b) => a === b || standsFor(a, b),
  isMade: (version) =>
    typeof version === 'number' ? !Number.isInteger(version) : version.includes(STRING_SEPARATOR),
  // A checkpoint that does not repeat a value has its parent's: the parent's versions say which.
  remembersUnchanged: true,
}

/** Whether a version of the target is one that was made of the source's. */
function standsFor(target: ChannelVersion, source: ChannelVersion): boolean {
  if (typeof target === 'number') return Math.floor(target) === source
  return target.startsWith(`${source}${STRING_SEPARATOR}`)
}

/** Sorts below every digit, and in no version that a program makes. */
const STRING_SEPARATOR = '+'

/** Fractions of versions are multiples of this: a million for each number, exact beside numbers up to 2^32. */
const STEP = 2 ** -20

/**
 * The `count`th version (from 1) that can stand for `version` beside it, the same in every run. Numbers are fractions with a power of two
 * below the line: exact in JavaScript, and the same text in JSONB. Undefined where there is none left.
 */
export function versionBeside(version: ChannelVersion, count: number): ChannelVersion | undefined {
  if (typeof version === 'string') return `${version}${STRING_SEPARATOR}${String(count).padStart(6, '0')}`
  return between(version, version + (Math.floor(version) + 1 - version) * mirrored(count))
}

/** The version right above one that stands for another already: a value that was changed in place must not seem older than it was. */
export function versionAbove(version: ChannelVersion): ChannelVersion | undefined {
  if (typeof version === 'number') return between(version, version + STEP)
  const [source, count = 0] = version.split(STRING_SEPARATOR)
  return `${source}${STRING_SEPARATOR}${String(Number(count) + 1).padStart(6, '0')}`
}

const between = (version: number, found: number): number | undefined =>
  found > version && found < Math.floor(version) + 1 ? found : undefined

/** 1/2, 1/4, 3/4, 1/8, 5/8, 3/8, 7/8, …: the binary digits of `count` mirrored at the point. */
function mirrored(count: number): number {
  let fraction = 0
  for (let rest = count, weight = 0.5; rest > 0; rest >>>= 1, weight /= 2) if (rest & 1) fraction += weight
  return fraction
}
