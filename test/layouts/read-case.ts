/** Reads keys with the layouts alone, as the pipeline does: claims, groups by thread, and lets each reader say what the keys hold. */
import { LAYOUTS } from '../../src/layouts/index.js'
import {
  type ClaimedKey,
  DEFAULT_PREFIXES,
  type Layout,
  type Prefixes,
  type RecordSink,
} from '../../src/layouts/layout.js'
import { LayoutRegistry } from '../../src/layouts/registry.js'
import type { Finding, ReasonId } from '../../src/model/finding.js'
import type { RedisValue } from '../../src/model/redis-value.js'
import type { Checkpoint, PendingWrite, StoredChannelValue } from '../../src/model/thread.js'
import { type Case, linesOf } from '../corpus/cases.js'

export interface Key {
  readonly key: Buffer
  readonly value: RedisValue
}

/** What came of a set of keys. */
export interface Reading {
  readonly checkpoints: Checkpoint[]
  readonly writes: PendingWrite[]
  /** Values stored apart from their checkpoints. */
  readonly channelValues: StoredChannelValue[]
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
    channelValues: [],
    findings: [],
    unclaimed: [],
    refused: [],
    unread: [],
  }
  const registry = new LayoutRegistry(layouts, prefixes)
  const values = new Map(keys.map(({ key, value }) => [key.toString('latin1'), value]))
  let claimed: ClaimedKey[] = []
  for (const { key, value } of keys) {
    const claim = registry.claim(key, value.type)
    const first = claim && { ...claim, key, type: value.type }
    const certain = first?.ambiguous ? resolved(first, value, registry) : first
    if (certain === null) reading.unclaimed.push(key.toString('utf8'))
    else claimed.push(certain)
  }
  const threads = grouped(claimed, ({ threadId }) => threadId)
  claimed = [...threads.values()].flatMap((keys) => registry.ofThread(keys))
  while (claimed.length > 0) claimed = readThreads(claimed, values, registry, reading)
  return reading
}

function readThreads(
  claimed: readonly ClaimedKey[],
  values: ReadonlyMap<string, RedisValue>,
  registry: LayoutRegistry,
  reading: Reading,
): ClaimedKey[] {
  const strays: ClaimedKey[] = []
  const readers = grouped(claimed, ({ threadId, layout }) => `${threadId}\0${registry.readerOf(layout)}`)
  for (const keys of readers.values()) {
    const layout = registry.byId(registry.readerOf(keys[0]!.layout))
    const sink: RecordSink = {
      checkpoint: (checkpoint) => reading.checkpoints.push(checkpoint),
      write: (write) => reading.writes.push(write),
      channelValue: (value) => reading.channelValues.push(value),
      finding: (finding) => reading.findings.push(finding),
      belongsTo: (key, threadId) => strays.push({ ...key, threadId }),
      notMine: (key) => {
        const next = registry.claimAfter(key)
        if (next === null) reading.refused.push(key.key.toString('utf8'))
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

/** Where a key can be split in several ways, its own document is asked before keys are grouped. */
export function resolved(claim: ClaimedKey, value: RedisValue, registry: LayoutRegistry): ClaimedKey | null {
  if (claim.role === 'index') return claim
  let found: ClaimedKey | null = claim
  const reader = registry.byId(registry.readerOf(claim.layout)).openThread(claim.threadId, {
    checkpoint: () => {},
    write: () => {},
    channelValue: () => {},
    finding: () => {},
    belongsTo: (_, threadId) => {
      found = { ...claim, threadId }
    },
    notMine: () => {
      const next = registry.claimAfter(claim)
      found = next && resolved(next, value, registry)
    },
  })
  reader.accept(claim, value)
  reader.end()
  return found
}

export function redisValue(type: string, value: unknown): RedisValue {
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

/** A row that the official Postgres saver made of a case, as `golden.pg.jsonl` tells it. */
export interface GoldenRow {
  readonly table: string
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly parent_checkpoint_id: string | null
  readonly task_id: string
  readonly idx: number
  readonly channel: string
  readonly task_path?: string
}

/** What names a record's checkpoint, and a row's: the same for the same. */
export const idsOf = ({ threadId, checkpointNs, checkpointId }: Checkpoint | PendingWrite): string =>
  JSON.stringify([threadId, checkpointNs, checkpointId])
export const idsOfRow = (row: GoldenRow): string =>
  JSON.stringify([row.thread_id, row.checkpoint_ns, row.checkpoint_id])
