/** Items of real stores, moved, and read back by the official PostgresStore of their language. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { StoreMoved } from '../../src/model/store.js'
import { type ExpectedItem, type StoreApp, type StoreEnds, storeEnds, storeWithApp } from './store-setup.js'

interface Report {
  readonly store: StoreMoved
  readonly findings: readonly { readonly reason: string; readonly count: number }[]
}
interface Item {
  readonly namespace: readonly string[]
  readonly key: string
  readonly value: unknown
  readonly created_at: string
  readonly updated_at: string
}

const countsOf = ({ findings }: Report) =>
  Object.fromEntries(findings.map(({ reason, count }) => [reason, count]))
const byName = (items: readonly Pick<Item, 'namespace' | 'key'>[]) =>
  new Map(items.map((item) => [`${item.namespace.join('.')} ${item.key}`, item]))

describe.each([
  ['python-0.5.2', '', 41, 17, 3],
  ['python-0.5.2-hash', ' --store-prefix acme:mem --store-vector-prefix acme:vec', 35, 12, 34],
] as const)('the store of %s', (fixture, flags, items, vectors, expiring) => {
  let store: StoreEnds
  let app: StoreApp
  beforeAll(async () => {
    ;({ store, app } = await storeWithApp(fixture, { flags }))
  }, 60_000)

  it('is forecast by a dry run, which writes nothing', async () => {
    const { store: moved, exitCode } = await store.with<Report>('migrate --dry-run')
    expect(exitCode).toBe(0)
    expect(moved).toMatchObject({ items, inserted: items, alreadyThere: 0, expiring })
    expect(await store.sql('SELECT 1 FROM store')).toEqual([])
  })

  it('is read by the official PostgresStore as the documents hold it', async () => {
    const report = await store.with<Report>('migrate')
    expect(report.store).toMatchObject({
      items,
      inserted: items,
      updated: 0,
      alreadyThere: 0,
      expiring,
      vectors: 0,
    })
    expect(countsOf(report)).toEqual({ 'store-wrapped': 5, 'nul-removed': 2, 'store-vector-left': vectors })
    const read = byName(await app.items<Item>())
    const wanted = byName(store.expected)
    expect([...read.keys()].sort()).toEqual([...wanted.keys()].sort())
    for (const [name, item] of wanted) {
      const { created_at, updated_at, value } = read.get(name) as Item
      const { created_at: created, updated_at: updated, value: stored, wrapped } = item as ExpectedItem
      expect({ name, created_at, updated_at }).toEqual({ name, created_at: created, updated_at: updated })
      if (wrapped) expect(Object.keys(value as object).sort()).toEqual(['__serde_data__', '__serde_type__'])
      else if (!JSON.stringify(stored).includes('\\u0000'))
        expect({ name, value }).toEqual({ name, value: asJsonb(stored) })
    }
  })

  it('keeps its TTLs', async () => {
    const rows = await store.sql<{ key: string; prefix: string; ms: string; ttl_minutes: number }>(
      'SELECT prefix, key, extract(epoch from expires_at - now()) * 1000 AS ms, ttl_minutes FROM store WHERE expires_at IS NOT NULL',
    )
    expect(rows).toHaveLength(expiring)
    const wanted = new Map(
      store.expected.map((item) => [`${item.namespace.join('.')} ${item.key}`, item.pttl_ms]),
    )
    for (const { prefix, key, ms, ttl_minutes } of rows) {
      const left = wanted.get(`${prefix} ${key}`)!
      expect(Math.abs(Number(ms) - left)).toBeLessThan(60_000)
      expect(ttl_minutes).toBe(Math.ceil(left / 60_000))
    }
  })

  it('finds nothing left to do the second time', async () => {
    const report = await store.with<Report>('migrate')
    expect(report.store).toMatchObject({ items, inserted: 0, updated: 0, alreadyThere: items, vectors: 0 })
  })

  it('leaves the official setup() nothing to do', async () => {
    const before = await store.sql<{ v: number }>('SELECT v FROM store_migrations ORDER BY v')
    expect(before.map(({ v }) => v)).toEqual([0, 1, 2, 3])
    const after = await app.setup()
    const other = await storeEnds(fixture)
    await other.sql('DROP TABLE store, store_migrations')
    expect(after).toEqual(await app.setup(other.postgres))
  })
})

/** JSONB spells out what was written with an exponent, and has no −0. */
function asJsonb(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJsonb)
  if (typeof value !== 'object' || value === null) return value
  const { $float, $map } = value as { $float?: string; $map?: [string, unknown][] }
  if ($map !== undefined) return asJsonb(Object.fromEntries($map))
  if ($float === undefined)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asJsonb(one)]))
  const [digits = '', exponent = ''] = Number($float).toExponential().split('e')
  if (Number(exponent) < 16) return { $float: $float.replace(/^-0\.0$/, '0.0') }
  const [head = '', fraction = ''] = digits.split('.')
  return { $int: head + fraction.padEnd(Number(exponent), '0') }
}
