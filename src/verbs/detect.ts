/** Finds out which savers wrote into a Redis: names of all keys, values of a few. Reads no other value, writes nothing. */
import type { Layout, Prefixes } from '../layouts/layout.js'
import { prefixesOfIndexes } from '../layouts/prefixes.js'
import { LayoutRegistry } from '../layouts/registry.js'
import type { DetectFindings } from '../model/detect-findings.js'
import type { DetectReport } from '../model/detect-report.js'
import type { OnEvent } from '../model/events.js'
import { Failure } from '../model/failure.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import type { Forecast } from '../model/survey.js'
import type { Source } from '../source/source.js'
import { beginningBy } from './beginnings.js'
import { KeyCensus } from './detect/census.js'
import { type ClaimedName, ExpiryList } from './detect/expiring.js'
import { findingsOf } from './detect/findings.js'
import { GrowthCount } from './survey/growth.js'

export interface DetectRequest {
  readonly source: Source
  readonly from: EndpointNote
  readonly prefixes: Prefixes
  /** Newest first. */
  readonly layouts: readonly Layout[]
  /** Names the threads that expire within this time; null: only about how many do, from samples. */
  readonly expiringWithinMs: number | null
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

/** Of memory, as a migration between servers nearby reads it. */
const BYTES_A_SECOND = 30 * 1024 ** 2
/** Connections, locks, ANALYZE. */
const FIXED_SECONDS = 0.5

/** What the movable layouts take in Redis is the most that their rows will: values that repeat are stored once. */
function forecastOf({ layouts }: DetectFindings): Forecast | null {
  const movable = layouts.filter(({ happens }) => happens !== 'refused')
  const known = movable.map(({ memoryBytes }) => memoryBytes).filter((bytes) => bytes !== null)
  if (known.length < movable.length || known.length === 0) return null
  const bytes = known.reduce((sum, one) => sum + one, 0)
  return {
    basis: 'samples',
    postgresBytes: bytes,
    lz4Bytes: null,
    ledgerBytes: null,
    seconds: FIXED_SECONDS + bytes / BYTES_A_SECOND,
  }
}

export async function detect(request: DetectRequest): Promise<DetectReport> {
  const { source, from, now, signal, onEvent, expiringWithinMs } = request
  const startedAt = now()
  const info = await source.info()
  if (info.clusterEnabled) throw new Failure('redis-cluster', { endpoint: source.describe() })
  const indexes = await source.searchIndexes()
  const prefixes = prefixesOfIndexes(indexes, request.prefixes)
  const registry = new LayoutRegistry(request.layouts, prefixes)
  const growth = new GrowthCount(startedAt)
  const census = new KeyCensus(registry, beginningBy(indexes), growth)
  const expiring = expiringWithinMs === null ? null : new ExpiryList(expiringWithinMs)
  for await (const page of source.scan({ typesByScript: true })) {
    signal.throwIfAborted()
    const names: ClaimedName[] = []
    if (expiring === null) census.take(page)
    else census.take(page, (found, claim) => names.push({ found, claim }))
    if (names.length > 0) await expiring?.ask(source, names)
    onEvent({ kind: 'scanning', keys: census.counts.scanned, ofKeys: null })
  }
  const findings = await findingsOf(census, { source, registry, expiring })
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    command: 'detect',
    startedAt: new Date(startedAt).toISOString(),
    seconds: (now() - startedAt) / 1000,
    source: from,
    growth: growth.result(),
    forecast: forecastOf(findings),
    ...findings,
  }
}
