/** Rows that Postgres refuses, whatever its reason: their thread stays out and is named, the others of its batch arrive. */
import { beforeAll, expect, test } from 'vitest'
import { type Ends, freshEnds } from './migrate-setup.js'

const THREADS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
const REFUSED = ['c', 'f']
const OTHERS = THREADS.filter((thread) => !REFUSED.includes(thread))

let both: Ends

beforeAll(async () => {
  both = await freshEnds()
  await both.sql(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       RAISE EXCEPTION 'not this one' USING ERRCODE = '22023'; END $$`,
  )
  await both.sql(
    `CREATE TRIGGER refuse BEFORE INSERT ON checkpoints FOR EACH ROW
     WHEN (NEW.thread_id IN ('${REFUSED.join("', '")}')) EXECUTE FUNCTION refuse()`,
  )
})

// New threads are copied straight into the tables; where some are known, all of a batch go by way of the temporary ones.
test.each(['into empty tables', 'among threads that are there'])('%s', async () => {
  for (const thread of THREADS) await both.put('redis', thread, { n: 1 })
  const report = await both.migrate()
  expect(report).toMatchObject({ exit: 3, threads: { whole: OTHERS.length, rejected: REFUSED.length } })
  expect(report.findings).toMatchObject([{ reason: 'refused-by-postgres', count: REFUSED.length }])
  expect(report.findings[0]!.samples.map(({ threadId }) => threadId).sort()).toEqual(REFUSED)
  for (const thread of OTHERS) await both.expectSame(thread)
  for (const thread of REFUSED) expect(await both.read('postgres', thread)).toEqual([])
})
