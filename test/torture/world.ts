/**
 * A source in two states, one after the other, and a target at every stage of its way through the tool, each to be had again and again.
 * What a faultless migration makes of it is judged once, by the official savers; from then on equal rows are equal threads.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Redis } from 'ioredis'
import type { RedisServer } from '../../scripts/services/redis.mjs'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import { type Case, fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { judgeJs } from '../judge/javascript.js'
import { judgeCase } from '../judge/judge.js'
import { atEndOfFile } from '../services/each-file.js'
import { databaseUrl, sharedPostgres, sql } from '../services/postgres.js'
import { pythonPeer } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { lookingAt, putState, type RedisState, stateOf } from './redis-state.js'
import { rowsOf } from './truth.js'

/**
 * `bare`: init has run. `first`: what Redis held first is migrated. `moved`: and then what it holds at last. `proven`: and verified.
 * `purged`: and purged into the archive. `whole`: all of it was migrated in one go. `back`: `moved`, and then moved back into an empty Redis.
 */
export type Stage = 'bare' | 'first' | 'moved' | 'proven' | 'purged' | 'whole' | 'back'

export interface WorldOptions {
  /** Its name. */
  readonly fixture: string
  /** The judge must find nothing but this many accepted differences; null: it is judged elsewhere, and not here. */
  readonly accepted: number | null
  /** URL of a server whose databases may come and go; by default that of the tests. */
  readonly server?: string
  /** More options of its Redis. */
  readonly redisArgs?: readonly string[]
}

/** The source's name in the ledger: its address differs with every proxy. */
const NAMED = '--source-name lab'

export class World {
  readonly rows = new Map<Stage, readonly string[]>()
  /** Keys in Redis when the first pass ran, and since. */
  first: RedisState = new Map()
  last: RedisState = new Map()
  /** What a faultless purge leaves: keys of no thread. */
  left: RedisState = new Map()
  /** What the way back makes of it; empty until `goBack`. */
  back: RedisState = new Map()
  private goingBack: Promise<RedisState> | undefined
  /** What a faultless purge has archived. */
  archive = ''

  private constructor(
    readonly name: string,
    readonly dialect: 'python' | 'js',
    readonly redis: RedisServer,
    readonly client: Redis,
    /** URL of the server of all targets, database `postgres`. */
    readonly server: string,
    private readonly prefix: string,
    readonly folder: string,
  ) {}

  static async make({ fixture: name, accepted, server, redisArgs = [] }: WorldOptions): Promise<World> {
    const from = fixture(name)
    const redis = await freshRedis({ args: redisArgs })
    const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-world-'))
    const prefix = `world_${randomBytes(4).toString('hex')}`
    const world = new World(
      name,
      from.family === 'js' ? 'js' : 'python',
      redis,
      lookingAt(redis.url),
      server ?? (await sharedPostgres()),
      prefix,
      folder,
    )
    atEndOfFile(() => world.end())
    await sql(world.server, `CREATE DATABASE ${prefix}_bare`)
    await world.cli('bare', `init --quiet --dialect ${world.dialect}`)
    await loadCase(from, redis.url)
    if (accepted !== null) await world.judge(from, accepted)
    await world.live(from)
    return world
  }

  get redisUrl(): string {
    return this.redis.url
  }

  url(stage: Stage): string {
    return databaseUrl(this.server, `${this.prefix}_${stage}`)
  }

  /** A target of its own at that stage; `drop` when it is no longer needed. */
  async target(stage: Stage, options = ''): Promise<{ readonly url: string; drop(): Promise<void> }> {
    const name = `${this.prefix}_case_${randomBytes(4).toString('hex')}`
    await sql(this.server, `CREATE DATABASE ${name} TEMPLATE ${this.prefix}_${stage} ${options}`)
    // A server that crashes before its next checkpoint forgets how far the sequences of such a copy had come.
    await sql(this.server, 'CHECKPOINT')
    return {
      url: databaseUrl(this.server, name),
      drop: async () => {
        await sql(this.server, `DROP DATABASE ${name} WITH (FORCE)`)
      },
    }
  }

  /** Without any fault, on the stage itself; throws where it does not end well. */
  private async cli(stage: Stage, line: string): Promise<CommandRun> {
    const done = await commandLine(line, ends(this.redisUrl, this.url(stage)))
    if (done.exit !== 0) throw new Error(`${this.name}, ${line}: exit ${done.exit} ${done.out} ${done.err}`)
    return done
  }

  private async stage(stage: Stage, from: Stage, line: string): Promise<void> {
    await sql(this.server, `CREATE DATABASE ${this.prefix}_${stage} TEMPLATE ${this.prefix}_${from}`)
    await this.cli(stage, line)
    this.rows.set(stage, await rowsOf(this.url(stage)))
  }

  private async judge(from: Case, accepted: number): Promise<void> {
    const { url, drop } = await this.target('bare')
    const { exit, err } = await commandLine(`migrate --quiet ${NAMED}`, ends(this.redisUrl, url))
    if (exit !== 0) throw new Error(err)
    const verdict = this.dialect === 'js' ? await judgeJs(from, url) : await judgeCase(from, url)
    const differing = 'differing' in verdict ? verdict.differing : verdict.differences.length
    if (verdict.missing + verdict.extra > 0 || differing !== accepted) {
      throw new Error(
        `the judge of ${this.name}: ${JSON.stringify({ ...verdict, differences: verdict.differences.slice(0, 3) })}`,
      )
    }
    await drop()
  }

  /** The source's life: the fixture without its last threads, then all of it and what an application has done meanwhile. */
  private async live(from: Case): Promise<void> {
    const everything = await stateOf(this.client)
    await this.stage('whole', 'bare', `migrate --quiet ${NAMED}`)
    const threads = await sql<{ id: string }>(
      this.url('whole'),
      'SELECT DISTINCT thread_id AS id FROM checkpoints ORDER BY 1',
    )
    await sql(this.server, `DROP DATABASE ${this.prefix}_whole`)
    const late = threads.slice(-Math.ceil(threads.length / 3)).map(({ id }) => id)
    for (const key of everything.keys()) {
      if (late.some((id) => key.includes(id))) await this.client.del(Buffer.from(key, 'latin1'))
    }
    const app = from.family === 'python' ? await App.start(this.redisUrl) : null
    await app?.begin()
    this.first = await stateOf(this.client)
    await this.stage('first', 'bare', `migrate --quiet ${NAMED}`)
    await putState(this.client, new Map([...everything, ...this.first]))
    await app?.goOn()
    for (const key of (await this.client.keysBuffer('*')).slice(0, 10)) {
      await this.client.pexpire(key, 1_000_000_000)
    }
    this.last = await stateOf(this.client)
    this.rows.set('bare', [])
    await this.stage('moved', 'first', `migrate --quiet ${NAMED}`)
    await this.stage('whole', 'bare', `migrate --quiet ${NAMED}`)
    await this.stage('proven', 'moved', `verify --quiet ${NAMED}`)
    const copy = await this.target('moved') // the saver stays connected, and nobody may be while a database is copied
    await app?.expectSame(copy.url)
    await copy.drop()
    this.archive = join(this.folder, 'purged.cpmarc')
    await this.stage(
      'purged',
      'proven',
      `purge-redis --yes --quiet --older-than 0 --archive ${this.archive} ${NAMED}`,
    )
    this.left = await stateOf(this.client)
    await putState(this.client, this.last)
  }

  /** What a faultless way back makes of an empty Redis. */
  goBack(): Promise<RedisState> {
    this.goingBack ??= this.makeBack()
    return this.goingBack
  }

  private async makeBack(): Promise<RedisState> {
    await putState(this.client, new Map())
    const ends = `--from ${this.url('back')} --to ${this.redisUrl}`
    await this.stage('back', 'moved', `migrate --quiet ${ends} ${NAMED}`)
    this.back = await stateOf(this.client)
    await putState(this.client, this.last)
    return this.back
  }

  private async end(): Promise<void> {
    const ours = await sql<{ name: string }>(
      this.server,
      `SELECT datname AS name FROM pg_database WHERE datname LIKE '${this.prefix}%'`,
    )
    for (const { name } of ours) await sql(this.server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Threads of an application that goes on between the passes, by the official saver. */
class App {
  private constructor(
    private readonly redisUrl: string,
    private readonly ask: (question: object) => Promise<unknown>,
  ) {}

  static async start(redisUrl: string): Promise<App> {
    const peer = await pythonPeer(join(import.meta.dirname, '..', 'verbs', 'app.py'))
    return new App(redisUrl, (question) => peer.ask(question))
  }

  async begin(): Promise<void> {
    for (const thread of THREADS) {
      for (const n of [1, 2]) {
        await this.ask({ do: 'put', on: this.redisUrl, thread, values: { n, log: [`${thread} ${n}`] } })
        await this.ask({ do: 'writes', on: this.redisUrl, thread, writes: [['__resume__', n]] })
      }
    }
  }

  /** Some write the same slot again, some have a checkpoint more. */
  async goOn(): Promise<void> {
    for (const [at, thread] of THREADS.entries()) {
      if (at % 2 === 0) {
        await this.ask({ do: 'writes', on: this.redisUrl, thread, writes: [['__resume__', `again ${at}`]] })
      }
      if (at % 3 === 0) {
        await this.ask({ do: 'put', on: this.redisUrl, thread, values: { n: at, log: ['later'] } })
      }
    }
  }

  async expectSame(postgresUrl: string): Promise<void> {
    for (const thread of THREADS) {
      const [here, there] = [
        await this.ask({ do: 'read', on: this.redisUrl, thread }),
        await this.ask({ do: 'read', on: postgresUrl, thread }),
      ]
      if (!isDeepStrictEqual(here, there)) throw new Error(`${thread} is not the same on Postgres`)
    }
  }
}

const THREADS = Array.from({ length: 12 }, (_, at) => `app-${at}`)
