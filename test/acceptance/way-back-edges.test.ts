/** The way back where something is missing or odd, by the command line. */
import { describe, expect, test } from 'vitest'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine } from './command-line.js'

const ID = '1f000000-0000-6000-8000-000000000001'

async function bothEnds() {
  const [{ url }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  const cli = (line: string) => commandLine([...line.split(' '), '--from', postgresUrl, '--to', url], {})
  return { redis: redisClient(url), postgresUrl, cli }
}

describe('a Postgres whose tables are not there', () => {
  test('is named before anything begins, as tables or columns that are missing', async () => {
    const { postgresUrl, cli } = await bothEnds()
    const lacking = async (line: string) => {
      const { exit, err } = await cli(line)
      expect(exit).toBe(2)
      return /it lacks (.*)/.exec(err)?.[1]
    }
    for (const line of ['migrate --dry-run', 'verify'])
      expect(await lacking(line)).toMatch(/table checkpoints\b/)
    const inspected = await commandLine(['inspect', 't', '--in', 'postgres', '--postgres', postgresUrl], {})
    expect(inspected.err).toContain('it lacks table')
    await cli('init')
    await sql(postgresUrl, 'ALTER TABLE checkpoint_writes DROP COLUMN task_path')
    for (const line of ['migrate', 'verify'])
      expect(await lacking(`${line} --dialect python`)).toBe('column checkpoint_writes.task_path')
  })

  test('is told from one that holds no thread, and from one of which none is chosen', async () => {
    const { postgresUrl, cli } = await bothEnds()
    await cli('init')
    expect((await cli('migrate')).out).toContain('No thread of this schema is there.')
    await sql(
      postgresUrl,
      `INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint) VALUES ('t', $1, '{"channel_versions":{}}')`,
      [ID],
    )
    expect((await cli('migrate --match u*')).out).toContain('No thread of this schema is selected.')
  })
})

test('a checkpoint in a namespace with colons is compared, also where only its thread is asked for', async () => {
  const { redis, postgresUrl, cli } = await bothEnds()
  await cli('init')
  await sql(
    postgresUrl,
    `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
     SELECT 't', ns, $1, '{"v":4,"id":"${ID}","channel_values":{"x":1},"channel_versions":{"x":"1"},"versions_seen":{}}', '{}'
     FROM unnest(ARRAY['', 'a:b', 'a:b:c']) ns`,
    [ID],
  )
  expect((await cli('migrate')).exit).toBe(0)
  const verify = async () => JSON.parse((await cli('verify --thread t --json')).out)
  expect(await verify()).toMatchObject({ threads: { equal: 1 }, compared: { checkpoints: 3 } })
  await redis.call('JSON.SET', `checkpoint:t:a:b:${ID}`, '$.checkpoint.channel_values.x', '2')
  expect(await verify()).toMatchObject({
    threads: { differs: 1, equal: 0 },
    differences: [{ threadId: 't', checkpointNs: 'a:b', name: 'x' }],
  })
})
