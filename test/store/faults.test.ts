/** A store is moved, compared and freed while the server cuts every connection: nothing is lost, nothing is done twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { PurgeReport } from '../../src/model/purge-report.js'
import type { StoreMoved, StoreVerified } from '../../src/model/store.js'
import { storeEnds } from './store-setup.js'

const ITEMS = 1500

it('a store survives a server that cuts connections at any moment', async () => {
  const store = await storeEnds('js', { init: ' --dialect js' })
  const pipeline = store.client.pipeline()
  for (let at = store.expected.length; at < ITEMS; at++) {
    const id = `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`
    const time = `1795224612${String(at).padStart(9, '0')}`
    pipeline.call(
      'JSON.SET',
      `store:${id}`,
      '$',
      `{"prefix":"many.${at % 7}","key":"k${at}","value":{"n":${at}},"created_at":${time},"updated_at":${time}}`,
    )
  }
  await pipeline.exec()

  const counted = async () => {
    const [row] = await store.sql<Record<'rows' | 'records', number>>(
      `SELECT (SELECT count(*)::int FROM store) AS rows,
         (SELECT count(*)::int FROM cp_migrate.store_items WHERE progress <> 'rolled_back') AS records`,
    )
    return row
  }
  /** Once it has begun, which a row shows, its sessions are ended several times. */
  const cut = async <T>(work: Promise<T>, begun: string): Promise<T> => {
    let isDone = false
    const end = () => {
      isDone = true
    }
    work.then(end, end)
    while (!isDone && (await store.sql(begun)).length === 0) await sleep(5)
    for (let time = 0; time < 4 && !isDone; time++) {
      await sleep(40)
      await store.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'cp-migrate%'`,
      )
    }
    return work
  }

  const moved = await cut(store.with<{ store: StoreMoved }>('migrate'), 'SELECT FROM store LIMIT 1')
  expect(moved).toMatchObject({ exitCode: 0, store: { items: ITEMS, inserted: ITEMS, alreadyThere: 0 } })
  expect(await counted()).toEqual({ rows: ITEMS, records: ITEMS })
  const verified = await cut(
    store.with<{ store: StoreVerified }>('verify'),
    `SELECT FROM cp_migrate.store_items WHERE progress = 'verified' LIMIT 1`,
  )
  expect(verified).toMatchObject({ exitCode: 0, store: { items: ITEMS, equal: ITEMS } })
  const purged = await cut(
    store.with<PurgeReport>('purge-redis', ' --older-than 0 --yes'),
    `SELECT FROM cp_migrate.store_items WHERE progress LIKE 'purg%' LIMIT 1`,
  )
  // Embeddings that Postgres has no table for stay, with their items.
  expect(purged).toMatchObject({ exitCode: 0, store: { items: ITEMS - 6, lefts: { partial: 6 } } })
  expect(await store.client.keys('store:*')).toHaveLength(6)
  expect(await counted()).toEqual({ rows: ITEMS, records: ITEMS })
})
