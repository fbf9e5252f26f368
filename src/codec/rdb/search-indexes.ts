/**
 * Definitions of search indexes as RediSearch 2 writes them into a snapshot. The format is its own and changes with every version: of it
 * only what names and prefixes can be told by is used, and what cannot be made out is no index.
 */
import type { ModulePart } from './module-parts.js'

/** What RediSearch calls what it writes there. */
export const SEARCH_MODULE = 'ft_index0'

export interface IndexDefinition {
  readonly name: string
  readonly keyType: 'HASH' | 'JSON'
  readonly prefixes: readonly string[]
  /** Names of the indexed fields. */
  readonly fields: readonly string[]
}

/**
 * An index is its name, its flags, how many fields it has, the fields, and a rule: the TYPE of its keys, how many prefixes, the prefixes,
 * …, a score. A field is its name and whether it has a path, which follows; then come numbers and a separator.
 */
export function searchIndexesIn(parts: readonly ModulePart[]): IndexDefinition[] {
  const indexes: IndexDefinition[] = []
  let open: { readonly name: string; readonly count: number; readonly fields: string[] } | null = null
  // Behind a rule other texts may follow, up to its score.
  let isRuleOver = true
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at]!
    if (part.kind === 'real') isRuleOver = true
    if (part.kind !== 'text' || !isRuleOver) continue
    const text = plain(part.text)
    if (open === null) {
      const flags = integerAt(parts, at + 1) ?? 0
      const count = integerAt(parts, at + 2) ?? 0
      // Names of other things are followed by other numbers.
      if (flags > 0 && flags < 2 ** 32 && count > 0 && count < parts.length)
        open = { name: text, count, fields: [] }
      continue
    }
    const { name, count, fields } = open
    if (fields.length < count) {
      if (isField(parts, at)) fields.push(text)
      continue
    }
    const prefixes = text === 'HASH' || text === 'JSON' ? textsAt(parts, at + 1) : null
    if (prefixes === null) continue
    indexes.push({ name, fields, keyType: text === 'HASH' ? 'HASH' : 'JSON', prefixes })
    at += prefixes.length + 1
    open = null
    isRuleOver = false
  }
  return indexes
}

/** More than anybody has. */
const MAX_PREFIXES = 1024

/** So many texts as the number says; null where something else stands there. */
function textsAt(parts: readonly ModulePart[], at: number): string[] | null {
  const count = integerAt(parts, at)
  if (count === null || count > MAX_PREFIXES) return null
  const texts = parts
    .slice(at + 1, at + 1 + count)
    .map((part) => (part.kind === 'text' ? plain(part.text) : null))
  return texts.length === count && texts.every((text) => text !== null) ? texts : null
}

function isField(parts: readonly ModulePart[], at: number): boolean {
  const hasPath = integerAt(parts, at + 1)
  return hasPath === 0 || (hasPath === 1 && parts[at + 2]?.kind === 'text')
}

function integerAt(parts: readonly ModulePart[], at: number): number | null {
  const part = parts[at]
  return part?.kind === 'integer' ? part.integer : null
}

/** Texts end with a NUL there. */
const plain = (text: string): string => text.replace(/\0$/, '')
