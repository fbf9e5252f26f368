/**
 * Keys of a dict that are objects: msgpack has no extension types there, so the official saver stores a text or a plain value in their
 * place. Written apart from the encoder, by the documented rule: ISO text of dates and times, dashed text of a UUID, an enum's value.
 */
import type { ObjectHead, Tree } from '../../model/value.js'

/** A key as a Postgres row holds it; undefined where the official saver refuses the dict. */
export function storedKey(key: Tree): Tree | undefined {
  switch (key.kind) {
    case 'object':
      return storedObjectKey(key.head, key.body)
    case 'list':
    case 'tuple': {
      const items = key.items.map(storedKey)
      return items.every((item) => item !== undefined) ? { kind: 'list', items } : undefined
    }
    case 'map':
    case 'set':
    case 'frozenset':
      return undefined
    default:
      return key
  }
}

function storedObjectKey({ form, module, name }: ObjectHead, body: Tree): Tree | undefined {
  const text = TEXT_KEYS[`${module}.${name}`]?.(body)
  if (text !== undefined) return textTree(text)
  if (form !== 'single-argument' || REFUSED_MODULES.has(module)) return undefined
  return storedKey(body)
}

/** Classes of one argument in these modules are no enums. */
const REFUSED_MODULES: ReadonlySet<string> = new Set([
  'builtins',
  'collections',
  'datetime',
  'decimal',
  'ipaddress',
  'pydantic',
  'pydantic.types',
  'uuid',
  'zoneinfo',
])

const TEXT_KEYS: Readonly<Record<string, (body: Tree) => string | undefined>> = {
  // The offset is stored to the minute.
  'datetime.datetime': (body) => textOf(body)?.replace(/([+-]\d\d:\d\d):[\d.]+$/, '$1'),
  'datetime.date': (body) => {
    const [year = '', month = '', day = ''] = itemsOf(body).map(intText)
    return `${year.padStart(4, '0')}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  },
  'datetime.time': (body) => {
    const field = (name: string) => fieldOf(body, name)
    if (field('tzinfo')?.kind !== 'null') return undefined
    const clock = ['hour', 'minute', 'second'].map((name) => intText(field(name)).padStart(2, '0')).join(':')
    const micro = intText(field('microsecond'))
    return micro === '' || micro === '0' ? clock : `${clock}.${micro.padStart(6, '0')}`
  },
  'uuid.UUID': (body) => {
    const hex = textOf(body) ?? ''
    if (hex.length !== 32) return undefined
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  },
}

const textTree = (text: string): Tree => ({ kind: 'text', utf8: Buffer.from(text) })
const textOf = (tree: Tree): string | undefined => (tree.kind === 'text' ? tree.utf8.toString() : undefined)
const intText = (tree: Tree | undefined): string => (tree?.kind === 'int' ? String(tree.value) : '')
const itemsOf = (tree: Tree): readonly Tree[] =>
  tree.kind === 'list' || tree.kind === 'tuple' ? tree.items : []
const fieldOf = (tree: Tree, name: string): Tree | undefined =>
  tree.kind === 'map'
    ? tree.entries.find(([key]) => key.kind === 'text' && key.utf8.toString() === name)?.[1]
    : undefined
