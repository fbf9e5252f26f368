/** The names under which two sides have something, and where that is the same. */
import { UNREADABLE } from './stored.js'
import type { Digest } from './values.js'

/** Names of both maps: each once, first those of the first one. */
export function eachName(
  first: ReadonlyMap<string, unknown>,
  second: ReadonlyMap<string, unknown>,
  take: (name: string) => void,
): void {
  first.forEach((_, name) => {
    take(name)
  })
  second.forEach((_, name) => {
    if (!first.has(name)) take(name)
  })
}

/** Whether both have the same under every name. */
export function isSameMap<V>(first: ReadonlyMap<string, V>, second: ReadonlyMap<string, V>): boolean {
  if (first.size !== second.size) return false
  let isSame = true
  first.forEach((value, name) => {
    isSame &&= value !== undefined && second.get(name) === value
  })
  return isSame
}

/** Names that are not the same on both sides. */
export function differing(
  source: ReadonlyMap<string, Digest>,
  target: ReadonlyMap<string, Digest>,
): string[] {
  const names: string[] = []
  eachName(source, target, (name) => {
    const stored = target.get(name)
    if (source.get(name) !== stored || stored === UNREADABLE) names.push(name)
  })
  return names
}
