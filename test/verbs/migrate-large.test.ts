/** Threads larger than a batch: sent ahead into temporary tables, whole or not at all, and read again only where they changed. */

import pg from 'pg'
import { beforeEach, expect, test } from 'vitest'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase, sql, systemPostgres } from '../services/postgres.js'
import { proxyTo } from '../services/proxy.js'
import { type Ends, freshEnds } from './migrate-setup.js'

const THREAD = 'large'
const text = (seed: string): string => seed.repeat(6 * 1024 * 1024).slice(0, 6 * 1024 * 1024)

let both: Ends
let newest = ''

beforeEach(async () => {
  both = await freshEnds()
  await both.put('redis', 'small', { n: 1 })
  for (const seed of ['a', 'b', 'c', 'd']) newest = await both.put('redis', THREAD, { text: [text(seed)] })
  await both.writes('redis', THREAD, [['__resume__', 'first']])
})

const textsOf = async (): Promise<unknown[]> => {
  const rows = await both.sql(
    `SELECT chr(get_byte(blob, 6)) AS seed, length(blob) AS bytes FROM checkpoint_blobs WHERE thread_id = $1
     ORDER BY version`,
    [THREAD],
  )
  return rows.map(({ seed, bytes }) => [seed, bytes])
}
const WHOLE = ['a', 'b', 'c', 'd'].map((seed) => [seed, 6 * 1024 * 1024 + 6])

test('a large thread is moved, found unchanged without being sent again, and followed where its last key changes', async () => {
  expect(await both.migrate()).toMatchObject({
    exit: 0,
    threads: { whole: 2, new: 2 },
    checkpoints: { inserted: 5 },
  })
  expect(await textsOf()).toEqual(WHOLE)
  const before = await both.rows()
  // So little memory holds only a part of the values until it is known whether they changed.
  const again = await both.migrate('--memory 24MB')
  expect(again).toMatchObject({ exit: 0, threads: { unchanged: 2 }, bytes: { written: 0 } })
  expect(await both.rows()).toEqual(before)
  await both.writes('redis', THREAD, [['__resume__', 'second']])
  const outcome = {
    exit: 0,
    threads: { whole: 2, changed: 1, unchanged: 1 },
    writes: { updated: 1, inserted: 0 },
    checkpoints: { inserted: 0, updated: 0 },
  }
  expect(await both.migrate('--memory 24MB --dry-run')).toMatchObject(outcome)
  expect(await both.rows()).toEqual(before)
  expect(await both.migrate('--memory 24MB')).toMatchObject(outcome)
  await both.expectSame(THREAD)
})

test('a wire that breaks while it is sent leaves nothing of it, and it is sent again', async () => {
  const toPostgres = await proxyTo(both.postgres)
  toPostgres.set({ cutAfter: { direction: 'toServer', bytes: 19_000_000, how: 'reset' } })
  let atCut: unknown
  const healed = setInterval(() => {
    if (toPostgres.connections() < 6) return
    clearInterval(healed)
    toPostgres.set({})
    atCut = both.sql('SELECT DISTINCT thread_id FROM checkpoints')
  }, 20)
  const { exit, out, err } = await both.cli('migrate --json', {
    CHECKPOINT_DB_URI: toPostgres.url(both.postgres),
  })
  expect(exit, err).toBe(0)
  expect(await atCut).not.toContainEqual({ thread_id: THREAD })
  expect(JSON.parse(out)).toMatchObject({ threads: { whole: 2, new: 2 } })
  expect(await textsOf()).toEqual(WHOLE)
})

/** A session of the application that has written a row of the thread and not committed. */
async function applicationInTheWay(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: both.postgres })
  await client.connect()
  atEndOfFile(() => client.end())
  await client.query('BEGIN')
  await client.query(
    `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata) VALUES ($1, '', $2, '{"v": 4}', '{}')`,
    [THREAD, newest],
  )
  return client
}

test('a row of the application in the way is waited for, and what was sent is kept meanwhile', async () => {
  const application = await applicationInTheWay()
  const waiting = setTimeout(() => void application.query('ROLLBACK'), 2500)
  const report = await both.migrate()
  clearTimeout(waiting)
  expect(report).toMatchObject({ exit: 0, threads: { whole: 2, new: 2 } })
  expect(await textsOf()).toEqual(WHOLE)
  await both.expectSame(THREAD)
})

test('a row that the application commits first stays its own: a conflict, and the rest is added beside it', async () => {
  const application = await applicationInTheWay()
  const waiting = setTimeout(() => void application.query('COMMIT'), 1500)
  const report = await both.migrate('--on-existing merge')
  clearTimeout(waiting)
  expect(report).toMatchObject({ exit: 3, threads: { whole: 1, partial: 1 }, checkpoints: { inserted: 4 } })
  expect(report.findings).toContainEqual(expect.objectContaining({ reason: 'row-differs', count: 1 }))
  const [row] = await both.sql('SELECT checkpoint FROM checkpoints WHERE checkpoint_id = $1', [newest])
  expect(row).toEqual({ checkpoint: { v: 4 } })
})

const system = (await systemPostgres())[0]

test.runIf(system)('values that were staged are compressed as the tables say', async () => {
  const url = await freshDatabase(system)
  const there = { CHECKPOINT_DB_URI: url }
  for (const line of ['init --compression lz4', 'migrate']) {
    const { exit, err } = await both.cli(line, there)
    expect(exit, err).toBe(0)
  }
  const methods = await sql(
    url,
    'SELECT DISTINCT pg_column_compression(blob) AS method FROM checkpoint_blobs',
  )
  expect(methods).toEqual([{ method: 'lz4' }])
})
