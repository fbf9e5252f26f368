/** What is no difference: Redis went on, the application went on in Postgres, keys expired, rows were deleted, some was rejected. */
import { beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { redisClient } from '../services/redis.js'
import { type Ends, freshEnds } from './migrate-setup.js'
import { migratedCase, type Report, Side } from './verify-setup.js'

let app: Ends
let side: Side

/** Three threads with two checkpoints each, the second with a pending write; migrated. */
async function threeThreads(): Promise<void> {
  app = await freshEnds()
  side = new Side(app.redis, app.postgres)
  for (const thread of ['t-1', 't-2', 't-3']) {
    await app.put('redis', thread, { list: [1], text: 'one' })
    await app.put('redis', thread, { list: [1, 2] })
    await app.writes('redis', thread, [['list', 3]])
  }
  expect(await app.migrate()).toMatchObject({ exit: 0 })
}

/** How many threads are in which state, without the zeros. */
function states({ threads }: Report): Record<string, number> {
  const { equal, behind, ahead, partial, rejected, deleted, expired, differs } = threads
  const all = { equal, behind, ahead, partial, rejected, deleted, expired, differs }
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0))
}

const progress = (of: Side) =>
  of.sql<{ thread_id: string; progress: string }>(
    `SELECT thread_id, progress FROM cp_migrate.current_threads ORDER BY thread_id`,
  )

/** Deletes the keys of one thread, as expiry does. */
async function expire(url: string, pattern: string): Promise<number> {
  const redis = redisClient(url)
  const keys = await redis.keys(pattern)
  return keys.length === 0 ? 0 : redis.del(...keys)
}

describe('a thread', () => {
  beforeAll(threeThreads)

  test('is verified, and the ledger says by which verification', async () => {
    const report = await side.verify()
    expect(report).toMatchObject({ exit: 0, verificationId: 1, next: 'cp-migrate purge-redis' })
    expect(states(report)).toEqual({ equal: 3 })
    expect(await progress(side)).toEqual(
      ['t-1', 't-2', 't-3'].map((thread_id) => ({ thread_id, progress: 'verified' })),
    )
    const [verification] = await side.sql('SELECT * FROM cp_migrate.verifications')
    expect(verification).toMatchObject({ id: 1, counts: { compared: 3, equal: 3, differs: 0 } })
    expect(verification?.finished_at).not.toBeNull()
  })

  test('that Redis has gone on with is behind, not different, and is verified once that was migrated', async () => {
    await app.put('redis', 't-1', { list: [1, 2, 3] })
    await app.writes('redis', 't-2', [['text', 'a second answer']], {
      task: '22222222-2222-2222-2222-222222222222',
    })
    const report = await side.verify()
    expect(report).toMatchObject({ exit: 0, next: 'cp-migrate migrate' })
    expect(states(report)).toEqual({ equal: 1, behind: 2 })
    expect(report.notes.behind?.map(({ threadId }) => threadId).sort()).toEqual(['t-1', 't-2'])
    await app.migrate()
    expect(await progress(side)).toContainEqual({ thread_id: 't-1', progress: 'migrated' })
    expect(states(await side.verify())).toEqual({ equal: 3 })
    expect(await progress(side)).toContainEqual({ thread_id: 't-1', progress: 'verified' })
  })

  test('that Redis holds and no run has moved is behind', async () => {
    await app.put('redis', 't-4', { list: [] })
    expect(states(await side.verify())).toEqual({ equal: 3, behind: 1 })
    await app.migrate()
  })

  test('that the application has continued in Postgres is ahead; what was migrated is still compared', async () => {
    await app.put('postgres', 't-1', { list: ['from Postgres'] })
    await app.writes('postgres', 't-2', [['list', 9]], { task: '33333333-3333-3333-3333-333333333333' })
    const report = await side.verify()
    expect(report.exit).toBe(0)
    expect(states(report)).toEqual({ equal: 2, ahead: 2 })
    const oldest = `thread_id = 't-1' AND parent_checkpoint_id IS NULL`
    const [{ metadata } = {}] = await side.sql(`SELECT metadata FROM checkpoints WHERE ${oldest}`)
    await side.sql(`UPDATE checkpoints SET metadata = '{}' WHERE ${oldest}`)
    const damaged = await side.verify()
    expect(damaged.exit).toBe(4)
    expect(states(damaged)).toEqual({ equal: 2, ahead: 1, differs: 1 })
    expect(await progress(side)).toContainEqual({ thread_id: 't-1', progress: 'differs' })
    await side.sql(`UPDATE checkpoints SET metadata = $1 WHERE ${oldest}`, [metadata])
    expect(states(await side.verify())).toEqual({ equal: 2, ahead: 2 })
    expect(await progress(side)).toContainEqual({ thread_id: 't-1', progress: 'verified' })
  })

  test('that exists in Postgres alone is counted and not compared', async () => {
    await app.put('postgres', 'native', { list: [] })
    expect((await side.verify()).threads).toMatchObject({ onlyInTarget: 1, compared: 4, differs: 0 })
    expect((await side.cli('verify')).out).toContain(
      '1 thread in Postgres is not from this Redis; not compared.',
    )
  })

  test('that was deleted in Postgres is deleted, not different', async () => {
    await app.delete('postgres', 't-3')
    const report = await side.verify()
    expect(report.exit).toBe(0)
    expect(report.threads).toMatchObject({ deleted: 1, differs: 0 })
  })
})

describe('keys that Redis no longer has', () => {
  beforeAll(threeThreads)

  test('are no difference as long as the rows are as they were written', async () => {
    const [newest] = await app.read('redis', 't-1')
    const redis = redisClient(app.redis)
    const keys = (await redis.keys(`checkpoint*t-1*`)).filter((key) => !key.includes(newest!.id))
    expect(await redis.del(...keys)).toBeGreaterThan(0)
    expect(await expire(app.redis, '*t-2*')).toBeGreaterThan(2)
    const report = await side.verify()
    expect(report.exit).toBe(0)
    expect(states(report)).toEqual({ equal: 1, expired: 2 })
    expect(report.threads.onlyInLedger).toBe(1)
    expect(await progress(side)).toContainEqual({ thread_id: 't-2', progress: 'verified' })
  })

  test('leave damage to be found all the same', async () => {
    const copy = await side.copy()
    await copy.sql(
      `UPDATE checkpoints SET metadata = '{}' WHERE thread_id IN ('t-1', 't-2') AND parent_checkpoint_id IS NULL`,
    )
    const report = await copy.verify()
    expect(report.exit).toBe(4)
    expect(states(report)).toEqual({ equal: 1, differs: 2 })
    const first = { kind: 'differs', part: 'rows', note: expect.stringContaining('not as they were written') }
    expect(report.differences).toEqual([
      expect.objectContaining({ threadId: 't-1', ...first }),
      expect.objectContaining({ threadId: 't-2', ...first }),
    ])
  })

  test('leave a lost blob to be found', async () => {
    const copy = await side.copy()
    await copy.sql(`DELETE FROM checkpoint_blobs WHERE thread_id = 't-2' AND version LIKE '%1.%'`)
    expect((await copy.verify()).differences).toEqual([
      expect.objectContaining({ kind: 'differs', part: 'blob', threadId: 't-2' }),
    ])
  })

  test('do not matter when the application has continued their thread', async () => {
    await app.writes('postgres', 't-2', [['list', 4]], { task: '44444444-4444-4444-4444-444444444444' })
    await app.put('postgres', 't-2', { list: ['on'] })
    const report = await side.verify()
    expect(report.exit).toBe(0)
    expect(report.threads).toMatchObject({ ahead: 1, differs: 0 })
  })
})

describe('verify --ledger', () => {
  beforeAll(async () => {
    await threeThreads()
    await redisClient(app.redis).flushall()
  })

  test('needs no Redis at all: rows are compared with the digests on record', async () => {
    const report = await side.verify('--ledger')
    expect(report).toMatchObject({ exit: 0, against: 'ledger', threads: { equal: 3, compared: 3 } })
    // It was never compared with its source: that proves nothing anew.
    expect(await progress(side)).toContainEqual({ thread_id: 't-1', progress: 'migrated' })
    const { out, err } = await side.cli('verify --ledger --thread t-1')
    expect(out).toContain('✓ 1 thread as the ledger recorded it · 0 differ')
    expect(err).not.toContain('redis')
  })

  test('finds rows that were changed, are gone, or are too much', async () => {
    const copy = await side.copy()
    await copy.sql(`UPDATE checkpoint_writes SET channel = 'x' WHERE thread_id = 't-1'`)
    await copy.sql(`UPDATE checkpoint_blobs SET blob = '\\x90' WHERE thread_id = 't-2'`)
    await copy.sql(
      `INSERT INTO checkpoints SELECT thread_id, checkpoint_ns, '1f000000-0000-6000-8000-000000000000', NULL, type, checkpoint, metadata
       FROM checkpoints WHERE thread_id = 't-3' LIMIT 1`,
    )
    const report = await copy.verify('--ledger')
    expect(report.exit).toBe(4)
    expect(report.differences.map(({ threadId, kind, part }) => [threadId, kind, part])).toEqual([
      ['t-1', 'differs', 'rows'],
      ['t-2', 'differs', 'blob'],
      ['t-3', 'extra', 'checkpoint'],
    ])
    expect((await progress(copy)).map((row) => row.progress)).toEqual(['differs', 'differs', 'differs'])
  })

  test('without a ledger says which command makes one', async () => {
    const copy = await side.copy()
    await copy.sql('DROP SCHEMA cp_migrate CASCADE')
    const { exit, err } = await copy.cli('verify --ledger')
    expect(exit).toBe(2)
    expect(err).toContain('cp-migrate init')
  })
})

describe('which threads', () => {
  beforeAll(async () => {
    await threeThreads()
    await app.put('redis', 't-1', { list: [1, 2, 3] })
    expect(await app.migrate()).toMatchObject({ runId: '2' })
  })

  test('are compared is the user’s choice', async () => {
    expect((await side.verify('--thread', 't-2')).threads).toMatchObject({ compared: 1, equal: 1 })
    expect((await side.verify('--match', 't-[12]')).threads).toMatchObject({ compared: 2 })
    expect((await side.verify('--limit', '2')).threads).toMatchObject({ compared: 2, leftOut: 1 })
    expect((await side.verify('--since-run', '2')).threads).toMatchObject({ compared: 1, equal: 1 })
    expect((await side.verify('--sample', '2', '--seed', 'x')).threads).toMatchObject({
      compared: 2,
      leftOut: 1,
    })
  })

  test('a run that nobody knows is refused: no thread to compare would look as if nothing differed', async () => {
    const { exit, err } = await app.cli('verify --since-run 99')
    expect(exit).toBe(2)
    expect(err).toContain('there is no run 99')
  })

  test('a thread that was named and is nowhere makes exit code 3', async () => {
    const report = await side.verify('--thread', 't-1', '--thread', 'nobody')
    expect(report).toMatchObject({ exit: 3, threads: { compared: 1, notFound: ['nobody'] } })
  })

  test('a sample says how to choose it again', async () => {
    const { out } = await side.cli('verify --sample 1 --seed 7')
    expect(out).toContain('A sample: --seed 7 chooses the same threads again.')
  })
})

describe('threads of which something was rejected', () => {
  test('are partly migrated, or not at all, and what was migrated is equal', async () => {
    const hostile = await migratedCase(fixture('pickle/f1-hostile'))
    const report = await hostile.verify()
    expect(report.exit).toBe(0)
    expect(report.threads.partial).toBe(1)
    expect(report.threads.rejected).toBeGreaterThan(5)
    expect(report.notes.partial).toEqual([expect.objectContaining({ threadId: 'partly-bad', leftOut: 2 })])
    await hostile.sql('DROP SCHEMA cp_migrate CASCADE')
    expect(states(await hostile.verify())).toEqual(states(report))
  })
})

describe('checkpoints that are left out on purpose', () => {
  beforeAll(async () => {
    app = await freshEnds()
    side = new Side(app.redis, app.postgres)
    for (const step of [1, 2, 3, 4]) await app.put('redis', 't-1', { list: [step] })
  })

  test('by a run that was told to take the newest are no difference', async () => {
    expect(await app.migrate('--keep-last 2')).toMatchObject({ exit: 0 })
    const report = await side.verify()
    expect(report).toMatchObject({ exit: 0, compared: { checkpoints: 2 } })
    expect(states(report)).toEqual({ equal: 1 })
    const copy = await side.copy()
    await copy.sql(`DELETE FROM checkpoint_blobs WHERE thread_id = 't-1'`)
    expect(states(await copy.verify())).toEqual({ differs: 1 })
  })

  test('by a prune in Postgres are deleted, and the oldest that is left has no parent', async () => {
    const newest = `(SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = 't-1')`
    await side.sql(`DELETE FROM checkpoints WHERE thread_id = 't-1' AND checkpoint_id < ${newest}`)
    await side.sql(`UPDATE checkpoints SET parent_checkpoint_id = NULL WHERE thread_id = 't-1'`)
    const report = await side.verify()
    expect(report.exit).toBe(0)
    expect(states(report)).toEqual({ deleted: 1 })
    expect(states(await side.verify('--ledger'))).toEqual({ deleted: 1 })
    await redisClient(app.redis).flushall()
    const expired = await side.verify()
    expect(expired.exit).toBe(0)
    expect(states(expired)).toMatchObject({ deleted: 1 })
  })
})

describe('the lock', () => {
  test('keeps a verification out while another run is at work', async () => {
    await threeThreads()
    const [first, second] = await Promise.all([side.cli('verify --quiet'), side.cli('verify --quiet')])
    // The later one waits a moment; both end well, or it says who holds the lock.
    expect([first.exit, second.exit].every((exit) => exit === 0 || exit === 11)).toBe(true)
    const ended = await side.sql('SELECT id FROM cp_migrate.verifications WHERE finished_at IS NULL')
    expect(ended).toEqual([])
  })
})
