/** Rollback of runs that moved the store: exactly what they wrote, and only where it still is what they wrote. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { RollbackReport } from '../../src/model/rollback-report.js'
import { type StoreApp, type StoreEnds, storeWithApp } from './store-setup.js'

describe('rollback of a store', () => {
  let store: StoreEnds
  let app: StoreApp
  beforeAll(async () => {
    ;({ store, app } = await storeWithApp('python-0.5.2'))
    await app.put(['of', 'others'], 'k', { mine: true })
  }, 60_000)

  const rows = () =>
    store
      .sql<{ row: string }>('SELECT s::text AS row FROM store s ORDER BY prefix, key')
      .then((all) => all.map(({ row }) => row))
  const rollback = async (flags: string): Promise<RollbackReport & { exitCode: number }> =>
    JSON.parse((await store.run(`rollback --json ${flags}`.trim())).out)

  it('leaves of the whole run nothing, and the rows of others as they were', async () => {
    const before = await rows()
    await store.with('migrate')
    expect((await rollback('')).store).toEqual({ removed: 41, restored: 0, refused: 0 })
    expect(await rows()).toHaveLength(42)
    const done = await rollback('--yes')
    expect(done.store).toEqual({ removed: 41, restored: 0, refused: 0 })
    expect(done.exitCode).toBe(0)
    expect(done.runs).toMatchObject([{ isGone: true }])
    expect(await rows()).toEqual(before)
  })

  it('gives back what a later run had rewritten, and keeps what the application changed', async () => {
    await store.with('migrate')
    const first = await rows()
    const key = store.keyOf('m-2')
    await store.client.call('JSON.SET', key, '$.value', '{"changed":1}')
    await store.client.call('JSON.NUMINCRBY', key, '$.updated_at', '1000')
    const second = await store.with<{ store: { updated: number } }>('migrate')
    expect(second.store.updated).toBe(1)
    expect((await rollback('--yes')).store).toEqual({ removed: 0, restored: 1, refused: 0 })
    expect(await rows()).toEqual(first)
    await app.put(['nums'], 'ints', { a: 1 })
    const all = await rollback('--all --yes')
    expect(all.store).toEqual({ removed: 40, restored: 0, refused: 1 })
    expect(all.exitCode).toBe(3)
    expect(await store.sql(`SELECT prefix, key FROM store ORDER BY 1`)).toEqual([
      { prefix: 'nums', key: 'ints' },
      { prefix: 'of.others', key: 'k' },
    ])
  })
  it('gives back what the application wrote between two runs, though both are taken back at once', async () => {
    await store.sql(`DELETE FROM store WHERE prefix = 'nums'`)
    await store.with('migrate', ' --restore-deleted')
    await app.put(['nums'], 'ints', { of: 'the application' })
    const replaced = await store.with<{ store: { updated: number } }>('migrate', ' --on-existing replace')
    expect(replaced.store.updated).toBeGreaterThan(0)
    await rollback('--all --yes')
    const left = await store.sql(`SELECT value FROM store WHERE prefix = 'nums' AND key = 'ints'`)
    expect(left).toEqual([{ value: { of: 'the application' } }])
  })
})
