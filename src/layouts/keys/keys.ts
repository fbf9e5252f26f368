/** Key grammar, read from the right: thread ids and channel names are free text, so a key is never split from the left. */

/** Any 8-4-4-4-12 hex group: LangGraph's task ids are digests without a valid UUID version. */
export const HEX_UUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'

/** How the official Python saver writes an empty namespace into keys and fields, because RediSearch could not index an empty string. */
export const EMPTY_NS_SENTINEL = '__empty__'
/** The same for an empty id. */
export const EMPTY_ID_SENTINEL = '00000000-0000-0000-0000-000000000000'

/** One part of a key behind thread id and namespace. */
export interface TailPart {
  readonly name: string
  /** What the part normally looks like; the source of a regular expression without capture groups. */
  readonly pattern: string
  /** Also accepted, but then another split is possible. Left out: nothing else. */
  readonly loosePattern?: string
  /** Also accepted where all other parts are what they normally are. */
  readonly freePattern?: string
}

/** Where thread id, namespace and the other parts stand in a key: `prefix SEP thread [SEP ns] SEP tail…`. */
export interface KeyTemplate {
  readonly prefix: string
  readonly separator: string
  /** What an empty namespace may look like (`''`, `__empty__`); left out where keys hold no namespace. */
  readonly emptyNs?: readonly string[]
  /** From left to right. */
  readonly tail: readonly TailPart[]
}

export interface KeyParts {
  readonly threadId: string
  readonly checkpointNs: string
  /** By the names of the template's tail. */
  readonly tail: Readonly<Record<string, string>>
  /** True where the key can be split in another way too. */
  readonly ambiguous: boolean
}

/** A part that may hold anything but the separator. */
const looseFor = (separator: string) => `(?:(?!${escapeRegExp(separator)})[^])+`

export const checkpointIdPart = (separator: string): TailPart => ({
  name: 'checkpointId',
  pattern: HEX_UUID,
  loosePattern: looseFor(separator),
})
/** Custom code names tasks as it likes, with separators too. */
export const taskIdPart = (separator: string): TailPart => ({
  name: 'taskId',
  pattern: HEX_UUID,
  loosePattern: looseFor(separator),
  freePattern: '[^]+',
})
export const IDX_PART: TailPart = { name: 'idx', pattern: '-?\\d+' }
export const literalPart = (text: string): TailPart => ({ name: text, pattern: escapeRegExp(text) })

/** Splits a key by its template; null where it cannot be such a key. */
export type KeyParser = (key: string) => KeyParts | null

/** Compiles a template. The parser is pure and may be kept. */
export function keyParser(template: KeyTemplate): KeyParser {
  const head = template.prefix + template.separator
  const strict = tailExpression(template, (part) => part.pattern)
  const free = tailExpression(template, (part) => part.freePattern ?? part.pattern)
  const loose = tailExpression(template, (part) => part.loosePattern ?? part.pattern)
  const splitRest = restSplitter(template)
  const names = template.tail.map(({ name }) => name)
  return (key) => {
    if (!key.startsWith(head)) return null
    const rest = key.slice(head.length)
    return parseTail(rest, strict, false) ?? parseTail(rest, free, true) ?? parseTail(rest, loose, true)
  }

  function parseTail(text: string, expression: RegExp, isLoose: boolean): KeyParts | null {
    const match = expression.exec(text)
    if (match === null) return null
    const split = splitRest(match[1] ?? '')
    if (split === null) return null
    const tail: Record<string, string> = {}
    for (let at = 0; at < names.length; at++) tail[names[at]!] = match[at + 2] ?? ''
    const { threadId, checkpointNs, ambiguous } = split
    return { threadId, checkpointNs, tail, ambiguous: ambiguous || isLoose }
  }
}

/** The key that a template makes of its parts; `emptyNs` picks the form of an empty namespace. */
export function formatKey(template: KeyTemplate, parts: Omit<KeyParts, 'ambiguous'>, emptyNs = ''): string {
  const ns = template.emptyNs === undefined ? [] : [parts.checkpointNs === '' ? emptyNs : parts.checkpointNs]
  const tail = template.tail.map((part) => parts.tail[part.name] ?? '')
  return [template.prefix, parts.threadId, ...ns, ...tail].join(template.separator)
}

function tailExpression(template: KeyTemplate, patternOf: (part: TailPart) => string): RegExp {
  const separator = escapeRegExp(template.separator)
  // The greedy rest makes the tail as short as it can be, that is: read from the right.
  return new RegExp(`^([^]*)${template.tail.map((part) => `${separator}(${patternOf(part)})`).join('')}$`)
}

type Split = Omit<KeyParts, 'tail'>

/** Splits `thread SEP ns`. */
function restSplitter(template: KeyTemplate): (rest: string) => Split | null {
  const { separator, emptyNs } = template
  if (emptyNs === undefined) return (threadId) => ({ threadId, checkpointNs: '', ambiguous: false })
  const empties = emptyNs.map((form) => separator + form).sort((a, b) => b.length - a.length)
  const nested = new RegExp(`^([^]*?)${escapeRegExp(separator)}(${namespacePattern(separator)})$`)
  return (rest) => {
    const empty = empties.find((ending) => rest.endsWith(ending))
    if (empty !== undefined)
      return { threadId: rest.slice(0, -empty.length), checkpointNs: '', ambiguous: false }
    const match = nested.exec(rest)
    if (match !== null) {
      const [, threadId = '', checkpointNs = ''] = match
      // Inside a namespace the colon is LangGraph's own; any other separator could just as well belong to a node's name.
      return { threadId, checkpointNs, ambiguous: separator !== ':' && threadId.includes(separator) }
    }
    const at = rest.lastIndexOf(separator)
    if (at < 0 || at + separator.length === rest.length) return null
    return { threadId: rest.slice(0, at), checkpointNs: rest.slice(at + separator.length), ambiguous: true }
  }
}

/**
 * A namespace below the root: parts joined by `|`, each `node:TASKUUID`, a bare `node` (subgraph with its own checkpointer) or a
 * number (a later call in one node). LangGraph forbids `|` and `:` in node names. A bare UUID is no node: it belongs to the node before it.
 */
export function namespacePattern(separator: string): string {
  const notInside = [...new Set(['|', ':', ...separator])].map(escapeRegExp).join('')
  const part = `(?!${HEX_UUID}(?:\\||$))[^${notInside}]+(?::${HEX_UUID})?`
  return `${part}(?:\\|${part})*`
}

/** Any text as the part of a regular expression that matches it. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/** True for a plain UUID-shaped checkpoint id. */
const UUID_ONLY = new RegExp(`^${HEX_UUID}$`)
export const isUuid = (text: string): boolean => UUID_ONLY.test(text)
