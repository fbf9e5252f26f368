/** What later passes over a store do: they follow the source, and keep their hands off what others wrote. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { StoreMoved, StoreVerified } from '../../src/model/store.js'
import { type StoreEnds, storeEnds } from './store-setup.js'

interface Report {
  readonly store: StoreMoved
  readonly findings: readonly { readonly reason: string; readonly count: number }[]
}
const countsOf = ({ findings }: Report) =>
  Object.fromEntries(
    findings
      .filter(({ reason }) => /differs|older|deleted|other-dialect/.test(reason))
      .map(({ reason, count }) => [reason, count]),
  )

describe('a store of Python', () => {
  let store: StoreEnds
  beforeAll(async () => {
    store = await storeEnds('python-0.5.2')
    await store.sql(`INSERT INTO store (prefix, key, value) VALUES ('nums', 'ints', '{"of": "others"}')`)
  }, 60_000)

  it('a row of others stays as it is, and is a conflict', async () => {
    const report = await store.with<Report>('migrate')
    expect(report.exitCode).toBe(3)
    expect(report.store).toMatchObject({ items: 41, inserted: 40 })
    expect(countsOf(report)).toEqual({ 'store-item-differs': 1 })
    const [row] = await store.sql(`SELECT value FROM store WHERE prefix = 'nums' AND key = 'ints'`)
    expect(row).toEqual({ value: { of: 'others' } })
    const replaced = await store.with<Report>('migrate', ' --on-existing replace')
    expect(replaced.exitCode).toBe(0)
    expect(replaced.store).toMatchObject({ inserted: 0, updated: 1, alreadyThere: 40 })
  })

  it('of two documents of one item the newer counts, whichever comes first', async () => {
    const document = (updated: number, value: string) =>
      `{"prefix":"twice\\\\.told","key":"k","value":{"is":"${value}"},"created_at":${updated},"updated_at":${updated}}`
    const [older, newer] = [1795224100000000, 1795224100000001]
    await store.client.call('JSON.SET', 'store:01M7XV3QZZZZZZZZZZZZZZZZZA', '$', document(older, 'older'))
    await store.with('migrate')
    await store.client.call('JSON.SET', 'store:01M7XV3QZZZZZZZZZZZZZZZZZB', '$', document(newer, 'newer'))
    const second = await store.with<Report>('migrate')
    expect(second.store).toMatchObject({ inserted: 0, updated: 1 })
    expect(countsOf(second)).toEqual({ 'store-older-copy': 1 })
    const third = await store.with<Report>('migrate')
    expect(third.store).toMatchObject({ inserted: 0, updated: 0 })
    const rows = await store.sql(`SELECT value FROM store WHERE prefix = 'twice.told'`)
    expect(rows).toEqual([{ value: { is: 'newer' } }])
    const { store: verified } = await store.with<{ store: StoreVerified }>('verify')
    expect(verified).toMatchObject({ differs: 0, behind: 0 })
  })

  it('a TTL that was set in Redis since follows', async () => {
    const { redis_key, namespace, key } = store.expected.find(({ pttl_ms }) => pttl_ms < 0)!
    await store.client.pexpire(redis_key, 3_600_000)
    expect((await store.with<Report>('migrate')).store).toMatchObject({ inserted: 0, updated: 1 })
    const [row] = await store.sql<{ ttl_minutes: number }>(
      'SELECT ttl_minutes FROM store WHERE prefix = $1 AND key = $2',
      [namespace.join('.'), key],
    )
    expect(row?.ttl_minutes).toBe(60)
    expect((await store.with<Report>('migrate')).store).toMatchObject({ inserted: 0, updated: 0 })
  })

  it('an item that was deleted in Postgres is not brought back unless it is told to', async () => {
    await store.sql(`DELETE FROM store WHERE prefix = 'nums' AND key = 'big'`)
    expect(countsOf(await store.with<Report>('migrate'))).toMatchObject({ 'store-deleted': 1 })
    const restored = await store.with<Report>('migrate', ' --restore-deleted')
    expect(restored.store).toMatchObject({ inserted: 1, updated: 0 })
  })
})

describe('a store of JavaScript', () => {
  it('is compared, rolled back, and left alone by the tables of Python', async () => {
    const store = await storeEnds('js', { init: ' --dialect js' })
    await store.with('migrate')
    const verified = await store.with<{ store: StoreVerified }>('verify')
    expect(verified).toMatchObject({ exitCode: 0, store: { items: 16, equal: 16 } })
    const { out } = await store.run('rollback --yes --json')
    expect(JSON.parse(out).store).toEqual({ removed: 16, restored: 0, refused: 0 })
    const { exit, err } = await store.run('init --include store --dialect python')
    expect(exit).toBe(2)
    expect(err).toContain('it has no column prefix')
    const python = await store.with<Report>('migrate', ' --dialect python --dry-run')
    expect(python.exitCode).toBe(3)
    expect(countsOf(python)).toEqual({ 'store-other-dialect': 16 })
  })
})

it('a table for embeddings needs pgvector, which is said before anything is made', async () => {
  const store = await storeEnds('js', { init: ' --dialect js' })
  const { exit, err } = await store.run('init --include store --dialect js --vector-dims 4')
  expect(exit).toBe(2)
  expect(err).toContain('has no extension vector')
})
