/** What a census of all names says of a database, once samples of each kind of key were looked at. */
import { PYTHON_FULL_0_0 } from '../../layouts/python/document.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import type {
  DetectFindings,
  Estimate,
  KeyGroup,
  LayoutVerdict,
  NamedKey,
  ServerFacts,
} from '../../model/detect-findings.js'
import { keyBeginning } from '../../pipeline/inventory/counts.js'
import { serverNameOf } from '../../source/server-name.js'
import type { Source, SourceInfo } from '../../source/source.js'
import { otherDatabases } from '../other-databases.js'
import type { KeyCensus } from './census.js'
import { aboutExpiring, type ExpiryList } from './expiring.js'
import { namedKey, otherKeysOf } from './others.js'
import { type KindSamples, lookAt } from './samples.js'
import { isTelling, sumOf, verdictsOf } from './verdicts.js'

export interface DetectWorld {
  readonly source: Source
  readonly registry: LayoutRegistry
  /** Null: the samples say about how many threads expire soon. */
  readonly expiring: ExpiryList | null
}

export async function findingsOf(
  census: KeyCensus,
  { source, registry, expiring }: DetectWorld,
): Promise<DetectFindings> {
  const { counts, threads, kinds } = census
  const looks: KindSamples[] = []
  for (const kind of kinds) looks.push(await lookAt(kind, { source, registry }))
  const others = otherKeysOf(census, registry.prefixes)
  const nobodys = nobodysOf(looks)
  const strange = sumOf(nobodys.map(({ keys }) => keys))
  const claimed = sumOf(kinds.map(({ keys }) => keys))
  const verdicts = verdictsOf(looks, threads, registry)
  const movable = verdicts.filter(({ happens, threads }) => happens === 'migrated' && threads.count > 0)
  const isMixed = new Set(movable.map(({ dialect }) => dialect)).size > 1
  return {
    server: serverFactsOf(await source.info()),
    keys: {
      scanned: counts.scanned,
      claimed: claimed - strange,
      storeItems: others.storeItems,
      foreign: others.foreignKeys,
      unknown: others.unknownKeys + strange,
      index: sumOf(
        kinds.filter(({ role }) => role === 'index' || role === 'pointer').map(({ keys }) => keys),
      ),
    },
    threads: threads.threadsWith(kinds.filter(({ role }) => isTelling(role)).map(({ index }) => index)),
    layouts: verdicts.map((verdict) =>
      isMixed && verdict.happens === 'migrated' ? { ...verdict, happens: 'own-schema' } : verdict,
    ),
    orphans: {
      writes: orphanWritesOf(census, verdicts),
      pointers: threads.lonelyPointers(),
      stubs: stubsOf(looks),
    },
    unreadable: unreadableOf(looks),
    unknown: together([...others.unknown, ...nobodys]),
    foreign: others.foreign,
    otherDatabases: await otherDatabases(source, registry.prefixes),
    expiring: expiring?.found() ?? aboutExpiring(looks, threads),
  }
}

/** Keys of the first savers name the parent of the checkpoint they hold: then names say nothing about writes. */
function orphanWritesOf({ threads }: KeyCensus, verdicts: readonly LayoutVerdict[]): Estimate {
  const isKnown = verdicts.every(({ id }) => id !== PYTHON_FULL_0_0)
  return isKnown ? threads.orphanWrites() : { count: 0, exact: false }
}

const NAMES: Readonly<Record<string, string>> = {
  ReJSON: 'RedisJSON',
  json: 'valkey-json',
  search: 'RediSearch',
}

function serverFactsOf(info: SourceInfo): ServerFacts {
  const { modules, usedMemoryBytes, maxMemoryBytes, maxMemoryPolicy } = info
  return {
    name: serverNameOf(info),
    modules: modules.map((module) => `${NAMES[module.name] ?? module.name} ${module.version}`),
    usedMemoryBytes,
    maxMemoryBytes,
    maxMemoryPolicy,
  }
}

/** Keys whose names could be of a layout and whose values are of none, as many as the samples suggest, by how they begin. */
function nobodysOf(looks: readonly KindSamples[]): KeyGroup[] {
  const groups = new Map<string, { keys: number; samples: NamedKey[] }>()
  for (const { kind, nobodys, looked } of looks) {
    for (const sample of nobodys) {
      const prefix = keyBeginning(sample.key)
      const group = groups.get(prefix) ?? { keys: 0, samples: [] }
      groups.set(prefix, group)
      group.keys += kind.keys / looked
      if (group.samples.length < MAX_SAMPLES) group.samples.push(namedKey(sample))
    }
  }
  return [...groups].map(([prefix, { keys, samples }]) => ({ prefix, keys: Math.round(keys), samples }))
}

/** Groups of one beginning as one. */
function together(groups: readonly KeyGroup[]): KeyGroup[] {
  const joined = new Map<string, KeyGroup>()
  for (const { prefix, keys, samples } of groups) {
    const before = joined.get(prefix)
    joined.set(prefix, {
      prefix,
      keys: keys + (before?.keys ?? 0),
      samples: [...(before?.samples ?? []), ...samples].slice(0, MAX_SAMPLES),
    })
  }
  return [...joined.values()].sort((a, b) => b.keys - a.keys)
}

const MAX_SAMPLES = 3

function stubsOf(looks: readonly KindSamples[]): Estimate {
  const found = looks.filter(({ stubs }) => stubs > 0)
  const count = sumOf(found.map(({ kind, stubs, looked }) => (kind.keys * stubs) / looked))
  return { count: Math.round(count), exact: found.every(({ isAll }) => isAll) }
}

function unreadableOf(looks: readonly KindSamples[]): DetectFindings['unreadable'] {
  const checkpoints = looks.filter(({ kind }) => kind.role === 'checkpoint')
  const unreadable = checkpoints.flatMap((look) => [...look.unreadable, ...look.damaged])
  return {
    sampled: unreadable.length,
    of: sumOf(checkpoints.map(({ looked }) => looked)),
    samples: unreadable.slice(0, MAX_SAMPLES).map(namedKey),
  }
}
