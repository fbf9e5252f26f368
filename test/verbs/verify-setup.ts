/** A migrated database that can be had again and again, each copy to be damaged in its own way. */
import { randomBytes } from 'node:crypto'
import type { Difference, ThreadNote, ThreadState } from '../../src/model/verify-report.js'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import type { Case } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { atEndOfFile } from '../services/each-file.js'
import { databaseUrl, freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'

/** What the JSON report of a verification says that these tests look at. */
export interface Report {
  readonly exit: number
  readonly against: 'source' | 'ledger'
  readonly verificationId: number | null
  readonly threads: Readonly<
    Record<ThreadState | 'compared' | 'leftOut' | 'onlyInLedger', number> & {
      onlyInTarget: number | null
      notFound: string[]
    }
  >
  readonly compared: { readonly checkpoints: number; readonly writes: number; readonly values: number }
  readonly differences: readonly Difference[]
  readonly differenceCount: number
  readonly notes: Readonly<Partial<Record<ThreadState, readonly ThreadNote[]>>>
  readonly next: string | null
}

export class Side {
  constructor(
    readonly redis: string,
    readonly postgres: string,
    private readonly flags: readonly string[] = [],
  ) {}

  cli(line: string): Promise<CommandRun> {
    return commandLine(line, ends(this.redis, this.postgres))
  }

  async verify(...flags: string[]): Promise<Report> {
    const line = ['verify', '--json', ...this.flags, ...flags]
    const { exit, out, err } = await commandLine(line, ends(this.redis, this.postgres))
    if (out === '') throw new Error(`no report: ${err}`)
    return { ...(JSON.parse(out) as Omit<Report, 'exit'>), exit }
  }

  sql<Row = Record<string, unknown>>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return sql<Row>(this.postgres, statement, values)
  }

  /** Another database with the same rows and the same ledger, on the same Redis. */
  async copy(): Promise<Side> {
    const name = `copy_${randomBytes(6).toString('hex')}`
    const admin = databaseUrl(this.postgres, 'postgres')
    const template = new URL(this.postgres).pathname.slice(1)
    await sql(admin, `CREATE DATABASE ${name} TEMPLATE ${template}`)
    atEndOfFile(async () => {
      await sql(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
    })
    return new Side(this.redis, databaseUrl(this.postgres, name), this.flags)
  }
}

/** A case in a Redis of its own, migrated into a database of its own. */
export async function migratedCase(from: Case, dialect: 'python' | 'js' = 'python'): Promise<Side> {
  const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
  await loadCase(from, url)
  const side = new Side(url, postgres, from.flags)
  const init = await side.cli(`init --quiet --dialect ${dialect}`)
  if (init.exit !== 0) throw new Error(init.err)
  const { exit, err } = await commandLine(['migrate', '--quiet', ...from.flags], ends(url, postgres))
  if (exit !== 0 && exit !== 3) throw new Error(err)
  return side
}
