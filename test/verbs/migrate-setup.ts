/** A Redis, a Postgres with the tables, and an application that uses the official savers on both. */
import { join } from 'node:path'
import { expect } from 'vitest'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { type PythonPeer, pythonPeer } from '../services/python.js'
import { freshRedis } from '../services/redis.js'

export interface Tuple {
  readonly id: string
  readonly ns: string
  readonly parent: string | null
  readonly values: Record<string, unknown>
  readonly writes: unknown[]
}

/** What the JSON report of a migration says that these tests look at. */
export interface Report {
  readonly runId: string
  readonly resumed: { readonly threadsBefore: number } | null
  readonly disowned: { readonly threads: number; readonly first: string[] } | null
  readonly threads: Readonly<
    Record<
      'selected' | 'whole' | 'partial' | 'rejected' | 'new' | 'changed' | 'unchanged' | 'skipped',
      number
    >
  >
  readonly checkpoints: Readonly<Record<'inserted' | 'updated' | 'alreadyThere', number>>
  readonly writes: Report['checkpoints']
  readonly blobs: Report['checkpoints']
  readonly bytes: { readonly written: number }
  readonly findings: readonly {
    readonly reason: string
    readonly count: number
    readonly samples: readonly Record<string, unknown>[]
  }[]
  readonly stoppedBy: { readonly id: string } | null
}

export class Ends {
  constructor(
    readonly redis: string,
    readonly postgres: string,
    private readonly app: PythonPeer,
  ) {}

  get env(): Record<string, string> {
    return ends(this.redis, this.postgres)
  }

  cli(line: string, env: Record<string, string> = {}): Promise<CommandRun> {
    return commandLine(line, { ...this.env, ...env })
  }

  /** Migrates and gives exit code and report. */
  async migrate(flags = ''): Promise<Report & { readonly exit: number }> {
    const { exit, out, err } = await this.cli(`migrate --json ${flags}`.trim())
    const report = out === '' ? {} : (JSON.parse(out) as Partial<Report>)
    if (report.threads === undefined) throw new Error(`no report: ${out}${err}`)
    return { ...(report as Report), exit }
  }

  /** A checkpoint on top of the newest one; its id. */
  put(
    on: 'redis' | 'postgres',
    thread: string,
    values: Record<string, unknown>,
    more: object = {},
  ): Promise<string> {
    return this.app.ask({ do: 'put', on: this[on], thread, values, ...more })
  }

  writes(on: 'redis' | 'postgres', thread: string, writes: unknown[], more: object = {}): Promise<string> {
    return this.app.ask({ do: 'writes', on: this[on], thread, writes, ...more })
  }

  read(on: 'redis' | 'postgres', thread: string): Promise<Tuple[]> {
    return this.app.ask({ do: 'read', on: this[on], thread })
  }

  delete(on: 'redis' | 'postgres', thread: string): Promise<void> {
    return this.app.ask({ do: 'delete', on: this[on], thread })
  }

  sql<Row = Record<string, unknown>>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return sql<Row>(this.postgres, statement, values)
  }

  /** Every row of the saver's tables, as text in the order of their keys. */
  async rows(): Promise<string[]> {
    const all = await Promise.all(
      ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'].map((table) =>
        this.sql<{ row: string }>(
          `SELECT '${table} ' || t::text AS row FROM ${table} t ORDER BY t::text COLLATE "C"`,
        ),
      ),
    )
    return all.flat().map(({ row }) => row)
  }

  /** Both official savers give the same tuples of the thread. */
  async expectSame(thread: string): Promise<void> {
    const [onRedis, onPostgres] = [await this.read('redis', thread), await this.read('postgres', thread)]
    expect(onPostgres.length).toBeGreaterThan(0)
    expect(onPostgres).toEqual(onRedis)
  }
}

export async function freshEnds(version?: string): Promise<Ends> {
  const [redis, postgres, app] = await Promise.all([
    freshRedis(),
    freshDatabase(version),
    pythonPeer(join(import.meta.dirname, 'app.py')),
  ])
  const both = new Ends(redis.url, postgres, app)
  expect(await both.cli('init')).toMatchObject({ exit: 0 })
  return both
}
