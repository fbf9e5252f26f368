import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.js'
import type { Terminal } from '../../src/cli/terminal.js'
import { type FakeTerminal, fakeTerminal } from '../cli/terminal.js'
import { fixture, linesOf } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'

const CASE = fixture('pickle/f1-hostile')
let redisUrl = ''
let emptyRedisUrl = ''

beforeAll(async () => {
  const { url } = await freshRedis()
  redisUrl = url
  emptyRedisUrl = `${url.replace(/\/\d*$/, '')}/9`
  await loadCase(CASE, url)
})

interface Run {
  readonly exit: number
  readonly out: string
  readonly err: string
}

async function cli(
  line: string,
  env: Record<string, string> = {},
  change: Partial<Terminal> = {},
): Promise<Run> {
  const terminal: FakeTerminal = fakeTerminal({ env, cwd: tmpdir(), ...change })
  const exit = await main(line.split(' '), terminal)
  return { exit, out: terminal.out(), err: terminal.err() }
}

const tablesOf = async (url: string): Promise<string[]> => {
  const rows = await sql(
    url,
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  )
  return rows.map((row) => String(row.name))
}

const countsOf = async (url: string): Promise<unknown> =>
  sql(
    url,
    `SELECT (SELECT count(*) FROM checkpoints) AS checkpoints, (SELECT count(*) FROM checkpoint_blobs) AS blobs,
    (SELECT count(*) FROM checkpoint_writes) AS writes`,
  )

describe('a dry run', () => {
  test('needs nothing but Redis, and exits as the run would', async () => {
    const { exit, out, err } = await cli('migrate --dry-run', { REDIS_URL: redisUrl })
    expect(exit).toBe(3)
    expect(err).toMatch(/^redis:\/\/[^ ]+\/0 \(REDIS_URL\)\n/)
    expect(out).toContain('dry run done in')
    expect(out).toContain('Next  cp-migrate init && cp-migrate migrate')
  })

  test('leaves a target as it is', async () => {
    const target = await freshDatabase()
    const { exit } = await cli('migrate --dry-run', { REDIS_URL: redisUrl, DATABASE_URL: target })
    expect(exit).toBe(3)
    expect(await tablesOf(target)).toEqual([])
  })

  test('names every rejected key with its reason and what to do', async () => {
    const { out } = await cli('migrate --dry-run --json', { REDIS_URL: redisUrl })
    const document = JSON.parse(out)
    const rejected = document.findings.filter((entry: { kind: string }) => entry.kind === 'rejected')
    const keys = rejected.flatMap((entry: { samples: { key: string }[] }) =>
      entry.samples.map(({ key }) => key),
    )
    expect(keys).toContain('checkpoint:evil-eval:1f1e0000-0000-6000-8000-000000000002')
    expect(keys.length).toBe(rejected.reduce((sum: number, { count }: { count: number }) => sum + count, 0))
    for (const entry of rejected) {
      expect(entry.remedy).not.toBe('')
      for (const sample of entry.samples) expect(sample.detail).not.toBe('')
    }
    expect(document).toMatchObject({ dryRun: true, target: null, exitCode: 3, runId: null })
  })
})

describe('a run', () => {
  test('without tables says which command makes them, and writes nothing', async () => {
    const target = await freshDatabase()
    const { exit, out, err } = await cli('migrate --schema agents', {
      REDIS_URL: redisUrl,
      CHECKPOINT_DB_URI: target,
    })
    expect(exit).toBe(2)
    expect(out).toBe('')
    expect(err).toContain('schema agents of postgres://')
    expect(err).toContain('Run cp-migrate init --schema agents first')
    expect(await tablesOf(target)).toEqual([])
  })

  test('names both ends before anything is written, moves what it can, and writes nothing the second time', async () => {
    const target = await freshDatabase()
    const env = { REDIS_URL: redisUrl, DATABASE_URL: target }
    expect((await cli('init', env)).exit).toBe(0)
    let tablesAtTheLine: Promise<unknown> | undefined
    let line = ''
    const first = await cli('migrate', env, {
      stderr: {
        write(text) {
          line += text
          tablesAtTheLine ??= countsOf(target)
        },
      },
    })
    expect(first.exit).toBe(3)
    expect(line).toMatch(
      /^redis:\/\/[^ ]+\/0 \(REDIS_URL\) → postgres:\/\/[^ ]+, schema public \(DATABASE_URL\)\n/,
    )
    expect(await tablesAtTheLine).toEqual([{ checkpoints: '0', blobs: '0', writes: '0' }])
    const after = await countsOf(target)
    expect(after).not.toEqual([{ checkpoints: '0', blobs: '0', writes: '0' }])

    const second = await cli('migrate --json', env)
    expect(second.exit).toBe(3)
    expect(JSON.parse(second.out).checkpoints).toMatchObject({ inserted: 0, updated: 0 })
    expect(JSON.parse(second.out).checkpoints.alreadyThere).toBeGreaterThan(0)
    expect(await countsOf(target)).toEqual(after)
  })

  test('with --quiet is one line on stdout and none on stderr', async () => {
    const target = await freshDatabase()
    const env = { REDIS_URL: redisUrl, DATABASE_URL: target }
    await cli('init --quiet', env)
    const { out, err } = await cli('migrate --quiet', env)
    expect(out.trimEnd().split('\n')).toHaveLength(1)
    expect(out).toContain('1 thread whole, 1 partly')
    expect(err).toBe('')
  })

  test('stopped by Ctrl-C before its first batch says so, reports, and exits 130', async () => {
    const target = await freshDatabase()
    const env = { REDIS_URL: redisUrl, DATABASE_URL: target }
    await cli('init', env)
    const terminal = fakeTerminal({ env, cwd: tmpdir() })
    const interrupting: Terminal = {
      ...terminal,
      stderr: {
        write(text) {
          terminal.stderr.write(text)
          if (text.includes('→')) terminal.signals.emit('SIGINT')
        },
      },
    }
    expect(await main(['migrate'], interrupting)).toBe(130)
    expect(terminal.out()).toContain('stopped after')
    expect(terminal.err()).toContain('stopped by Ctrl-C')
    expect(terminal.err()).toContain('Run the same command again')
    expect(await countsOf(target)).toEqual([{ checkpoints: '0', blobs: '0', writes: '0' }])
  })

  test('does not change Redis', async () => {
    const redis = redisClient(redisUrl)
    expect(await redis.dbsize()).toBe(linesOf(CASE, 'redis.jsonl').length)
  })
})

describe('the selection of threads', () => {
  const dryRun = async (flags: string) => {
    const { exit, out } = await cli(`migrate --dry-run --json ${flags}`, { REDIS_URL: redisUrl })
    return { exit, report: JSON.parse(out) }
  }

  test('by id takes these and says which are not there', async () => {
    const one = await dryRun('--thread partly-bad')
    expect(one).toMatchObject({ exit: 3, report: { threads: { selected: 1, partial: 1, notFound: [] } } })
    const missing = await dryRun('--thread nobody')
    expect(missing).toMatchObject({ exit: 3, report: { threads: { selected: 0, notFound: ['nobody'] } } })
  })

  test('comes from a file as well', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cp-migrate-threads-')), 'ids')
    writeFileSync(file, 'partly-bad\r\n\nnobody\n')
    const { report } = await dryRun(`--threads-from ${file}`)
    expect(report.threads).toMatchObject({ selected: 1, notFound: ['nobody'] })
  })

  test('by pattern is about thread ids, never keys', async () => {
    expect((await dryRun('--match partly-*')).report.threads.selected).toBe(1)
    expect((await dryRun('--match checkpoint:*')).report.threads.selected).toBe(0)
  })

  test('can be limited', async () => {
    const { report } = await dryRun('--limit 2')
    expect(report.threads.selected).toBe(2)
    expect(report.threads.leftOut).toBeGreaterThan(0)
    expect(report.next).toBe('cp-migrate init && cp-migrate migrate --limit 2')
  })
})

describe('what is wrong with an end', () => {
  test.each([
    ['migrate', {}, 2, 'no Redis was named'],
    [
      'migrate',
      { REDIS_URL: 'redis://:hunter2@127.0.0.1:1/0' },
      5,
      'cannot connect to redis://127.0.0.1:1/0',
    ],
    ['migrate --redis redis://:hun/ter2@h', {}, 2, 'the URL in --redis cannot be used'],
    ['migrate --memory many', {}, 2, '--memory is not valid'],
    ['migrate --threads-from /does/not/exist', {}, 2, 'cannot read the file /does/not/exist'],
  ])('%s with %j exits %d: %s', async (line, env, code, message) => {
    const { exit, out, err } = await cli(line, env)
    expect(exit).toBe(code)
    expect(out).toBe('')
    expect(err).toContain(message)
    expect(err).toMatch(/\nexit code \d\n$/)
    expect(err).not.toMatch(/hunter2|ter2|\n {4}at /)
  })

  test('a missing target is said after Redis was found', async () => {
    const { exit, err } = await cli('migrate', { REDIS_URL: redisUrl })
    expect(exit).toBe(2)
    expect(err).toContain('no Postgres was named')
  })

  test('an empty database is no error, and says so', async () => {
    const { exit, out } = await cli('migrate --dry-run', { REDIS_URL: emptyRedisUrl })
    expect(exit).toBe(0)
    expect(out).toContain('This logical database is empty.')
  })

  test('a user who may not write is told so in words, and nothing of a batch stays', async () => {
    const target = await freshDatabase()
    const role = `reader_${new URL(target).pathname.slice(1)}`
    expect((await cli('init', { DATABASE_URL: target })).exit).toBe(0)
    await sql(target, `CREATE ROLE ${role}`)
    for (const schema of ['public', 'cp_migrate']) {
      await sql(target, `GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
      await sql(target, `GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
    }
    await sql(target, `GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA cp_migrate TO ${role}`)
    const url = new URL(target)
    url.searchParams.set('options', `-c role=${role}`)
    const { exit, out, err } = await cli('migrate', { REDIS_URL: redisUrl, DATABASE_URL: url.href })
    expect(err).toContain('lacks a permission on postgres://')
    expect(err).toMatch(/permission denied for table checkpoint/)
    expect(exit).toBe(2)
    expect(out).toContain('✗ run 1 stopped after')
    expect(await countsOf(target)).toEqual([{ checkpoints: '0', blobs: '0', writes: '0' }])
    await sql(target, `DROP OWNED BY ${role}`)
    await sql(target, `DROP ROLE ${role}`)
  })

  test('checkpoints in another logical database than the one named are pointed out', async () => {
    const { out } = await cli('migrate --dry-run', { REDIS_URL: emptyRedisUrl })
    expect(out.replace(/\s+/g, ' ')).toMatch(
      /Logical database 0 of this server seems to hold checkpoints too \(about \d+ keys\)/,
    )
  })

  test('a database that does not exist is not created', async () => {
    const target = new URL(await freshDatabase())
    target.pathname = '/nothere'
    target.password = 'hunter2'
    const { exit, out, err } = await cli('migrate', { REDIS_URL: redisUrl, DATABASE_URL: target.href })
    expect(exit).toBe(5)
    expect(err).toContain('nothere')
    expect(out + err).not.toContain('hunter2')
  })
})
