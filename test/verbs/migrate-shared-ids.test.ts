/** Two sources, one target, one thread id: two conversations are not joined without a word, and one that has only moved house is no other. */
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { redisClient } from '../services/redis.js'
import { type Ends, freshEnds, type Report } from './migrate-setup.js'

let both: Ends
let thread = ''
let nextThread = 0

beforeAll(async () => {
  both = await freshEnds()
})

beforeEach(() => {
  thread = `customer:${++nextThread}`
})

const migrate = (source: string, flags = '') =>
  both.migrate(`--source-name ${source} --thread ${thread} ${flags}`)
const named = ({ findings }: Report) => findings.filter(({ reason }) => reason === 'thread-id-shared')

/** Migrated from `first`; then Redis holds another conversation under the id. */
async function anotherConversation(): Promise<void> {
  await both.put('redis', thread, { n: 1, log: ['mine'] })
  expect(await migrate('first')).toMatchObject({ exit: 0 })
  await both.delete('redis', thread)
  await both.put('redis', thread, { n: 7, log: ['theirs'] })
}

test('a second conversation under the same id is named, with the source of the first', async () => {
  await anotherConversation()
  expect(named(await migrate('second', '--dry-run'))).toHaveLength(1)
  const report = await migrate('second')
  expect(report).toMatchObject({ exit: 3, threads: { whole: 1, changed: 1 } })
  expect(named(report)).toMatchObject([
    { count: 1, samples: [{ threadId: thread, detail: 'with that of first' }] },
  ])
  expect(await migrate('second')).toMatchObject({ exit: 0, findings: [], threads: { unchanged: 1 } })
})

test('undone as the finding says, the first conversation is as it was', async () => {
  await anotherConversation()
  const before = await both.rows()
  const { runId } = await migrate('second')
  expect(await both.rows()).not.toEqual(before)
  expect(await both.cli(`rollback --run ${runId} --yes`)).toMatchObject({ exit: 0 })
  expect(await both.rows()).toEqual(before)
})

test('a conversation that was rolled back is no other one any more', async () => {
  await both.put('redis', thread, { n: 1 })
  const { runId } = await migrate('first')
  expect(await both.cli(`rollback --run ${runId} --yes`)).toMatchObject({ exit: 0 })
  await both.delete('redis', thread)
  await both.put('redis', thread, { n: 7 })
  expect(await migrate('second')).toMatchObject({ exit: 0, findings: [] })
})

test('the same conversation under another name of its source is the same', async () => {
  await both.put('redis', thread, { n: 1 })
  await both.put('redis', thread, { n: 2 })
  expect(await migrate('first')).toMatchObject({ exit: 0 })
  await both.put('redis', thread, { n: 3 })
  expect(await migrate('second')).toMatchObject({ exit: 0, findings: [], threads: { whole: 1, changed: 1 } })
  await both.expectSame(thread)
})

test('a conversation that goes on from where the other ends is the same, though Redis has nothing older', async () => {
  await both.put('redis', thread, { n: 1 })
  const moved = await both.put('redis', thread, { n: 2 })
  expect(await migrate('first')).toMatchObject({ exit: 0 })
  const next = await both.put('redis', thread, { n: 3 })
  const redis = redisClient(both.redis)
  for (const key of await redis.keys(`checkpoint:${thread}:*`)) if (!key.endsWith(next)) await redis.del(key)
  const report = await migrate('second')
  expect(named(report)).toEqual([])
  expect(report).toMatchObject({ threads: { changed: 1 } })
  const onPostgres = await both.read('postgres', thread)
  expect(onPostgres.find(({ id }) => id === next)).toMatchObject({ parent: moved })
})
