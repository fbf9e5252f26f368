/** One pass after another while the application goes on: only what is new moves, what is not ours stays. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemPostgres } from '../services/postgres.js'
import { type Ends, freshEnds, type Report } from './migrate-setup.js'

const RESUME = '__resume__'
let both: Ends
let thread = ''
let nextThread = 0

const servers = ['embedded', ...(await systemPostgres()).slice(-1)]

const outcomeOf = ({
  exit,
  threads,
  checkpoints,
  writes,
  blobs,
  findings,
}: Report & { readonly exit: number }) => ({
  ...{ exit, threads, checkpoints, writes, blobs },
  findings: findings.map(({ reason, count }) => [reason, count]).sort(),
})

describe.each(servers)('on Postgres %s', (version) => {
  beforeAll(async () => {
    both = await freshEnds(version)
  })

  beforeEach(() => {
    // Ids that hold the separator, as users have them.
    thread = `user:${++nextThread}`
  })

  /** A thread of three checkpoints with a pending write, migrated whole. */
  async function migrated(): Promise<string[]> {
    const ids = [
      await both.put('redis', thread, { n: 1, log: ['a'] }),
      await both.put('redis', thread, { n: 2, log: ['a', 'b'] }),
      await both.put('redis', thread, { n: 3 }),
    ]
    await both.writes('redis', thread, [['n', 4]])
    const report = await both.migrate(`--thread ${thread}`)
    expect(report).toMatchObject({ exit: 0, threads: { whole: 1, new: 1, changed: 0, unchanged: 0 } })
    await both.expectSame(thread)
    return ids
  }
  /** The rehearsal has said before what comes out. */
  async function again(flags = ''): ReturnType<Ends['migrate']> {
    const before = await both.rows()
    const rehearsed = await both.migrate(`--dry-run --thread ${thread} ${flags}`)
    expect(await both.rows()).toEqual(before)
    const report = await both.migrate(`--thread ${thread} ${flags}`)
    expect(outcomeOf(rehearsed)).toEqual(outcomeOf(report))
    return report
  }

  test('a second pass over the same source writes nothing, and says so', async () => {
    await migrated()
    const before = await both.rows()
    const report = await again()
    expect(report).toMatchObject({
      exit: 0,
      threads: { whole: 1, new: 0, changed: 0, unchanged: 1 },
      checkpoints: { inserted: 0, updated: 0, alreadyThere: 3 },
      bytes: { written: 0 },
      resumed: null,
    })
    expect(await both.rows()).toEqual(before)
    const [count] = await both.sql(
      'SELECT count(*)::int AS runs FROM cp_migrate.threads WHERE thread_id = $1',
      [thread],
    )
    expect(count).toEqual({ runs: 1 })
  })

  test('a thread that grew brings exactly the new rows', async () => {
    await migrated()
    const before = await both.rows()
    await both.put('redis', thread, { n: 5 })
    await both.writes('redis', thread, [['log', ['x']]])
    const report = await again()
    expect(report).toMatchObject({
      exit: 0,
      threads: { whole: 1, new: 0, changed: 1, unchanged: 0 },
      checkpoints: { inserted: 1, updated: 0, alreadyThere: 3 },
      writes: { inserted: 1, updated: 0 },
    })
    const after = await both.rows()
    expect(before.filter((row) => !after.includes(row))).toEqual([])
    expect(after.length - before.length).toBe(2)
    await both.expectSame(thread)
    const inserted = await both.sql('SELECT tbl FROM cp_migrate.inserted WHERE thread_id = $1 ORDER BY tbl', [
      thread,
    ])
    expect(inserted.map(({ tbl }) => tbl)).toEqual(['checkpoint_writes', 'checkpoints'])
  })

  test('a write that its application has rewritten is followed, and the ledger keeps the old one', async () => {
    await migrated()
    await both.writes('redis', thread, [[RESUME, 'first answer']])
    expect(await again()).toMatchObject({ exit: 0, writes: { inserted: 1, updated: 0 } })
    const before = await both.rows()
    await both.writes('redis', thread, [[RESUME, 'second answer']])
    expect(await again()).toMatchObject({
      exit: 0,
      threads: { changed: 1 },
      writes: { inserted: 0, updated: 1 },
    })
    await both.expectSame(thread)
    const replaced = await both.sql<{ tbl: string; blob: Buffer }>(
      'SELECT tbl, blob FROM cp_migrate.replaced WHERE thread_id = $1',
      [thread],
    )
    expect(replaced).toHaveLength(1)
    expect(replaced[0]!.blob.toString()).toContain('first answer')
    expect(before.filter((row) => row.includes(RESUME) && row.includes(thread))).toHaveLength(1)
    expect(await again()).toMatchObject({ exit: 0, threads: { unchanged: 1 } })
    // A third answer: the row is still ours, as it stands now.
    await both.writes('redis', thread, [[RESUME, 'third answer']])
    expect(await again()).toMatchObject({ exit: 0, writes: { updated: 1 } })
    await both.expectSame(thread)
  })

  test('a row that somebody else has changed is a conflict, and stays as it is until the user says replace', async () => {
    await migrated()
    await both.writes('redis', thread, [[RESUME, 'first answer']])
    await again()
    await both.sql(
      `UPDATE checkpoint_writes SET blob = '\\xa6' || 'theirs'::bytea WHERE thread_id = $1 AND channel = $2`,
      [thread, RESUME],
    )
    await both.writes('redis', thread, [[RESUME, 'second answer']])
    for (const pass of ['first', 'second']) {
      const report = await again()
      expect(report, pass).toMatchObject({
        exit: 3,
        threads: { whole: 0, partial: 1 },
        writes: { updated: 0 },
      })
      expect(report.findings).toContainEqual(expect.objectContaining({ reason: 'row-differs', count: 1 }))
    }
    expect(
      await both.sql('SELECT completeness FROM cp_migrate.current_threads WHERE thread_id = $1', [thread]),
    ).toEqual([{ completeness: 'partial' }])
    expect(await again('--on-existing replace')).toMatchObject({
      exit: 0,
      threads: { whole: 1 },
      writes: { updated: 1 },
    })
    await both.expectSame(thread)
    const [kept] = await both.sql<{ blob: Buffer }>(
      'SELECT blob FROM cp_migrate.replaced WHERE thread_id = $1',
      [thread],
    )
    expect(kept!.blob.toString()).toContain('theirs')
    expect(await again()).toMatchObject({ exit: 0, threads: { unchanged: 1 } })
  })

  test('what was deleted in the target stays deleted unless the user wants it back', async () => {
    const [oldest] = await migrated()
    await both.sql('DELETE FROM checkpoints WHERE thread_id = $1 AND checkpoint_id = $2', [thread, oldest])
    await both.put('redis', thread, { n: 6 })
    const report = await again()
    expect(report).toMatchObject({ exit: 0, checkpoints: { inserted: 1 } })
    expect(report.findings).toContainEqual(expect.objectContaining({ reason: 'deleted', count: 1 }))
    expect((await both.read('postgres', thread)).map(({ id }) => id)).not.toContain(oldest)
    expect(await again()).toMatchObject({ exit: 0, checkpoints: { inserted: 0 } })
    expect(await again('--strict')).toMatchObject({ exit: 3 })
    expect(await again('--restore-deleted')).toMatchObject({ exit: 0, checkpoints: { inserted: 1 } })
    await both.expectSame(thread)
  })

  test('what was deleted is found among what the application has added since', async () => {
    const [oldest] = await migrated()
    await both.put('postgres', thread, { n: 'theirs' })
    await both.sql('DELETE FROM checkpoints WHERE thread_id = $1 AND checkpoint_id = $2', [thread, oldest])
    expect(await again()).toMatchObject({ exit: 0, threads: { unchanged: 1 } })
    const report = await again('--restore-deleted --on-existing merge')
    expect(report).toMatchObject({ exit: 0, checkpoints: { inserted: 1 } })
    expect((await both.read('postgres', thread)).map(({ id }) => id)).toContain(oldest)
  })

  test('a thread deleted in the target brings back neither checkpoints nor values', async () => {
    await migrated()
    await both.delete('postgres', thread)
    const report = await again()
    expect(report).toMatchObject({
      exit: 0,
      checkpoints: { inserted: 0 },
      blobs: { inserted: 0 },
      writes: { inserted: 0 },
    })
    expect(report.findings).toContainEqual(expect.objectContaining({ reason: 'deleted', count: 3 }))
    expect((await both.rows()).filter((row) => row.includes(thread))).toEqual([])
    await again('--restore-deleted')
    await both.expectSame(thread)
  })

  test('a value or a write that is missing under a checkpoint that stands is brought back', async () => {
    await migrated()
    await both.sql('DELETE FROM checkpoint_blobs WHERE thread_id = $1', [thread])
    await both.sql('DELETE FROM checkpoint_writes WHERE thread_id = $1', [thread])
    const report = await again()
    expect(report).toMatchObject({ exit: 0, checkpoints: { inserted: 0 }, writes: { inserted: 1 } })
    expect(report.blobs.inserted).toBeGreaterThan(0)
    await both.expectSame(thread)
    expect(await again()).toMatchObject({ exit: 0, threads: { unchanged: 1 } })
  })

  test('a thread that the application has continued in Postgres is left alone', async () => {
    await migrated()
    await both.put('postgres', thread, { n: 'continued' })
    expect(await again()).toMatchObject({ exit: 0, threads: { unchanged: 1 } })
    const before = await both.rows()
    await both.put('redis', thread, { n: 'in Redis' })
    const report = await again()
    expect(report).toMatchObject({ exit: 3, threads: { whole: 0, partial: 1 }, checkpoints: { inserted: 0 } })
    expect(report.findings).toContainEqual(expect.objectContaining({ reason: 'diverged', count: 1 }))
    expect(await both.rows()).toEqual(before)
    expect(await again('--on-existing merge')).toMatchObject({ exit: 0, checkpoints: { inserted: 1 } })
    expect((await both.read('postgres', thread)).map(({ values }) => values.n)).toEqual(
      expect.arrayContaining(['continued', 'in Redis']),
    )
  })

  test('a pending write of the application on the newest checkpoint means that the thread lives on', async () => {
    await migrated()
    await both.writes('postgres', thread, [['n', 'theirs']], { task: '22222222-2222-2222-2222-222222222222' })
    await both.put('redis', thread, { n: 7 })
    // Redis went on meanwhile: the newest that both have is the one with the foreign write.
    expect(await again()).toMatchObject({ exit: 3, threads: { partial: 1 }, checkpoints: { inserted: 0 } })
  })

  test('rows that were there before, equal ones, are neither written nor taken for ours', async () => {
    await migrated()
    await both.sql('DELETE FROM cp_migrate.threads WHERE thread_id = $1', [thread])
    const before = await both.rows()
    expect(await again()).toMatchObject({
      exit: 0,
      threads: { whole: 1, unchanged: 1 },
      checkpoints: { inserted: 0, alreadyThere: 3 },
    })
    expect(await both.rows()).toEqual(before)
    expect(
      await both.sql(
        'SELECT had_rows_before, length(row_digests) AS digests FROM cp_migrate.threads WHERE thread_id = $1',
        [thread],
      ),
    ).toEqual([{ had_rows_before: true, digests: 0 }])
    expect(await again()).toMatchObject({ exit: 0, threads: { unchanged: 1 }, bytes: { written: 0 } })
  })

  test('with --on-existing skip a thread with rows of others is left alone, one of ours is not', async () => {
    await migrated()
    await both.put('redis', thread, { n: 8 })
    expect(await again('--on-existing skip')).toMatchObject({ exit: 0, checkpoints: { inserted: 1 } })
    await both.sql('DELETE FROM cp_migrate.threads WHERE thread_id = $1', [thread])
    await both.put('redis', thread, { n: 9 })
    const report = await again('--on-existing skip')
    expect(report).toMatchObject({ exit: 0, threads: { skipped: 1 }, checkpoints: { inserted: 0 } })
    expect(await both.sql('SELECT 1 FROM cp_migrate.threads WHERE thread_id = $1', [thread])).toEqual([])
    expect(await again('--on-existing skip --strict')).toMatchObject({ exit: 3 })
  })

  test('--on-existing replace mends a faulty earlier copy, and keeps it', async () => {
    await migrated()
    await both.sql('DELETE FROM cp_migrate.threads WHERE thread_id = $1', [thread])
    await both.sql(`UPDATE checkpoints SET metadata = '{"step": 99}' WHERE thread_id = $1`, [thread])
    await both.sql(`UPDATE checkpoint_blobs SET blob = '\\xc0' WHERE thread_id = $1`, [thread])
    expect(await again()).toMatchObject({ exit: 3, threads: { partial: 1 } })
    expect(await again('--on-existing replace')).toMatchObject({
      exit: 0,
      threads: { whole: 1 },
      checkpoints: { updated: 3 },
    })
    await both.expectSame(thread)
    const kept = await both.sql(
      `SELECT tbl, count(*)::int AS rows FROM cp_migrate.replaced WHERE thread_id = $1 GROUP BY 1 ORDER BY 1`,
      [thread],
    )
    expect(kept).toEqual([
      { tbl: 'checkpoint_blobs', rows: 2 },
      { tbl: 'checkpoints', rows: 3 },
    ])
  })

  test('--restart forgets, names what it disowns, and finds the rows equal', async () => {
    await migrated()
    const before = await both.rows()
    const report = await again('--restart')
    expect(report.disowned?.threads).toBeGreaterThan(0)
    expect(report).toMatchObject({
      exit: 0,
      threads: { unchanged: 1 },
      checkpoints: { inserted: 0, alreadyThere: 3 },
    })
    expect(await both.rows()).toEqual(before)
    const states = await both.sql<{ state: string }>('SELECT state FROM cp_migrate.runs ORDER BY id')
    expect(states.at(-1)).toEqual({ state: 'done' })
    expect(new Set(states.slice(0, -1).map(({ state }) => state))).toEqual(new Set(['forgotten']))
  })
})
