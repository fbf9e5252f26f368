/** prune beside an application that writes to the same thread: no checkpoint that is left lacks a value that it had. */
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const LATE = 'ffffffff-ffff-6fff-bfff-ffffffffffff'

let env: Record<string, string> = {}
let url = ''

beforeAll(async () => {
  const redis = await freshRedis()
  await loadCase(fixture('python/0.5.2-full'), redis.url)
  url = await freshDatabase()
  env = ends(redis.url, url)
  await commandLine('init --dialect python', env)
  await commandLine('migrate', env)
  // Deleting values takes until the gate is open: as long as the application needs to come in between.
  await sql(url, 'CREATE TABLE gate ()')
  await sql(
    url,
    `CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       LOOP EXIT WHEN EXISTS (SELECT FROM gate); PERFORM pg_sleep(0.01); END LOOP; RETURN NULL; END $$`,
  )
  await sql(
    url,
    'CREATE TRIGGER wait BEFORE DELETE ON checkpoint_blobs FOR EACH STATEMENT EXECUTE FUNCTION wait()',
  )
})

beforeEach(async () => {
  await sql(url, 'DELETE FROM gate')
})

const valuesOf = (threadId: string, checkpointId: string) =>
  sql(
    url,
    `SELECT b.channel, b.version, md5(b.blob) AS blob FROM checkpoints c, jsonb_each_text(c.checkpoint -> 'channel_versions') v
     JOIN checkpoint_blobs b ON b.channel = v.key AND b.version = v.value
     WHERE b.thread_id = c.thread_id AND b.checkpoint_ns = c.checkpoint_ns AND c.thread_id = $1 AND c.checkpoint_id = $2 ORDER BY 1`,
    [threadId, checkpointId],
  )

/** What `update_state` puts where no channel changes: a checkpoint alone, whose values are its parent's. */
const putOn = (threadId: string, parent: string) =>
  sql(
    url,
    `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)
     SELECT thread_id, checkpoint_ns, $3, checkpoint_id, type,
       checkpoint || jsonb_build_object('id', $3::text, 'ts', now()), metadata
     FROM checkpoints WHERE thread_id = $1 AND checkpoint_id = $2`,
    [threadId, parent, LATE],
  )

async function untilItDeletes(): Promise<void> {
  for (;;) {
    const [row] = await sql(
      url,
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
    )
    if (row !== undefined) return
  }
}

async function prunedWhile(line: string, work: () => Promise<unknown>) {
  const pruning = commandLine(line, env)
  await untilItDeletes()
  await work()
  await sql(url, 'INSERT INTO gate DEFAULT VALUES')
  return pruning
}

it.each([
  ['--older-than 1m', 'topic', 0],
  ['--keep-last 1', 'fork', 3],
])('%s of a thread that goes on from its checkpoint %#', async (rule, threadId, back) => {
  const [parent] = await sql<{ id: string }>(
    url,
    `SELECT checkpoint_id AS id FROM checkpoints WHERE thread_id = $1 ORDER BY 1 DESC LIMIT 1 OFFSET $2`,
    [threadId, back],
  )
  const values = await valuesOf(threadId, parent!.id)
  expect(values.length).toBeGreaterThan(0)
  const { exit, err } = await prunedWhile(`prune ${rule} --thread ${threadId} --yes`, () =>
    putOn(threadId, parent!.id),
  )
  expect([exit, err]).toEqual([0, expect.any(String)])
  expect(await valuesOf(threadId, LATE)).toEqual(values)
})

it('--keep-last still cuts a thread that is written to meanwhile', async () => {
  const [head] = await sql<{ id: string }>(
    url,
    `SELECT max(checkpoint_id) AS id FROM checkpoints WHERE thread_id = 'prims'`,
  )
  await prunedWhile('prune --keep-last 1 --thread prims --yes', () => putOn('prims', head!.id))
  expect(
    await sql(url, `SELECT checkpoint_id AS id FROM checkpoints WHERE thread_id = 'prims' ORDER BY 1`),
  ).toEqual([head, { id: LATE }])
})
