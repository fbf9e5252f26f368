/** A Redis, looked at: a few keys as they come, what the server says of itself, what the user may do. */
import type { Claim, Layout, Prefixes } from '../../layouts/layout.js'
import { prefixesOfIndexes } from '../../layouts/prefixes.js'
import { LayoutRegistry } from '../../layouts/registry.js'
import { type Check, checkOf } from '../../model/doctor-report.js'
import { formatBytes, formatCount } from '../../report/format.js'
import type { RedisHealth } from '../../source/redis/examine.js'
import type { KeyOfType, Source, SourceInfo } from '../../source/source.js'

/** What the other end needs to know of this one. */
export interface SourceSample {
  readonly info: SourceInfo
  readonly looked: number
  /** Keys that a layout claims. */
  readonly claimed: readonly { readonly found: KeyOfType; readonly claim: Claim }[]
  readonly pttls: readonly number[]
  /** Of all claimed keys of this database, worked out from the sample; null where the server does not tell. */
  readonly forecast: { readonly keys: number; readonly bytes: number } | null
  readonly hasPython: boolean
}

/** Enough to see what a database is about; the rest is for `detect`. */
const LOOKED_KEYS = 5000
const MEASURED_KEYS = 500
const DAY_MS = 24 * 3600 * 1000

export async function sampleSource(
  source: Source,
  { layouts, prefixes, db }: { readonly layouts: readonly Layout[]; readonly prefixes: Prefixes; db: number },
): Promise<SourceSample> {
  const info = await source.info()
  const known = prefixesOfIndexes(await source.searchIndexes(), prefixes)
  const registry = new LayoutRegistry(layouts, known)
  const claimed: { found: KeyOfType; claim: Claim }[] = []
  let looked = 0
  for await (const page of source.scan()) {
    for (const found of page) {
      const claim = registry.claim(found.key, found.type)
      if (claim !== null) claimed.push({ found, claim })
    }
    looked += page.length
    if (looked >= LOOKED_KEYS) break
  }
  const measured = claimed.slice(0, MEASURED_KEYS).map(({ found }) => found.key)
  const [sizes, pttls] = [await source.memoryOf(measured), await source.timesToLive(measured)]
  const all = info.databases.get(db)?.keys ?? 0
  const keys = looked === 0 ? 0 : Math.round((all * claimed.length) / looked)
  const bytes = sizes.some((size) => size === null)
    ? null
    : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  const forecast =
    bytes === null || measured.length === 0
      ? null
      : { keys, bytes: Math.round((bytes / measured.length) * keys) }
  const dialectOf = new Map(layouts.map(({ id, dialect }) => [id, dialect]))
  const hasPython = claimed.some(({ claim }) => dialectOf.get(claim.layout) === 'python')
  return { info, looked, claimed, pttls, forecast, hasPython }
}

/** The verdicts on a server (pure). */
export function checksOfRedis(
  sample: SourceSample,
  health: RedisHealth,
  { db, others }: { readonly db: number; readonly others: readonly { readonly db: number }[] },
): Check[] {
  const { info, looked } = sample
  const keys = info.databases.get(db)?.keys ?? 0
  const server = `${info.kind === 'valkey' ? 'Valkey' : 'Redis'} ${info.version}`
  return [
    checkOf('redis-server', { server, keys: formatCount(keys), db }),
    roleOf(sample, health),
    contentOf(sample, others),
    jsonOf(sample, health),
    ...permissionsOf(health),
    memoryOf(info),
    evictionOf(sample, keys, db),
    persistenceOf(health),
    health.lastSaveFailed ? checkOf('redis-save-failed') : null,
    looked === 0 ? null : expiryOf(sample, keys, db),
  ].filter((check) => check !== null)
}

/** Where not even the names may be listed: what lacks, and no more. */
export const refusedChecks = (health: RedisHealth): Check[] => permissionsOf(health)

/** Of a file there is no server to ask. */
export const snapshotChecks = (sample: SourceSample): Check[] => [
  checkOf('redis-snapshot'),
  contentOf(sample, []),
]

function roleOf({ info }: SourceSample, { isLinked }: RedisHealth): Check | null {
  if (!isLinked) return checkOf('redis-replica-cut')
  return info.role === 'replica' ? checkOf('redis-replica') : null
}

function contentOf({ looked, claimed }: SourceSample, others: readonly { readonly db: number }[]): Check {
  const shown = formatCount(looked)
  if (claimed.length > 0) {
    return checkOf('redis-checkpoints', { matching: formatCount(claimed.length), looked: shown })
  }
  const [first] = others
  return first === undefined
    ? checkOf('redis-empty', { looked: shown })
    : checkOf('redis-other-database', {
        looked: shown,
        others:
          others.length === 1
            ? `database ${first.db} seems`
            : `databases ${others.map((other) => other.db).join(', ')} seem`,
        first: first.db,
      })
}

function jsonOf({ info, looked, claimed }: SourceSample, { hasJson }: RedisHealth): Check | null {
  const isNeeded = claimed.some(({ found }) => found.type === 'ReJSON-RL')
  if (!hasJson) {
    if (isNeeded) return checkOf('redis-json-missing')
    return looked === 0 ? null : checkOf('redis-json-unneeded', { looked: formatCount(looked) })
  }
  const version = info.modules.find(({ name }) => /^(ReJSON|json)$/i.test(name))?.version
  return version === undefined ? null : checkOf('redis-json', { version })
}

function permissionsOf({ user, denied }: RedisHealth): Check[] {
  const facts = (rules: readonly string[]) => ({
    user,
    commands: rules.map((rule) => rule.slice(1).toUpperCase()).join(', '),
    rules: rules.join(' '),
  })
  const checks = [
    denied.reading.length > 0 ? checkOf('redis-denied', facts(denied.reading)) : null,
    denied.keys ? checkOf('redis-keys-denied', { user }) : null,
    denied.purging.length > 0 ? checkOf('redis-purge-denied', facts(denied.purging)) : null,
  ].filter((check) => check !== null)
  return checks.length > 0 ? checks : [checkOf('redis-permissions', { user })]
}

function memoryOf({ usedMemoryBytes, maxMemoryBytes }: SourceInfo): Check {
  const used = formatBytes(usedMemoryBytes)
  if (maxMemoryBytes === 0) return checkOf('redis-memory', { used, limit: 'no limit set' })
  const percent = Math.round((100 * usedMemoryBytes) / maxMemoryBytes)
  const limit = `limit ${formatBytes(maxMemoryBytes)}`
  return percent < 90
    ? checkOf('redis-memory', { used, limit })
    : checkOf('redis-memory-tight', { used, limit, percent })
}

/** Without a limit nothing is evicted, and `volatile-…` takes only keys that have a time to live. */
function evictionOf({ info }: SourceSample, keys: number, db: number): Check | null {
  const { maxMemoryPolicy: policy, maxMemoryBytes } = info
  if (policy === '' || keys === 0) return null
  const expiring = info.databases.get(db)?.expiring ?? 0
  const takes = policy.startsWith('allkeys-') || (policy.startsWith('volatile-') && expiring > 0)
  return takes && maxMemoryBytes > 0
    ? checkOf('redis-evicts', { policy })
    : checkOf('redis-policy', { policy: maxMemoryBytes === 0 ? `${policy}, no maxmemory` : policy })
}

function persistenceOf({ appendOnly, snapshots }: RedisHealth): Check {
  const how = [appendOnly ? 'append-only file' : '', snapshots ? 'snapshots' : ''].filter(Boolean)
  return how.length === 0
    ? checkOf('redis-no-persistence')
    : checkOf('redis-persistence', { how: how.join(' and ') })
}

function expiryOf({ info, pttls }: SourceSample, keys: number, db: number): Check | null {
  const soon = pttls.filter((pttl) => pttl >= 0 && pttl < DAY_MS).length
  if (soon > 0)
    return checkOf('redis-expiring', { soon: formatCount(soon), looked: formatCount(pttls.length) })
  const expiring = info.databases.get(db)?.expiring ?? 0
  return expiring === 0
    ? null
    : checkOf('redis-ttls', { expiring: formatCount(expiring), keys: formatCount(keys) })
}
