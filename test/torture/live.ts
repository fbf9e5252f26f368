/**
 * The official Postgres saver writes the same checkpoints and the same pending writes as a migration, at the same time and in any order. The
 * application must never be the one that a deadlock ends, nor wait for a row longer than a second while threads up to 16 MB are moved.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { commandLine, ends } from '../acceptance/command-line.js'
import type { Peer } from '../services/peer.js'
import { ownPostgres, sql } from '../services/postgres.js'
import { pythonPeer } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { type Order, type Outcome, reproduction, type Violation } from './part.js'

const FULL_RUN = 12
const WRITERS = 4
const MB = 1024 ** 2

/** Threads as checkpoints and the bytes that each brings. The last one is above what is promised. */
type Threads = Readonly<Record<string, readonly [checkpoints: number, bytes: number]>>
const SMALL: Threads = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`small ${at}`, [4, 20_000]]))
const TINY: Threads = Object.fromEntries(Object.entries(SMALL).slice(0, 8))
const LARGE: Threads = { '2 MB': [8, MB / 4], '16 MB': [24, (16 * MB) / 32] }
const TOO_LARGE: Threads = { '96 MB': [96, MB] }

interface Writing {
  readonly calls: number
  /** Seconds. */
  readonly longest: number
  readonly errors: readonly string[]
}

/** One waits for the other; as the server's log tells it, which says so after `deadlock_timeout`. */
interface LongWait {
  readonly application: string
  readonly text: string
}

export async function run({ seed, count = FULL_RUN, log }: Order): Promise<Outcome> {
  const counts = {
    'calls of the application': 0,
    'migrations that met it': 0,
    'times it was seen waiting for a row': 0,
    'times the migration was': 0,
    'waits of the application over a second': 0,
  }
  const violations: Violation[] = []
  // A slice has no time for the large ones.
  const stages = count < 3 ? [TINY] : [SMALL, LARGE, TOO_LARGE]
  let done = 0
  let longest = 0
  for (const [at, threads] of stages.entries()) {
    const lab = await LiveLab.make({ ...(at > 0 && SMALL), ...threads })
    const rounds = at === stages.length - 1 ? count - done : Math.max(1, Math.floor(count / stages.length))
    for (let round = 0; round < rounds; round++) {
      const { writing, waits, waiting, met, broken } = await lab.round(seed + done)
      const isPromised = threads !== TOO_LARGE
      counts['calls of the application'] += writing.calls
      if (met) counts['migrations that met it']++
      counts['times it was seen waiting for a row'] += waiting.application
      counts['times the migration was'] += waiting.migration
      const itsWaits = waits.filter(({ application }) => application === 'live-app')
      counts['waits of the application over a second'] += itsWaits.length
      longest = Math.max(longest, writing.longest)
      for (const error of writing.errors) broken.push(`the application got ${error}`)
      if (isPromised) for (const { text } of itsWaits) broken.push(`the application waited: ${text}`)
      for (const what of broken) {
        violations.push({ what, reproduce: reproduction('live', { seed, count }) })
        log(`VIOLATION ${what}`)
      }
      done++
      const said = `${writing.calls} calls, the longest ${writing.longest.toFixed(2)} s, ${itsWaits.length} waits over a second`
      log(`${done} of ${count} (${Object.keys(threads).at(-1)}): ${said}, ${violations.length} violations`)
    }
    await lab.close()
  }
  const all = { ...counts, 'milliseconds of the longest call': Math.round(longest * 1000) }
  return { cases: count, counts: all, violations, skipped: [] }
}

class LiveLab {
  private logSeen = 0

  private constructor(
    private readonly redisUrl: string,
    private readonly postgres: Awaited<ReturnType<typeof ownPostgres>>,
    private readonly app: Peer,
  ) {}

  static async make(threads: Threads): Promise<LiveLab> {
    const settings = { log_lock_waits: 'on', deadlock_timeout: '1s', log_line_prefix: '[%a] ' }
    const [{ url }, postgres] = await Promise.all([freshRedis(), ownPostgres({ settings })])
    const init = await commandLine('init --quiet', ends(url, postgres.url))
    if (init.exit !== 0) throw new Error(init.err)
    const app = await pythonPeer(join(import.meta.dirname, 'apps', 'live.py'), { args: [url, postgres.url] })
    const lab = new LiveLab(url, postgres, app)
    await lab.ask({ do: 'make', threads })
    return lab
  }

  /** Into empty tables, with an application that fills them too. */
  async round(seed: number) {
    const broken: string[] = []
    const tables = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes', ...LEDGER]
    await sql(this.postgres.url, `TRUNCATE ${tables.join(', ')}`)
    await this.ask({ do: 'start', writers: WRITERS, seed })
    const { migrated, waiting } = await this.watched(() => this.cli('migrate --json'))
    const writing = await this.ask<Writing>({ do: 'stop' })
    const report = JSON.parse(migrated.out || '{}')
    if (migrated.exit !== 0) broken.push(`migrate ended with ${migrated.exit}: ${migrated.err.slice(0, 500)}`)
    const waits = await this.waits()
    const isNamed = (report.findings ?? []).some(({ reason }: { reason: string }) => reason === 'long-lock')
    if (waits.some(({ application }) => application === 'live-app') && !isNamed)
      broken.push('the application waited over a second, and the report of migrate does not say for what')
    // Whatever the application was faster with is as it wrote it; the rest a pass without it brings.
    const again = await this.cli('migrate --quiet')
    const verified = await this.cli('verify --json')
    if (again.exit + verified.exit !== 0) {
      const { differences = [] } = JSON.parse(verified.out || '{}')
      const first = JSON.stringify(differences.slice(0, 2)).slice(0, 600)
      broken.push(
        `then migrate ended with ${again.exit} and verify with ${verified.exit}: ${again.out} ${first}`,
      )
    }
    return { writing, waits, waiting, met: (report.checkpoints?.alreadyThere ?? 0) > 0, broken }
  }

  async close(): Promise<void> {
    await this.postgres.stop()
  }

  /** Looks again and again who waits for a lock meanwhile. */
  private async watched(work: () => ReturnType<LiveLab['cli']>) {
    const client = new pg.Client({ connectionString: this.postgres.url, application_name: 'watch' })
    await client.connect()
    const waiting = { application: 0, migration: 0 }
    let isOver = false
    const looking = (async () => {
      for (; !isOver; await sleep(10)) {
        const { rows } = await client.query<{ application_name: string }>(
          "SELECT application_name FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
        )
        for (const { application_name: name } of rows) {
          if (name === 'live-app') waiting.application++
          if (name === 'cp-migrate') waiting.migration++
        }
      }
    })()
    const migrated = await work()
    isOver = true
    await looking
    await client.end()
    return { migrated, waiting }
  }

  private cli(line: string) {
    return commandLine(line, ends(this.redisUrl, this.postgres.url))
  }

  /** What the server's log says since the last time. */
  private async waits(): Promise<LongWait[]> {
    const text = (await this.postgres.log()).slice(this.logSeen)
    this.logSeen += text.length
    const lines = text
      .split('\n')
      .filter((line) => line.includes('still waiting for') || line.includes('deadlock detected'))
    return lines.map((line) => ({
      application: /^\[(.*?)\]/.exec(line)?.[1] ?? '',
      text: line.slice(0, 300),
    }))
  }

  private async ask<Answer>(question: unknown): Promise<Answer> {
    const said = await this.app.ask<{ readonly answer?: Answer; readonly error?: string }>(question)
    if (said.error !== undefined) throw new Error(said.error)
    return said.answer as Answer
  }
}

const LEDGER = ['threads', 'runs', 'inserted', 'replaced', 'findings', 'verifications'].map(
  (table) => `cp_migrate.${table}`,
)
