/** Layout readers: small databases with changed keys, types, fields and payloads go through claim, reader and converter. */
import type { RedisValue } from '../../src/model/redis-value.js'
import type { Key } from '../layouts/read-case.js'
import { damaged } from './blunt.js'
import { type Content, contentOf, mutatedContent, type Pools, poolsOf } from './contents.js'
import { bytesOfDatabase, contentsOf, databaseOfBytes, redisValueOf } from './database.js'
import type { LayoutSeeds } from './layout-seeds.js'
import { passOf } from './pass.js'
import type { Random } from './random.js'
import type { Outcome, Target } from './target.js'

interface Document {
  readonly key: Buffer
  readonly type: RedisValue['type']
  readonly contents: readonly Content[]
  readonly raw: readonly Buffer[]
}

export function layoutTarget({ layout, dialect, registry, threads }: LayoutSeeds): Target {
  const documents = threads.map((thread) => thread.map(documentOf))
  const pools = poolsOf(documents.flat().flatMap(({ contents }) => contents))
  const names = [...new Set(documents.flat().flatMap(({ key }) => key.toString('latin1').split(/[:$]/)))]
  return {
    name: `layout:${layout}`,
    payload: (random) => bytesOfDatabase(mutatedDatabase(random.pick(documents), pools, names, random)),
    read: (payload) => {
      const keys = keysOfBytes(payload)
      if (keys === undefined) return { state: 'refused', reason: 'no database' }
      const { contributed, findings, documents: held } = passOf(keys, registry, dialect)
      const isRefusal = findings.some(({ reason }) => reason === 'foreign-runtime')
      const decoded = isRefusal
        ? keys.length
        : keys.filter(({ key }) => contributed.has(key.toString('latin1'))).length
      return { state: 'decoded', payloads: held, decoded: Math.min(decoded, held) } satisfies Outcome
    },
    smaller: (payload) => {
      const keys = keysOfBytes(payload) ?? []
      return keys.map((_, at) => bytesOfDatabase(keys.filter((_key, i) => i !== at)))
    },
  }
}

const documentOf = ({ key, value }: Key): Document => {
  const raw = contentsOf(value)
  return { key, type: value.type, raw, contents: raw.map(contentOf) }
}

function keysOfBytes(payload: Buffer): Key[] | undefined {
  try {
    return databaseOfBytes(payload)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function mutatedDatabase(
  documents: readonly Document[],
  pools: Pools,
  names: readonly string[],
  random: Random,
): Key[] {
  const keys = new Map<string, Key>()
  const add = (key: Key) => void keys.set(key.key.toString('latin1'), key)
  for (const document of documents) {
    if (documents.length > 1 && random.chance(4)) continue
    const value = mutatedValue(document, pools, random)
    add({ key: random.chance(10) ? mutatedKey(document.key, names, random) : document.key, value })
    if (random.chance(4)) add({ key: mutatedKey(document.key, names, random), value })
  }
  return [...keys.values()]
}

function mutatedKey(key: Buffer, names: readonly string[], random: Random): Buffer {
  if (random.chance(20)) return damaged(key, random)
  const parts = key.toString('latin1').split(/([:$])/)
  const at = random.below(parts.length)
  const choice = random.below(4)
  if (choice === 0) parts.splice(at, 1)
  else if (choice === 1) parts.splice(at, 0, random.pick(names))
  else if (choice === 2) parts[at] = random.pick(ODD_NAMES)
  else parts[at] = random.pick(names)
  return Buffer.from(parts.join(''), 'latin1')
}

const ODD_NAMES = [
  '',
  ':',
  '::',
  '$',
  ' ',
  '\\',
  '\0',
  '__empty__',
  '__root__',
  'None',
  '-1',
  '0',
  'a|b',
  'na\xc3\xafve',
  '\xff',
  'x'.repeat(300),
  '00000000-0000-0000-0000-000000000000',
]

const TYPES = ['string', 'ReJSON-RL', 'hash', 'list', 'set', 'zset'] as const

/** A fifth of the documents stays as it is, so that others have something to refer to. */
function mutatedValue({ type, contents, raw }: Document, pools: Pools, random: Random): RedisValue {
  if (random.chance(20)) return redisValueOf(type, raw)
  if (random.chance(2)) return redisValueOf(random.pick(TYPES), raw)
  const parts = [...raw]
  if (parts.length === 0) return redisValueOf(type, parts)
  const at = random.below(parts.length)
  const isField = type === 'hash' && at % 2 === 0
  if (type === 'hash' && random.chance(12)) parts.splice(at - (at % 2), 2)
  else if (isField && random.chance(80)) parts[at + 1] = mutatedContent(contents[at + 1]!, pools, random)
  else if (type === 'list' && random.chance(15))
    parts.splice(at, random.below(2), ...parts.slice(0, random.below(2)))
  else parts[at] = mutatedContent(contents[at]!, pools, random)
  return redisValueOf(type, parts)
}
