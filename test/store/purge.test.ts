/** purge-redis --include store: only items that verify has proven go, each only while its key still holds what was compared. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PurgeReport } from '../../src/model/purge-report.js'
import { type StoreApp, type StoreEnds, storeWithApp } from './store-setup.js'

type Report = PurgeReport & { readonly store: NonNullable<PurgeReport['store']> }

describe('purge-redis --include store', () => {
  let store: StoreEnds
  let app: StoreApp
  beforeAll(async () => {
    ;({ store, app } = await storeWithApp('python-0.5.2'))
    // Embeddings that Postgres does not have stay, and their items with them.
    await store.client.unlink(await store.client.keys('store_vectors:*'))
  }, 60_000)

  const keysLeft = async (): Promise<string[]> => (await store.client.keys('store:*')).sort()

  it('takes nothing that was not moved, and nothing that was not verified', async () => {
    expect((await store.with<Report>('purge-redis', ' --older-than 0 --yes')).store).toMatchObject({
      items: 0,
      lefts: { 'not-migrated': 41 },
    })
    await store.with('migrate')
    expect((await store.with<Report>('purge-redis', ' --older-than 0 --yes')).store).toMatchObject({
      items: 0,
      lefts: { 'not-verified': 41 },
    })
    expect(await keysLeft()).toHaveLength(41)
  })

  it('leaves what has changed on either side since it was verified', async () => {
    await store.with('verify')
    await store.client.call('JSON.SET', store.keyOf('m-2'), '$.value.text', '"newer"')
    await store.sql(`UPDATE store SET value = '{"damaged": true}' WHERE prefix = 'nums' AND key = 'big'`)
    await store.sql(`DELETE FROM store WHERE prefix = 'nums' AND key = 'ints'`)
    await app.put(['users', '7'], 'prefs', { theme: 'dark' })
    const plan = await store.with<Report>('purge-redis', ' --older-than 0')
    expect(plan.store).toMatchObject({ items: 38, lefts: { changed: 1, differs: 1, deleted: 1 } })
    expect(await keysLeft()).toHaveLength(41)
    const archive = join(await mkdtemp(join(tmpdir(), 'store-')), 'purged.cpmarc')
    const done = await store.with<Report>('purge-redis', ` --older-than 0 --yes --archive ${archive}`)
    expect(done.store).toMatchObject({ items: 38, keys: 38, lefts: { changed: 1, differs: 1, deleted: 1 } })
    expect(await keysLeft()).toEqual(['m-2', 'big', 'ints'].map((key) => store.keyOf(key)).sort())

    const refused = JSON.parse((await store.run('rollback --yes --json')).out)
    expect(refused.store).toMatchObject({ refused: 39 })
    const restored = await store.run(`restore-archive ${archive}`)
    expect(restored).toMatchObject({ exit: 0, out: expect.stringMatching(/✓ 38 keys, [\d.]+ KiB restored/) })
    expect(await keysLeft()).toHaveLength(41)
    const undone = JSON.parse((await store.run('rollback --yes --json')).out)
    expect(undone.store).toMatchObject({ refused: 2 })
  })
})
