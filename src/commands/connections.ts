/** Opens the two ends that the settings name, and closes what was opened, last first. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  describeEndpoint,
  type PostgresEndpoint,
  type SourceEndpoint,
  sourceNameOf,
} from '../model/endpoint.js'
import { Failure, type FailureId } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import type { Pace } from '../source/pace.js'
import { serverNameOf } from '../source/server-name.js'
import type { Source, SourceInfo } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import type { Context } from './command.js'
import type { Config } from './config.js'

type World = Pick<Context, 'now' | 'signal' | 'onEvent' | 'details'>

/** How a server looks from outside while it, its container or its name is on the way. */
const STARTING: ReadonlySet<FailureId> = new Set([
  'redis-refused',
  'redis-unknown-host',
  'redis-no-answer',
  'redis-unreachable',
  'redis-loading',
  'redis-lost',
  'redis-master-down',
  'not-redis',
  'postgres-refused',
  'postgres-unknown-host',
  'postgres-no-answer',
  'postgres-unreachable',
  'postgres-starting',
  'postgres-lost',
  'database-missing',
])

interface OpenedTarget {
  readonly target: Postgres
  readonly note: EndpointNote & { readonly schema: string }
}

export class Connections {
  readonly #config: Config
  readonly #world: World
  readonly #opened: { close(): Promise<void> }[] = []
  #target: Promise<OpenedTarget> | undefined
  #isTold = false

  constructor(config: Config, world: World) {
    this.#config = config
    this.#world = world
  }

  /**
   * Connected and asked who it is; `paced`: read no faster than the settings allow. Throws `no-source` where no setting names one.
   */
  async source({ paced = false } = {}): Promise<{
    readonly source: Source
    readonly note: EndpointNote
    /** What the ledger calls it. */
    readonly name: string
  }> {
    const { values, origins } = this.#config
    if (values.redis === undefined) throw new Failure('no-source')
    await this.#tellSettings()
    const source = await this.#sourceOver(values.redis)
    this.#opened.push(source)
    const info = await this.#patiently(describeEndpoint(values.redis), () => source.info())
    const note = {
      endpoint: describeEndpoint(values.redis),
      setBy: origins.redis,
      server: serverNameOf(info),
      ...snapshotNoteOf(info),
    }
    this.#world.details?.(`${note.endpoint}: ${note.server}`)
    return {
      source: paced ? await this.#paced(source) : source,
      note,
      name: values.sourceName ?? sourceNameOf(values.redis),
    }
  }

  /** Each driver is loaded only by the commands that use it. */
  async #sourceOver(endpoint: SourceEndpoint): Promise<Source> {
    if (endpoint.engine === 'rdb') {
      const { SnapshotSource } = await import('../source/rdb/rdb.js')
      const { now, signal, onEvent } = this.#world
      const onKeys = (keys: number) => onEvent({ kind: 'scanning', keys, ofKeys: null })
      return new SnapshotSource(endpoint, { now, signal, onKeys })
    }
    if (endpoint.engine === 'sqlite') {
      const { SqliteSource } = await import('../source/sqlite/sqlite.js')
      return new SqliteSource(endpoint, { signal: this.#world.signal })
    }
    const { RedisSource } = await import('../source/redis/redis.js')
    return new RedisSource(endpoint, { connectTimeoutMs: this.#config.values.connectTimeout })
  }

  /** Read as slowly as the settings ask for; the same where they do not. */
  async #paced(source: Source): Promise<Source> {
    const pace = await this.paceOf(source)
    if (pace === null) return source
    const { PacedSource } = await import('../source/paced.js')
    return new PacedSource(source, pace)
  }

  /** What the settings ask for; null where they do not. */
  async paceOf(source: Source): Promise<Pace | null> {
    const { rate, redisMaxLatency } = this.#config.values
    if (rate === undefined && redisMaxLatency === undefined) return null
    const { Pace } = await import('../source/pace.js')
    const limits = { ...rate, ...(redisMaxLatency === undefined ? {} : { maxLatencyMs: redisMaxLatency }) }
    return new Pace(limits, {
      now: () => performance.now(),
      sleep: async (ms) => {
        await sleep(ms, undefined, { signal: this.#world.signal }).catch(() => {})
      },
      latencyMs: () => latencyOf(source),
    })
  }

  /** Closed with the others. */
  closeLater<End extends { close(): Promise<void> }>(end: End): End {
    this.#opened.push(end)
    return end
  }

  /**
   * Connected and checked, once for all who ask; `makes`: a database in a folder may be a new one. Throws `no-target` where no setting
   * names one.
   */
  target(wanted: { readonly writes: boolean; readonly makes?: boolean }): Promise<OpenedTarget> {
    const opening = this.#target ?? this.#openTarget(wanted)
    this.#target = opening
    // Who could not write may still want to read.
    opening.catch(() => {
      this.#target = undefined
    })
    return opening
  }

  async #openTarget({
    writes,
    makes = false,
  }: {
    readonly writes: boolean
    readonly makes?: boolean
  }): Promise<OpenedTarget> {
    const { values, origins } = this.#config
    if (values.postgres === undefined) throw new Failure('no-target')
    await this.#tellSettings()
    const endpoint = values.postgres
    const target =
      endpoint.engine === 'pglite'
        ? await (await import('../target/pglite/open.js')).openPglite(endpoint, { writes, makes })
        : await this.#server(endpoint, writes)
    this.#opened.push(target)
    const schema = values.schema ?? target.server.schema
    const { version, user } = target.server
    this.#world.details?.(
      `${target.name}: Postgres ${Math.floor(version / 10_000)} as ${user}, schema ${schema}`,
    )
    return { target, note: { endpoint: target.name, setBy: origins.postgres, schema } }
  }

  /** What is used and where it comes from, once. */
  async #tellSettings(): Promise<void> {
    const { details } = this.#world
    if (details === undefined || this.#isTold) return
    this.#isTold = true
    const { shownSettings } = await import('./shown-settings.js')
    for (const { name, value, origin } of shownSettings(this.#config)) details(`${name} ${value} (${origin})`)
  }

  async #server(endpoint: PostgresEndpoint, writes: boolean): Promise<Postgres> {
    const { values, origins } = this.#config
    const { openPostgres } = await import('../target/connection/connect.js')
    return this.#patiently(describeEndpoint(endpoint), () =>
      openPostgres(endpoint, {
        writes,
        sessions: values.connections,
        ...(origins.connectTimeout === 'default' ? {} : { connectTimeoutMs: values.connectTimeout }),
        ...(values.statementTimeout === undefined ? {} : { statementTimeoutMs: values.statementTimeout }),
      }),
    )
  }

  /** Tries again for `--wait` while the server may still be starting. */
  async #patiently<Opened>(endpoint: string, open: () => Promise<Opened>): Promise<Opened> {
    const { now, signal, onEvent } = this.#world
    const until = now() + (this.#config.values.wait ?? 0)
    for (let attempt = 1, waitMs = 250; ; attempt++, waitMs = Math.min(waitMs * 2, 2000)) {
      try {
        return await open()
      } catch (error) {
        const mayCome = error instanceof Failure && STARTING.has(error.id)
        if (!mayCome || now() + waitMs > until) throw error
        onEvent({ kind: 'retrying', endpoint, attempt: attempt + 1, waitMs })
        await sleep(waitMs, undefined, { signal }).catch(() => {
          throw signal.reason
        })
      }
    }
  }

  /** Closes everything, whatever fails on the way: the error that ended the run must not be hidden by one of these. */
  async close(): Promise<void> {
    for (const end of this.#opened.splice(0).reverse()) await end.close().catch(() => {})
  }
}

function snapshotNoteOf({ snapshot }: SourceInfo): Pick<EndpointNote, 'snapshot'> {
  if (snapshot === undefined) return {}
  const { savedAtMs, expiredBefore, expiredSince } = snapshot
  const savedAt = savedAtMs === null ? null : new Date(savedAtMs).toISOString()
  return { snapshot: { savedAt, expiredBefore, expiredSince } }
}

/** The quickest of a few answers: one alone may have waited for us instead of the server. */
async function latencyOf(source: Source): Promise<number> {
  let quickest = Infinity
  for (let time = 0; time < 3; time++) {
    const asked = performance.now()
    await source.types([NO_KEY])
    quickest = Math.min(quickest, performance.now() - asked)
  }
  return quickest
}

const NO_KEY = Buffer.from('cp-migrate:no-such-key')
