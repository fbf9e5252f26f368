/** A comparison of stores: what is equal, what either side has changed since, and what was damaged. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { StoreVerified } from '../../src/model/store.js'
import { type PythonPeer, pythonPeer } from '../services/python.js'
import { type StoreEnds, storeEnds } from './store-setup.js'

interface Report {
  readonly store: StoreVerified
}

describe('verify --include store', () => {
  let store: StoreEnds
  let app: PythonPeer
  beforeAll(async () => {
    ;[store, app] = await Promise.all([
      storeEnds('python-0.5.2'),
      pythonPeer(join(import.meta.dirname, 'store.py')),
    ])
    await store.with('migrate')
  }, 60_000)

  /** Where the document of an item stands in Redis. */
  const redisKey = (namespace: string, key: string): string =>
    store.expected.find((item) => item.namespace.join('.') === namespace && item.key === key)!.redis_key

  it('finds every item equal, and says so in the ledger', async () => {
    const { store: found, exitCode } = await store.with<Report>('verify')
    expect(found).toMatchObject({
      items: 41,
      equal: 41,
      differs: 0,
      behind: 0,
      onlyInTarget: 0,
      onlyInLedger: 0,
    })
    expect(exitCode).toBe(0)
    const rows = await store.sql('SELECT progress, count(*)::int AS n FROM cp_migrate.store_items GROUP BY 1')
    expect(rows).toEqual([{ progress: 'verified', n: 41 }])
  })

  it('tells what the application did in Postgres and in Redis from what is damaged', async () => {
    const on = store.postgres
    await app.ask({ do: 'put', on, ns: ['users', '7'], key: 'prefs', value: { theme: 'dark' } })
    await app.ask({ do: 'put', on, ns: ['users', '7'], key: 'of-others', value: { new: true } })
    await app.ask({ do: 'delete', on, ns: ['nums'], key: 'ints' })
    await store.client.call('JSON.SET', redisKey('users.42.memories', 'm-2'), '$.value.text', '"newer"')
    await store.client.unlink(redisKey('users.42.memories.old.2024', 'm-1'))
    const sound = await store.with<Report>('verify')
    expect(sound.store).toMatchObject({
      items: 40,
      equal: 37,
      ahead: 1,
      deleted: 1,
      behind: 1,
      differs: 0,
      onlyInLedger: 1,
      onlyInTarget: 1,
    })
    expect(sound.exitCode).toBe(0)
    await store.sql(`UPDATE store SET value = '{"v": 1.0}' WHERE prefix = 'nums' AND key = 'big'`)
    const damaged = await store.with<Report>('verify')
    expect(damaged.exitCode).toBe(4)
    expect(damaged.store.differences).toEqual([{ namespace: 'nums', key: 'big', part: 'value' }])
  })

  it('has the next migrate bring what Redis has newer, and leave what the application did in Postgres', async () => {
    await store.with('migrate')
    const { store: found } = await store.with<Report>('verify')
    expect(found).toMatchObject({ equal: 37, ahead: 1, deleted: 1, behind: 0, differs: 1 })
  })
})
