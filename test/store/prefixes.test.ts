/** Stores under prefixes of the user's own: found by the indexes that their RedisStore made, and counted where they stay. */
import { expect, it } from 'vitest'
import type { StoreMoved, StoreVerified } from '../../src/model/store.js'
import { storeEnds, storePeer } from './store-setup.js'

it('a store under prefixes of its own is told from keys of others, moved without naming them, and stays unless it is included', async () => {
  const [store, peer] = await Promise.all([storeEnds('python-0.5.2-hash'), storePeer()])
  await peer.ask({ do: 'redis-setup', on: store.redis, item: 'acme:mem', vector: 'acme:vec' })
  await store.client.set('acme:of another', 'x')
  const without = await store.run('migrate --dry-run --json')
  expect(JSON.parse(without.out)).toMatchObject({
    leftAlone: { storeItems: 47, foreignKeys: 1 },
    store: null,
  })
  const detected = await store.run('detect --json')
  expect(JSON.parse(detected.out).keys).toMatchObject({ storeItems: 47, foreign: 1 })
  const moved = await store.with<{ store: StoreMoved; leftAlone: unknown }>('migrate')
  expect(moved).toMatchObject({
    store: { items: 35, inserted: 35 },
    leftAlone: { storeItems: 0, foreignKeys: 1 },
  })
  const { store: verified } = await store.with<{ store: StoreVerified }>('verify')
  expect(verified).toMatchObject({ items: 35, equal: 35 })
})
