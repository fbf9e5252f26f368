/** A Redis, a Postgres, and an application of one language that races on them. */
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import { officialJavaScript } from '../services/javascript.js'
import { type Peer, peer } from '../services/peer.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { proxyTo, type Proxy as WireProxy } from '../services/proxy.js'
import { pythonPeer } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import type { Command } from './race-monitor.js'
import type { Chance } from './random.js'

export type Kind = string
export type Act = 'go' | 'write' | 'touch' | 'update'

interface FarmOptions {
  readonly name: string
  readonly dialect: 'python' | 'js'
  /** Layouts and what is special about their threads, as the application knows them. */
  readonly kinds: readonly Kind[]
  /** Whether threads that a purge left alone go on from Redis. */
  readonly goesOnFromRedis: boolean
  readonly app: (redis: string, postgres: string) => Promise<Peer>
}

const APPS = join(import.meta.dirname, 'apps')

export const FARMS: readonly FarmOptions[] = [
  {
    name: 'Python',
    dialect: 'python',
    kinds: ['full', 'shallow', 'sends', 'delta', 'ttl', 'nested'],
    goesOnFromRedis: true,
    app: (redis, postgres) => pythonPeer(join(APPS, 'race.py'), { args: [redis, postgres] }),
  },
  {
    name: 'JavaScript',
    dialect: 'js',
    kinds: ['early'],
    // This saver gives a graph less than it has stored: from Redis no thread of it goes on as it should.
    goesOnFromRedis: false,
    app: async (redis, postgres) =>
      peer([process.execPath, join(APPS, 'race.mjs'), redis, postgres], {
        PACKAGES: await officialJavaScript(),
      }),
  },
]

/**
 * A shallow saver has one place for all; before format 4 two children of a checkpoint share its Sends; an early JavaScript saver gives who
 * comes anew less than there is.
 */
const ONE_WRITER: ReadonlySet<Kind> = new Set(['shallow', 'nested', 'sends', 'early'])

export class Farm {
  readonly redis: Redis
  readonly wasPurged = new Set<string>()
  private constructor(
    private readonly options: FarmOptions,
    private readonly urls: { readonly redis: string; readonly postgres: string },
    private readonly app: Peer,
    private readonly wire: WireProxy,
  ) {
    this.redis = redisClient(urls.redis)
  }

  static async make(options: FarmOptions): Promise<Farm> {
    const [{ url: redis }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
    const init = await commandLine(`init --quiet --dialect ${options.dialect}`, ends(redis, postgres))
    if (init.exit !== 0) throw new Error(init.err)
    return new Farm(options, { redis, postgres }, await options.app(redis, postgres), await proxyTo(redis))
  }

  get name(): string {
    return this.options.name
  }

  get goesOnFromRedis(): boolean {
    return this.options.goesOnFromRedis
  }

  get kinds(): readonly Kind[] {
    return this.options.kinds
  }

  cli(line: string): Promise<CommandRun> {
    return commandLine(`${line} --source-name farm`, ends(this.wire.url(this.urls.redis), this.urls.postgres))
  }

  /** Runs `purge`; when it is about to delete its n-th thread, `meanwhile` comes first. */
  async held(nth: number, meanwhile: () => Promise<void>, purge: () => Promise<void>): Promise<void> {
    let seen = 0
    let isDone = false
    const once = async () => {
      if (isDone) return
      isDone = true
      await meanwhile()
    }
    // The mode of the purge's script, as it goes over the wire.
    const act = async () => (++seen === nth ? once() : undefined)
    this.wire.set({ before: { text: '\r\npurge\r\n', act } })
    await purge()
    this.wire.set({})
    await once()
  }

  /** Half of all acts end a step. */
  actOf(kind: Kind, chance: Chance): Act {
    const drawn = chance.next()
    if (drawn < 0.55) return 'go'
    if (drawn < 0.8) return 'write'
    return drawn < 0.9 || ONE_WRITER.has(kind) ? 'touch' : 'update'
  }

  begin(racers: readonly { readonly thread: string; readonly kind: Kind }[]): Promise<unknown> {
    return this.ask({
      do: 'begin',
      threads: Object.fromEntries(racers.map(({ thread, kind }) => [thread, kind])),
    })
  }

  /** Acts with the milliseconds after which each begins; what went wrong in the application. */
  race(acts: readonly (readonly [thread: string, act: Act, afterMs: number])[]): Promise<string[]> {
    return this.ask({ do: 'race', acts })
  }

  settle(threads: readonly string[]): Promise<unknown> {
    return this.ask({ do: 'settle', threads })
  }

  /** Checkpoints that are neither in Redis nor in Postgres as they were written. */
  check(): Promise<unknown[]> {
    return this.ask({ do: 'check' })
  }

  /** Threads that stand differently there than in memory when they have gone on. */
  goOn(on: 'redis' | 'postgres', threads: readonly string[]): Promise<unknown[]> {
    return this.ask({ do: 'go-on', on, threads })
  }

  /** They are over: so that the next lap has less to look at. */
  async remove(threads: readonly string[]): Promise<void> {
    if (threads.length === 0) return
    await this.ask({ do: 'forget', threads })
    const gone = new Set(threads)
    const keys = (await this.redis.keys('*race:*')).filter((key) =>
      gone.has(/race:[a-z]+\d+/.exec(key)?.[0] ?? ''),
    )
    for (let at = 0; at < keys.length; at += 1000) await this.redis.unlink(keys.slice(at, at + 1000))
    for (const table of ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes', ...LEDGER]) {
      await sql(this.urls.postgres, `DELETE FROM ${table} WHERE thread_id = ANY($1)`, [threads])
    }
  }

  /** Lists every command from now on. */
  async watch() {
    const client = new Redis(this.urls.redis, { protocol: 2 })
    const monitor = await client.monitor()
    const commands: Command[] = []
    let planned = () => {}
    const watch = {
      /** The purge has begun to list keys. */
      planned: new Promise<void>((resolve) => {
        planned = resolve
      }),
      end: async (): Promise<Command[]> => {
        await this.redis.ping() // whatever came before it has been told when it is
        await this.redis.echo('end of the race')
        while (!commands.some(({ args }) => args[1] === 'end of the race'))
          await new Promise((go) => setTimeout(go, 5))
        monitor.disconnect()
        client.disconnect()
        for (const { args, source } of commands) {
          if (source !== 'lua' || args[0]?.toUpperCase() !== 'UNLINK') continue
          for (const key of args.slice(1)) {
            const thread = /race:[a-z]+\d+/.exec(key)?.[0]
            if (thread !== undefined) this.wasPurged.add(thread)
          }
        }
        return commands
      },
    }
    monitor.on('monitor', (time: string, args: string[], source: string) => {
      commands.push({ time: Number(time), args, source })
      if (args[0]?.toUpperCase() === 'SCAN') planned()
    })
    return watch
  }

  async close(): Promise<void> {
    this.redis.disconnect()
  }

  private async ask<Answer>(question: unknown): Promise<Answer> {
    const said = await this.app.ask<{ readonly answer?: Answer; readonly error?: string }>(question)
    if (said.error !== undefined) throw new Error(said.error)
    return said.answer as Answer
  }
}

const LEDGER = ['threads', 'inserted', 'replaced', 'findings'].map((table) => `cp_migrate.${table}`)
