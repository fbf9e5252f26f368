/** Reads keys with the layouts alone, as the pipeline does: claims, groups by thread, and lets each reader say what the keys hold. */
import { LAYOUTS } from '../../src/layouts/index.js'
import {
  type ClaimedKey,
  DEFAULT_PREFIXES,
  type Layout,
  type Prefixes,
  type RecordSink,
} from '../../src/layouts/layout.js'
import type { Finding, ReasonId } from '../../src/model/finding.js'
import type { RedisValue } from '../../src/model/redis-value.js'
import type { Checkpoint, PendingWrite } from '../../src/model/thread.js'
import { type Case, linesOf } from '../corpus/cases.js'

export interface Key {
  readonly key: Buffer
  readonly value: RedisValue
}

/** What came of a set of keys. */
export interface Reading {
  readonly checkpoints: Checkpoint[]
  readonly writes: PendingWrite[]
  readonly findings: Finding[]
  /** Keys that are no layout's by their names, or by the value where the name leaves it open; and keys whose value proved their name wrong. */
  readonly unclaimed: string[]
  readonly refused: string[]
  /** Keys of indexes: claimed, never read. */
  readonly unread: ClaimedKey[]
}

interface Line {
  readonly key: string
  readonly type: string
  readonly value: unknown
}

export function keysOf(from: Case): Key[] {
  return linesOf<Line>(from, 'redis.jsonl').map(({ key, type, value }) => ({
    key: Buffer.from(key, 'base64'),
    value: redisValue(type, value),
  }))
}

/** The prefixes that a case's flags name. */
export function prefixesOf({ flags }: Case): Prefixes {
  const after = (flag: string) => flags.filter((_, at) => flags[at - 1] === flag)
  return {
    checkpoint: [...DEFAULT_PREFIXES.checkpoint, ...after('--checkpoint-prefix')],
    checkpointWrite: [...DEFAULT_PREFIXES.checkpointWrite, ...after('--checkpoint-write-prefix')],
    checkpointBlob: DEFAULT_PREFIXES.checkpointBlob,
  }
}

export function document(value: unknown): RedisValue {
  return {
    type: 'ReJSON-RL',
    text: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  }
}

/** Threads in the order of their ids; keys that belong elsewhere go there in a second round. */
export function readKeys(
  keys: readonly Key[],
  prefixes: Prefixes = DEFAULT_PREFIXES,
  layouts: readonly Layout[] = LAYOUTS,
): Reading {
  const reading: Reading = {
    checkpoints: [],
    writes: [],
    findings: [],
    unclaimed: [],
    refused: [],
    unread: [],
  }
  const values = new Map(keys.map(({ key, value }) => [key.toString('latin1'), value]))
  let claimed: ClaimedKey[] = []
  for (const { key, value } of keys) {
    const claim = firstClaim(layouts, key, value, prefixes)
    const certain = claim?.ambiguous ? resolved(claim, value, layouts, prefixes) : claim
    if (certain === undefined) reading.unclaimed.push(key.toString('utf8'))
    else claimed.push(certain)
  }
  while (claimed.length > 0) claimed = readThreads(claimed, values, layouts, prefixes, reading)
  return reading
}

function readThreads(
  claimed: readonly ClaimedKey[],
  values: ReadonlyMap<string, RedisValue>,
  layouts: readonly Layout[],
  prefixes: Prefixes,
  reading: Reading,
): ClaimedKey[] {
  const strays: ClaimedKey[] = []
  const readers = grouped(claimed, ({ threadId, layout }) => `${threadId}\0${layout}`)
  for (const keys of readers.values()) {
    const layout = layouts.find(({ id }) => id === keys[0]!.layout)!
    const sink: RecordSink = {
      checkpoint: (checkpoint) => reading.checkpoints.push(checkpoint),
      write: (write) => reading.writes.push(write),
      finding: (finding) => reading.findings.push(finding),
      belongsTo: (key, threadId) => strays.push({ ...key, threadId }),
      notMine: (key) => {
        const rest = layoutsAfter(layouts, layouts.indexOf(layout))
        const next = firstClaim(rest, key.key, values.get(key.key.toString('latin1'))!, prefixes)
        if (next === undefined) reading.refused.push(key.key.toString('utf8'))
        else strays.push(next)
      },
    }
    const order = layout.readingOrder(keys)
    reading.unread.push(...keys.filter((key) => !order.includes(key)))
    const reader = layout.openThread(keys[0]!.threadId, sink)
    for (const key of order) reader.accept(key, values.get(key.key.toString('latin1'))!)
    reader.end()
  }
  return strays
}

/** Those that may be asked once the layout at a place in the table has refused a key. */
function layoutsAfter(layouts: readonly Layout[], at: number): readonly Layout[] {
  return layouts.slice(at + 1).filter(({ readBy }) => readBy !== layouts[at]!.id)
}

/** Where a key can be split in several ways, its own document is asked before keys are grouped. */
function resolved(
  claim: ClaimedKey,
  value: RedisValue,
  layouts: readonly Layout[],
  prefixes: Prefixes,
): ClaimedKey | undefined {
  let found: ClaimedKey | undefined = claim
  const at = layouts.findIndex(({ id }) => id === claim.layout)
  const reader = layouts[at]!.openThread(claim.threadId, {
    checkpoint: () => {},
    write: () => {},
    finding: () => {},
    belongsTo: (_, threadId) => {
      found = { ...claim, threadId }
    },
    notMine: () => {
      const next = firstClaim(layoutsAfter(layouts, at), claim.key, value, prefixes)
      found = next && resolved(next, value, layouts, prefixes)
    },
  })
  reader.accept(claim, value)
  reader.end()
  return found
}

function firstClaim(
  layouts: readonly Layout[],
  key: Buffer,
  value: RedisValue,
  prefixes: Prefixes,
): ClaimedKey | undefined {
  for (const layout of layouts) {
    const claim = layout.claim(key, value.type, prefixes)
    if (claim !== null) return { ...claim, key, type: value.type }
  }
  return undefined
}

function redisValue(type: string, value: unknown): RedisValue {
  const bytes = (text: unknown) => Buffer.from(String(text), 'base64')
  const list = Array.isArray(value) ? value : []
  switch (type) {
    case 'string':
      return { type, bytes: bytes(value) }
    case 'ReJSON-RL':
      return { type, text: Buffer.from(String(value)) }
    case 'hash':
      return { type, fields: list.map(([field, content]) => [bytes(field), bytes(content)]) }
    case 'zset':
      return { type, members: list.map(([member, score]) => [bytes(member), Number(score)]) }
    case 'list':
      return { type, items: list.map(bytes) }
    case 'set':
      return { type, members: list.map(bytes) }
  }
  throw new Error(`no value of type ${type} is expected here`)
}

export function grouped<Item>(items: readonly Item[], nameOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const name = nameOf(item)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  return groups
}

/** How many findings there are of each reason. */
export function reasonsOf({ findings }: Reading): Partial<Record<ReasonId, number>> {
  const counts: Partial<Record<ReasonId, number>> = {}
  for (const { reason } of findings) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}
