/** What the server makes of a batch's question while it knows nothing of a table that has just been filled. */
import { expect, test } from 'vitest'
import { ofThreads } from '../../../src/target/connection/of-threads.js'
import { freshDatabase, sql } from '../../services/postgres.js'

test('threads are looked up in the index, also in a large table without statistics', async () => {
  const url = await freshDatabase()
  await sql(
    url,
    `CREATE TABLE rows (thread_id text, note text) WITH (autovacuum_enabled = off);
     CREATE INDEX ON rows (thread_id);
     INSERT INTO rows SELECT 'thread ' || n / 3, repeat('x', 200) FROM generate_series(0, 29999) AS n`,
  )
  const wanted = `'{${Array.from({ length: 400 }, (_, n) => `thread ${n}`)}}'::text[]`
  const from = ofThreads('public', 'rows').replace('$1::text[]', wanted)
  const [counted] = await sql<{ n: string }>(url, `SELECT count(*) AS n FROM ${from} AS r`)
  expect(Number(counted?.n)).toBe(1200)
  const plan = await sql<{ 'QUERY PLAN': string }>(url, `EXPLAIN SELECT r.note FROM ${from} AS r`)
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).not.toContain('Seq Scan')
})
