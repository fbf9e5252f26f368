/** Key patterns as a layout file writes them: literal text with named parts in braces, read from the right like every key grammar. */
import { escapeRegExp, HEX_UUID, namespacePattern } from './keys.js'

export const PART_NAMES = ['thread', 'ns', 'id', 'task', 'idx', 'channel', 'version', 'any'] as const
export type PartName = (typeof PART_NAMES)[number]
/** `percent`: each part is URL-quoted. `braces`: the thread id stands in literal braces, as a cluster's hash tag. */
export type Escaping = 'none' | 'percent' | 'braces'

export type PatternItem = { readonly literal: string } | { readonly part: PartName }

/** The text of each part; `ns` resolved, and as it stands in the key under `emptyNs` where it is empty. */
export interface PatternParts extends Readonly<Partial<Record<PartName, string>>> {
  readonly emptyNs?: string
}

export interface KeyPattern {
  readonly parts: ReadonlySet<PartName>
  /** Characters of literal text: of two patterns that fit, the one with more of them is meant. */
  readonly literals: number
  /** What every such key begins with. */
  readonly head: Buffer
  /** `strict`: ids must look like LangGraph's own. Null where the key is no such key. */
  parse(key: string, strict: boolean): PatternParts | null
  format(parts: PatternParts): string
}

const ITEM = /\{\{|\}\}|\{(\w*)\}|[^{}]+|[{}]/g

/** The items of a pattern: `{name}` is a part, `{{` and `}}` are braces. Throws an error that says what is wrong. */
export function patternItems(pattern: string): readonly PatternItem[] {
  const items: PatternItem[] = []
  for (const [text, name] of pattern.matchAll(ITEM)) {
    if (text === '{' || text === '}')
      throw new Error(`a single ${text} (write it twice for the character itself)`)
    if (name === undefined) {
      const literal = text === '{{' || text === '}}' ? text[0]! : text
      const last = items.at(-1)
      if (last !== undefined && 'literal' in last)
        items[items.length - 1] = { literal: last.literal + literal }
      else items.push({ literal })
      continue
    }
    const part = PART_NAMES.find((known) => known === name)
    if (part === undefined) throw new Error(`{${name}} is no part (there are ${PART_NAMES.join(', ')})`)
    const last = items.at(-1)
    if (last !== undefined && 'part' in last) throw new Error(`no text between {${last.part}} and {${part}}`)
    if (items.some((item) => 'part' in item && item.part === part))
      throw new Error(`{${part}} stands there twice`)
    items.push({ part })
  }
  return items
}

export interface PatternOptions {
  readonly escaping: Escaping
  /** What an empty namespace looks like. */
  readonly emptyNs: readonly string[]
}

/** Compiles a pattern. It is pure and may be kept. Throws what `patternItems` throws. */
export function keyPattern(pattern: string, options: PatternOptions): KeyPattern {
  const items = patternItems(pattern)
  const expressions = {
    strict: expressionsOf(items, options, true),
    loose: expressionsOf(items, options, false),
  }
  return {
    parts: new Set(items.flatMap((item) => ('part' in item ? [item.part] : []))),
    head: headOf(items, options),
    literals: items.reduce((sum, item) => sum + ('literal' in item ? item.literal.length : 0), 0),
    parse(key, strict) {
      for (const expression of strict ? expressions.strict : expressions.loose) {
        const match = expression.exec(key)
        if (match !== null) return partsOf(match.groups ?? {}, options)
      }
      return null
    },
    format: (parts) =>
      items.map((item) => ('literal' in item ? item.literal : formatted(item.part, parts, options))).join(''),
  }
}

function headOf([first]: readonly PatternItem[], { escaping }: PatternOptions): Buffer {
  if (first === undefined) return Buffer.alloc(0)
  if ('literal' in first) return Buffer.from(first.literal)
  return Buffer.from(escaping === 'braces' && first.part === 'thread' ? '{' : '')
}

function partsOf(groups: Readonly<Record<string, string>>, options: PatternOptions): PatternParts | null {
  const parts: Record<string, string> = {}
  for (const [name, text] of Object.entries(groups)) {
    const decoded = options.escaping === 'percent' ? unquoted(text) : text
    if (decoded === null) return null
    const isEmptyNs = name === 'ns' && options.emptyNs.includes(decoded)
    parts[name] = isEmptyNs ? '' : decoded
    if (isEmptyNs) parts.emptyNs = decoded
  }
  return parts
}

function formatted(part: PartName, parts: PatternParts, { escaping, emptyNs }: PatternOptions): string {
  const text = part === 'ns' && parts.ns === '' ? (parts.emptyNs ?? emptyNs[0] ?? '') : (parts[part] ?? '')
  if (escaping === 'percent') return quoted(text)
  return escaping === 'braces' && part === 'thread' ? `{${text}}` : text
}

/** One expression for each form of a namespace, the surest first: an empty one, one with a task's UUID, a bare name. */
function expressionsOf(items: readonly PatternItem[], options: PatternOptions, strict: boolean): RegExp[] {
  const forms = items.some((item) => 'part' in item && item.part === 'ns') ? nsForms(items, options) : ['']
  return forms.map((ns) => {
    const source = items.map((item, at) => {
      if ('literal' in item) return escapeRegExp(item.literal)
      const inner = item.part === 'ns' ? ns : textOf(item.part, items, at, options, strict)
      const group = `(?<${item.part}>${inner})`
      return options.escaping === 'braces' && item.part === 'thread' ? `\\{${group}\\}` : group
    })
    return new RegExp(`^${source.join('')}$`)
  })
}

/** What `urllib.parse.quote` and `encodeURIComponent` leave as it is, and what they write. */
const QUOTED = "[\\w.~%!'()*/+-]*"

function nsForms(items: readonly PatternItem[], { escaping, emptyNs }: PatternOptions): string[] {
  if (escaping === 'percent') return [QUOTED]
  const separator =
    besides(
      items,
      items.findIndex((item) => 'part' in item && item.part === 'ns'),
    ) || ':'
  const sure = `[^|:]+:${HEX_UUID}(?:\\|[^|:]+(?::${HEX_UUID})?)*`
  return [emptyNs.map(escapeRegExp).join('|'), sure, namespacePattern(separator)]
}

const ID = `${HEX_UUID}|\\d{4}-\\d\\d-\\d\\dT[\\d:.]+(?:[+-]\\d\\d:\\d\\d|Z)?`

function textOf(
  part: PartName,
  items: readonly PatternItem[],
  at: number,
  { escaping }: PatternOptions,
  strict: boolean,
): string {
  if (part === 'idx') return '-?\\d+'
  if (strict && part === 'id') return ID
  if (strict && part === 'task') return HEX_UUID
  if (escaping === 'percent') return QUOTED
  const separator = besides(items, at)
  const bounded = separator === '' ? '[^]+' : `[^${escapeRegExp(separator)}]+`
  if (part === 'id' || part === 'task' || part === 'version') return bounded
  return part === 'channel' ? '[^]+' : '[^]*?'
}

/** The character that sets a part off: before it, else behind it. */
function besides(items: readonly PatternItem[], at: number): string {
  const [before, after] = [items[at - 1], items[at + 1]]
  if (before !== undefined && 'literal' in before) return before.literal.at(-1)!
  return after !== undefined && 'literal' in after ? after.literal[0]! : ''
}

/** As Python's `quote(text, safe='')`. */
const quoted = (text: string): string =>
  encodeURIComponent(Buffer.from(text).toString()).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )

function unquoted(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
