/** Bad input beside real threads: loaded into one Redis, migrated as a user would, and asked about thread by thread. */
import { expect } from 'vitest'
import type { FindingKind, ReasonId } from '../../src/model/finding.js'
import { type Case, fixture } from '../corpus/cases.js'
import { type KeyLine, loadCase, loadRedis } from '../corpus/load.js'
import { judgeCase } from '../judge/judge.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { type CommandRun, commandLine, ends } from './command-line.js'

/** As `migrate --json` prints it. */
export interface FoundFinding {
  readonly reason: ReasonId
  readonly kind: FindingKind
  readonly threadId?: string
  readonly checkpointNs?: string
  readonly checkpointId?: string
  readonly key?: string
  readonly keyBase64?: string
  readonly detail?: string
}

interface JsonReport {
  readonly threads: Readonly<Record<string, number>>
  readonly findings: readonly (FoundFinding & { readonly samples: readonly FoundFinding[] })[]
  readonly exitCode: number
}

export interface BadRun extends CommandRun {
  readonly report: JsonReport
  readonly findings: readonly FoundFinding[]
}

/** In every bad payload: what a report must never show. */
export const PAYLOAD = 'SECRET-IN-THE-PAYLOAD'
const PASSWORDS = { redis: 'hunter2-of-redis', postgres: 'hunter2-of-postgres' } as const

/** A thread's rows in the three tables: ids of its checkpoints, the others counted. */
export interface ThreadRows {
  readonly checkpoints: readonly string[]
  readonly blobs: number
  readonly writes: number
}
export const NO_ROWS: ThreadRows = { checkpoints: [], blobs: 0, writes: 0 }

export interface BadDatabase {
  readonly redisUrl: string
  readonly postgresUrl: string
  readonly first: BadRun
  /** The same command again, for these threads alone or with other flags. */
  again(...flags: string[]): Promise<BadRun>
  /** A dry run as people see it. */
  inWords(): Promise<CommandRun>
  rowsOf(threadId: string): Promise<ThreadRows>
}

/** A database with the good case and the bad keys, its tables, and one run over all of it. */
export async function migrateBad(bad: readonly KeyLine[], good: Case = GOOD): Promise<BadDatabase> {
  const [{ url }, plainUrl] = await Promise.all([
    freshRedis({ args: ['--requirepass', PASSWORDS.redis] }),
    freshDatabase(),
  ])
  const redisUrl = withPassword(url, PASSWORDS.redis)
  await loadCase(good, redisUrl)
  await loadRedis(bad, redisUrl)
  const env = ends(redisUrl, withPassword(plainUrl, PASSWORDS.postgres))
  expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
  const again = async (...flags: string[]) => {
    const run = await commandLine(['migrate', '--json', ...good.flags, ...flags], env)
    expectDiscreet(run)
    const report: JsonReport = JSON.parse(run.out)
    expect(report.exitCode).toBe(run.exit)
    return { ...run, report, findings: findingsOf(run.out) }
  }
  return {
    redisUrl,
    postgresUrl: plainUrl,
    first: await again(),
    again,
    inWords: async () => {
      const run = await commandLine(['migrate', '--dry-run', ...good.flags], env)
      expectDiscreet(run)
      return run
    },
    rowsOf: async (threadId) => {
      if (threadId.includes('\0')) return NO_ROWS // Postgres could not even be asked
      const rows = await sql<{ table: string; id: string }>(plainUrl, ROWS_OF_THREAD, [threadId])
      const of = (table: string) => rows.filter((row) => row.table === table)
      return {
        checkpoints: of('checkpoints').map(({ id }) => id),
        blobs: of('blobs').length,
        writes: of('writes').length,
      }
    },
  }
}

/** Every finding that a report of `migrate --json` names. */
export function findingsOf(out: string): FoundFinding[] {
  const { findings }: JsonReport = JSON.parse(out)
  return findings.flatMap(({ reason, kind, samples }) =>
    samples.map((sample) => ({ ...sample, reason, kind })),
  )
}

const GOOD = fixture('python/0.5.2-mutated')

const ROWS_OF_THREAD = `
  SELECT 'checkpoints' AS table, checkpoint_id AS id FROM checkpoints WHERE thread_id = $1
  UNION ALL SELECT 'blobs', channel FROM checkpoint_blobs WHERE thread_id = $1
  UNION ALL SELECT 'writes', task_id FROM checkpoint_writes WHERE thread_id = $1
  ORDER BY 1, 2`

/** Neither a stack trace nor a password nor a payload. */
export function expectDiscreet({ out, err }: CommandRun): void {
  expect(out + err).not.toMatch(/\n\s+at .*[:(]\d+|hunter2/)
  expect(out + err).not.toContain(PAYLOAD)
}

/** Every real thread is there as the official writer would have written it, and the official reader reads whatever else is. */
export async function expectGoodThreads({ postgresUrl }: BadDatabase, good: Case = GOOD): Promise<void> {
  const verdict = await judgeCase(good, postgresUrl)
  expect(verdict, JSON.stringify(verdict.differences.slice(0, 5))).toMatchObject({
    missing: 0,
    differing: 0,
    writeRowsMissing: 0,
  })
}

const withPassword = (url: string, password: string): string => Object.assign(new URL(url), { password }).href

export const stringKey = (key: string | Buffer, value: Buffer): KeyLine => ({
  ...named(key),
  type: 'string',
  value: value.toString('base64'),
})

export const documentKey = (key: string | Buffer, json: string): KeyLine => ({
  ...named(key),
  type: 'ReJSON-RL',
  value: json,
})

const named = (key: string | Buffer) => ({ key: Buffer.from(key).toString('base64'), name: null, pttl: -1 })
