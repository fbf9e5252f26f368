/** A comparison of stores: what is equal, what either side has changed since, and what was damaged. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { StoreVerified } from '../../src/model/store.js'
import { type StoreApp, type StoreEnds, storeWithApp } from './store-setup.js'

interface Report {
  readonly store: StoreVerified
}

describe('verify --include store', () => {
  let store: StoreEnds
  let app: StoreApp
  beforeAll(async () => {
    ;({ store, app } = await storeWithApp('python-0.5.2'))
    await store.with('migrate')
  }, 60_000)

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
    await app.put(['users', '7'], 'prefs', { theme: 'dark' })
    await app.put(['users', '7'], 'of-others', { new: true })
    await app.delete(['nums'], 'ints')
    await store.client.call('JSON.SET', store.keyOf('m-2', 'users.42.memories'), '$.value.text', '"newer"')
    await store.client.unlink(store.keyOf('m-1', 'users.42.memories.old.2024'))
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
