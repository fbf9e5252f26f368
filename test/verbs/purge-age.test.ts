/** How old a thread is for a purge, where its ids do not tell. */
import { beforeAll, expect, test } from 'vitest'
import { type PurgeEnds, purgeEnds } from './purge-setup.js'

let here: PurgeEnds
beforeAll(async () => {
  here = await purgeEnds()
})

test('an id of another kind leaves the word to the time that the checkpoint notes', async () => {
  await here.both.put('redis', 'of its own', { n: 1 }, { id: 'checkpoint-0001' })
  await here.migrate()
  const kept = await here.purge('', { olderThan: '24h' })
  expect(kept).toMatchObject({ exit: 0, lefts: { 'too-young': 1 } })
  const gone = await here.purge('', { olderThan: '1ms' })
  expect(gone).toMatchObject({ exit: 0, threads: { purged: 1 }, lefts: {} })
  expect(await here.keysOf('of its own')).toEqual([])
})
