/**
 * Small threads of every layout: from the fixtures, and from savers that nobody runs any more (seeds/savers.jsonl: a few threads of what
 * test/acceptance/documented_savers.py and one_off.py write, and of fixtures/sqlite).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Dialect } from '../../src/convert/converter.js'
import { parseLayoutFile } from '../../src/layouts/generic/layout-file.js'
import { genericLayout } from '../../src/layouts/generic.js'
import { LAYOUTS } from '../../src/layouts/index.js'
import { DEFAULT_PREFIXES, type Layout } from '../../src/layouts/layout.js'
import { LayoutRegistry } from '../../src/layouts/registry.js'
import { fixtures } from '../corpus/cases.js'
import { dict, hash, id, METADATA, string, TASK } from '../layouts/plain/plain-values.js'
import { grouped, type Key, keysOf, prefixesOf, redisValue } from '../layouts/read-case.js'
import { contentsOf } from './database.js'
import { passOf } from './pass.js'

const ROOT = join(import.meta.dirname, '..', '..')
const LAYOUT_FILES = ['kubently', 'automa-ai', 'hex-json']
/** Of one thread. */
const MAX_BYTES = 12_000
const MAX_OF_ROLE = 4
/** Of one layout. */
const MAX_THREADS = 12

export interface LayoutSeeds {
  readonly layout: string
  readonly dialect: Dialect
  readonly registry: LayoutRegistry
  readonly threads: readonly (readonly Key[])[]
}

/** One entry for each layout, those of layout files too; a layout without a seed is a mistake of whoever added it. */
export function layoutSeeds(): LayoutSeeds[] {
  const bySaver = savers()
  const described = LAYOUT_FILES.flatMap((name) => {
    const text = readFileSync(join(ROOT, 'fixtures', 'layout-files', `${name}.json`), 'utf8')
    const layout = genericLayout(parseLayoutFile(text))
    return seedsOf([layout], [layout, ...LAYOUTS], [bySaver.get(name)!])
  })
  const others = [...bySaver].filter(([name]) => !LAYOUT_FILES.includes(name)).map(([, keys]) => keys)
  return [...seedsOf(LAYOUTS, LAYOUTS, [...fixtures().map(keysOf), ...others, ...MADE]), ...described]
}

function seedsOf(
  wanted: readonly Layout[],
  known: readonly Layout[],
  databases: readonly (readonly Key[])[],
): LayoutSeeds[] {
  const prefixes = fixtures().map(prefixesOf)
  const registry = new LayoutRegistry(known, {
    checkpoint: unique(prefixes.flatMap(({ checkpoint }) => checkpoint)),
    checkpointWrite: unique(prefixes.flatMap(({ checkpointWrite }) => checkpointWrite)),
    checkpointBlob: DEFAULT_PREFIXES.checkpointBlob,
  })
  const found = new Map<string, (readonly Key[])[]>()
  for (const thread of databases.flatMap((keys) => threadsOf(keys, registry))) {
    for (const layout of layoutsOf(thread, registry))
      found.set(layout, [...(found.get(layout) ?? []), thread])
  }
  return wanted.map(({ id, dialect }) => {
    const threads = found.get(id)
    if (threads === undefined) throw new Error(`no seed for the layout ${id}`)
    const step = Math.max(1, threads.length / MAX_THREADS)
    const count = Math.min(MAX_THREADS, threads.length)
    const some = Array.from({ length: count }, (_, i) => threads[Math.floor(i * step)]!)
    return { layout: id, dialect, registry, threads: some }
  })
}

const unique = (names: readonly string[]) => [...new Set(names)]

interface Line {
  readonly saver: string
  readonly key: string
  readonly type: string
  readonly value: unknown
}

function savers(): Map<string, Key[]> {
  const lines = readFileSync(join(import.meta.dirname, 'seeds', 'savers.jsonl'), 'utf8')
    .trim()
    .split('\n')
  const all = lines.map((line): Line => JSON.parse(line))
  return new Map(
    [...grouped(all, ({ saver }) => saver)].map(([saver, some]) => [
      saver,
      some.map(({ key, type, value }) => ({
        key: Buffer.from(key, 'base64'),
        value: redisValue(type, value),
      })),
    ]),
  )
}

const inDecimal = (value: unknown) => [...Buffer.from(JSON.stringify(value))].join(',')

/** What no program at hand writes: an npm package, and runtimes that are refused. */
const MADE: readonly (readonly Key[])[] = [
  [1, 2].flatMap((n) => [
    hash(`checkpoint:npm::${id(n)}`, {
      checkpoint: inDecimal(dict(n)),
      type: 'json',
      metadata: inDecimal(METADATA),
      metadata_type: 'json',
      parent_checkpoint_id: n > 1 ? id(n - 1) : '',
    }),
    hash(`writes:npm::${id(n)}:${TASK}:0`, { channel: 'c', type: 'json', value: inDecimal('a value') }),
  ]),
  [
    string('langgraph:checkpoint:go', { id: 'go', node_name: 'a', state: {}, version: 1 }),
    string('graph:checkpoint:content:java', [{ id: 'c1' }]),
    hash('langgraph4j:checkpoint:t2', {
      thread_id: 't2',
      checkpoint_id: 'c',
      node_id: 'n',
      state_data: '{}',
    }),
  ],
]

/** The threads of a database, each cut to a few keys: checkpoints, and writes of these. */
export function threadsOf(keys: readonly Key[], registry: LayoutRegistry): Key[][] {
  const claimed = keys.flatMap((key) => {
    const claim = registry.claim(key.key, key.value.type)
    const bytes = contentsOf(key.value).reduce((sum, { length }) => sum + length, 0)
    return claim === null ? [] : [{ key, claim, bytes }]
  })
  claimed.sort((a, b) => a.bytes - b.bytes)
  return [...grouped(claimed, ({ claim }) => claim.threadId).values()].map((thread) => {
    const roles = new Map<string, number>()
    const checkpoints = new Set<string>()
    let bytes = 0
    const kept: Key[] = []
    const isWrite = ({ claim: { role } }: (typeof thread)[number]) => role === 'write'
    for (const { key, claim, bytes: size } of [
      ...thread.filter((one) => !isWrite(one)),
      ...thread.filter(isWrite),
    ]) {
      if (claim.role === 'write' && !checkpoints.has(claim.checkpointId)) continue
      const count = (roles.get(claim.role) ?? 0) + 1
      if (count > MAX_OF_ROLE || bytes + size > MAX_BYTES) continue
      roles.set(claim.role, count)
      bytes += size
      kept.push(key)
      checkpoints.add(claim.checkpointId)
    }
    return kept
  })
}

/** Whose records come of a thread, or who refuses it by name. */
function layoutsOf(thread: readonly Key[], registry: LayoutRegistry): ReadonlySet<string> {
  const layouts = new Set<string>()
  for (const dialect of ['python', 'js'] as const) {
    for (const layout of passOf(thread, registry, dialect).layouts) layouts.add(layout)
  }
  for (const { key, value } of thread) {
    const claim = registry.claim(key, value.type)
    if (claim !== null && registry.byId(claim.layout).isRefused) layouts.add(claim.layout)
  }
  return layouts
}
