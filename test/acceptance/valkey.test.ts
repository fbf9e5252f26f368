/** Keys of the AWS package's Valkey saver before it had braces: whose they are their names alone do not always tell. */
import { expect, test } from 'vitest'
import { fixture, linesOf } from '../corpus/cases.js'
import { type KeyLine, loadRedis } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const TASK = '8b9c5064-c6bc-9123-e581-d82cc9bb0301'
/** One task id in 64 looks like a checkpoint's. */
const UUID6_TASK = '8b9c5064-c6bc-6123-a581-d82cc9bb0301'

test('writes of a subgraph stay with its thread where the id of its task looks like that of a checkpoint', async () => {
  const lines = linesOf<KeyLine>(fixture('plain/d1-valkey'), 'redis.jsonl')
    .filter(({ name }) => name?.includes('{braced:pending}'))
    .map((line) => ({ ...line, key: Buffer.from(earlier(line.name ?? '')).toString('base64') }))
  const [{ url }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await loadRedis(lines, url)
  const env = ends(url, postgresUrl)
  await commandLine('init', env)
  const { exit, out } = await commandLine('migrate --json', env)
  expect(JSON.parse(out).findings).toEqual([])
  expect(exit).toBe(0)
  expect(JSON.parse(out).threads).toMatchObject({ selected: 1, whole: 1 })
  const written = 'SELECT thread_id, count(DISTINCT checkpoint_id) AS checkpoints FROM checkpoint_writes'
  const rows = await sql(postgresUrl, `${written} WHERE checkpoint_ns = 'child:${UUID6_TASK}' GROUP BY 1`)
  expect(rows).toEqual([{ thread_id: 'braced:pending', checkpoints: '3' }])
})

const earlier = (name: string): string => name.replace(/[{}]/g, '').replace(TASK, UUID6_TASK)
