/** Items of the JavaScript store, moved, and read back by the official JavaScript PostgresStore. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { StoreMoved } from '../../src/model/store.js'
import { type JsPostgresStore, postgresStore } from '../services/javascript.js'
import { type StoreEnds, storeEnds } from './store-setup.js'

interface Report {
  readonly dialect: string
  readonly store: StoreMoved
  readonly findings: readonly { readonly reason: string; readonly count: number }[]
}

const SHAPE = `
  SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || coalesce(' ' || column_default, '') AS part
  FROM information_schema.columns WHERE table_schema = 'public' AND table_name LIKE 'store%'
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename LIKE 'store%'
  UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'public.store'::regclass AND NOT tgisinternal
  UNION ALL SELECT 'number ' || v FROM store_migrations ORDER BY 1`

describe('the store of JavaScript', () => {
  let store: StoreEnds
  let official: JsPostgresStore
  beforeAll(async () => {
    store = await storeEnds('js', { init: ' --dialect js' })
    official = await postgresStore(store.postgres)
  }, 60_000)

  it('is told by the ids of its items, where no thread tells the language', async () => {
    const report = await store.with<Report>('migrate')
    expect(report.dialect).toBe('js')
    expect(report.store).toMatchObject({ items: 16, inserted: 16, expiring: 2 })
    expect(Object.fromEntries(report.findings.map(({ reason, count }) => [reason, count]))).toEqual({
      'nul-removed': 1,
      'store-namespace-split': 1,
      'store-vector-left': 6,
    })
  })

  it('is read by the official PostgresStore as the documents hold it', async () => {
    for (const { namespace, key, value, created_at, updated_at } of store.expected) {
      const item = await official.get([...namespace], key)
      const times = { created: item?.createdAt.toISOString(), updated: item?.updatedAt.toISOString() }
      expect({ key, ...times }).toEqual({ key, created: created_at, updated: updated_at })
      if (!JSON.stringify(value).includes('\\u0000'))
        expect({ key, value: item?.value }).toEqual({ key, value })
    }
  })

  it('finds nothing left to do the second time', async () => {
    const report = await store.with<Report>('migrate')
    expect(report.store).toMatchObject({ inserted: 0, updated: 0, alreadyThere: 16 })
  })

  it('has the tables of the official setup(), which finds nothing left to make', async () => {
    const ours = await store.sql(SHAPE)
    await official.setup()
    expect(await store.sql(SHAPE)).toEqual(ours)
    await store.sql('DROP TABLE store, store_migrations')
    await (await postgresStore(store.postgres)).setup()
    expect(await store.sql(SHAPE)).toEqual(ours)
  })
})
