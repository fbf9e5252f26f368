/** status tells how far the runs came; ledger drop tells first what it disowns. */
import { beforeAll, describe, expect, test } from 'vitest'
import { proxyTo } from '../services/proxy.js'
import { redisClient } from '../services/redis.js'
import { type Ends, freshEnds } from './migrate-setup.js'

let both: Ends

interface Status {
  readonly runs: readonly {
    readonly id: number
    readonly state: string
    readonly threads: Record<string, number>
    readonly rows: Record<string, number>
    readonly findings: readonly { readonly reason: string; readonly count: number }[]
  }[]
  readonly holder: { readonly verb: string; readonly pid: number } | null
  readonly findings?: readonly Record<string, unknown>[]
  readonly ledgerBytes: number
}

const statusOf = async (flags = ''): Promise<Status> => {
  const { exit, out } = await both.cli(`status --json ${flags}`.trim())
  expect(exit).toBe(0)
  return JSON.parse(out)
}

beforeAll(async () => {
  both = await freshEnds()
})

describe('status', () => {
  test('before the first run names it', async () => {
    const { out } = await both.cli('status')
    expect(out).toContain('No run yet.')
    expect(out).toContain('Next  cp-migrate migrate')
    expect(await statusOf()).toMatchObject({ runs: [], holder: null })
  })

  test('sums up what each run has committed, newest first', async () => {
    await both.put('redis', 'a', { n: 1 })
    await both.put('redis', 'b', { n: 1 })
    await both.writes('redis', 'b', [['n', 2]])
    await both.migrate()
    await both.put('redis', 'b', { n: 3, list: [1] })
    await both.migrate()
    const { runs, ledgerBytes } = await statusOf()
    expect(runs).toMatchObject([
      {
        id: 2,
        state: 'done',
        threads: { whole: 1, rejected: 0 },
        rows: { checkpoints: 1, blobs: 1, writes: 0 },
      },
      { id: 1, state: 'done', threads: { whole: 2 }, rows: { checkpoints: 2, writes: 1 } },
    ])
    expect(ledgerBytes).toBeGreaterThan(10_000)
    const [, runId] = /run_id:(\w+)/.exec(await redisClient(both.redis).info('server')) ?? []
    expect(await both.sql('SELECT DISTINCT source_run_id FROM cp_migrate.runs')).toEqual([
      { source_run_id: runId },
    ])
    const { out } = await both.cli('status')
    expect(out).toMatch(/2 {2}done {2}.* 1 whole\n.* 1 {2}done {2}.* 2 whole/)
    const { out: line } = await both.cli('status --quiet')
    expect(line).toBe('2 runs, the last: run 2 done, 1 whole\n')
  })

  test('of one run shows its findings with the keys, never a payload', async () => {
    const redis = redisClient(both.redis)
    await both.put('redis', 'c', { n: 1 })
    const [key] = await redis.keys('checkpoint:c:*')
    await redis.call('JSON.SET', key!, '$.checkpoint', '{"hush":true}')
    const report = await both.migrate()
    expect(report.exit).toBe(3)
    const { runs, findings } = await statusOf(`--run ${report.runId}`)
    expect(runs).toHaveLength(1)
    expect(findings).toContainEqual(expect.objectContaining({ kind: 'rejected', threadId: 'c' }))
    const { out } = await both.cli(`status --run ${report.runId}`)
    expect(out).toContain('rejected')
    expect(out).toContain(key)
    expect(out).not.toContain('hush')
    expect((await both.cli('status')).out).toContain(`cp-migrate status --run ${report.runId}`)
    // What was refused is said again by every run.
    expect((await both.migrate()).exit).toBe(3)
    const [again] = (await statusOf()).runs
    expect(again!.findings).toContainEqual(expect.objectContaining({ kind: 'rejected', count: 1 }))
    await redis.del(key!)
  })

  test('of a run that is not there says so', async () => {
    const { exit, err } = await both.cli('status --run 99')
    expect(exit).toBe(2)
    expect(err).toContain('there is no run 99')
  })

  test('tells a run that is at work from one that was interrupted', async () => {
    const toPostgres = await proxyTo(both.postgres)
    let seen: Status | undefined
    toPostgres.set({
      atCommit: async (moment, commit) => {
        if (moment !== 'before' || commit !== 3) return undefined
        seen = await statusOf()
        toPostgres.set({ refuse: true })
        setImmediate(() => toPostgres.endAll())
        return 'reset'
      },
    })
    await both.put('redis', 'd', { n: 1 })
    const { exit } = await both.cli('migrate --retry-for 200ms', {
      CHECKPOINT_DB_URI: toPostgres.url(both.postgres),
    })
    expect(exit).toBe(5)
    expect(seen!.holder).toMatchObject({ verb: 'migrate', pid: process.pid })
    expect(seen!.runs[0]).toMatchObject({ state: 'running' })
    const after = await statusOf()
    expect(after.holder).toBeNull()
    expect(after.runs[0]).toMatchObject({ id: seen!.runs[0]!.id, state: 'interrupted' })
    const { out } = await both.cli('status')
    expect(out).toMatch(/Next {2}cp-migrate migrate +goes on where it stopped/)
  })
})

describe('ledger drop', () => {
  test('is a plan that names the threads it would disown', async () => {
    await both.migrate()
    const { exit, out } = await both.cli('ledger drop')
    expect(exit).toBe(0)
    expect(out).toContain('Plan only')
    expect(out).toMatch(/\n {4}a\n {4}b\n/)
    expect((await statusOf()).runs.length).toBeGreaterThan(1)
  })

  test('does not drop while a purge has not ended', async () => {
    await both.sql(`UPDATE cp_migrate.threads SET progress = 'purging' WHERE thread_id = 'a'`)
    const { exit, err } = await both.cli('ledger drop --yes')
    expect(exit).toBe(2)
    expect(err).toContain('a purge of 1 threads')
    await both.sql(`UPDATE cp_migrate.threads SET progress = 'migrated' WHERE thread_id = 'a'`)
  })

  test('with --yes drops it and leaves the rows; the next run finds them equal', async () => {
    const before = await both.rows()
    const { exit, out } = await both.cli('ledger drop --yes')
    expect(exit).toBe(0)
    expect(out).toContain('✓ dropped the ledger')
    expect(await both.sql(`SELECT 1 FROM pg_namespace WHERE nspname = 'cp_migrate'`)).toEqual([])
    expect((await both.cli('migrate')).err).toContain('Run cp-migrate init first')
    expect((await both.cli('status')).exit).toBe(2)
    await both.cli('init')
    expect(await both.migrate()).toMatchObject({ exit: 0, runId: '1', threads: { new: 0, changed: 0 } })
    expect(await both.rows()).toEqual(before)
  })
})
