/** Documents that no official store wrote, or that Postgres or its readers would choke on: each is moved or named, and stops no other. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Finding } from '../../src/model/finding.js'
import type { StoreMoved, StoreVerified } from '../../src/model/store.js'
import { type StoreApp, type StoreEnds, storeWithApp } from './store-setup.js'

interface Report {
  readonly store: StoreMoved
  readonly findings: readonly { readonly reason: string; readonly samples: readonly Finding[] }[]
}

const TIME = 1795224612345678
/** A document that moves; a member that is undefined is missing. */
const document = (key: string, change: Record<string, unknown> = {}): string =>
  JSON.stringify({
    prefix: 'odd\\.ones',
    key,
    value: { a: 1 },
    created_at: TIME,
    updated_at: TIME,
    ...change,
  })

const DAMAGED: Readonly<Record<string, string>> = {
  'no value': document('k1', { value: undefined }),
  'no created_at': document('k2', { created_at: undefined }),
  'no updated_at': document('k3', { updated_at: undefined }),
  'created_at is no time': document('k4', { created_at: 'yesterday' }),
  'not a string': document('k5', { key: 5 }),
  // PostgresStore reads none of them, and its search() finds nothing any more where one is.
  'the value is no object': document('k6', { value: ['a list'] }),
}
const FOREIGN = [document('k7', { prefix: undefined }), '[1]', '{"name":"a shop"}']
const MOVED = [
  ['', ''],
  ['odd.ones', `"quote' \n\t\\ {}[],😀 %_ --`],
  ['a..b', 'k'],
  ['a\\b', 'k'],
  ['trail\\', 'k'],
] as const

let ids = 0
const keyOfItem = (prefix = 'store'): string =>
  `${prefix}:01M7XV3QZZZZZZZZZZ${String(++ids).padStart(8, '0')}`

describe('a store with documents of its own kind', () => {
  let store: StoreEnds
  let app: StoreApp
  const damaged = new Map<string, string>()
  beforeAll(async () => {
    const flags = ' --store-prefix store --store-prefix store:acme'
    ;({ store, app } = await storeWithApp('python-0.5.2', { flags }))
    await store.client.flushdb()
    const set = async (text: string, key = keyOfItem()): Promise<string> => {
      await store.client.call('JSON.SET', key, '$', text)
      return key
    }
    for (const [why, text] of Object.entries(DAMAGED)) damaged.set(await set(text), why)
    for (const text of FOREIGN) await set(text)
    for (const [namespace, key] of MOVED)
      await set(document(key, { prefix: namespace.replace(/[.\\](?!$)/g, '\\$&') }))
    await set(document('of a prefix inside the other'), keyOfItem('store:acme'))
    await store.client.pexpire(await set(document('lives for 5,000 years')), 5000 * 365 * 86_400_000)
    // 2⁵³ + 1: past what a double can count.
    await set(document('far').replaceAll(String(TIME), '9007199254740993'))
  }, 60_000)

  it('names each that cannot be moved, and moves all others', async () => {
    const report = await store.with<Report>('migrate')
    expect(report.store).toMatchObject({ items: MOVED.length + 4, inserted: MOVED.length + 3, expiring: 1 })
    const samplesOf = (wanted: string) =>
      report.findings.find(({ reason }) => reason === wanted)?.samples.map(({ key, detail }) => [key, detail])
    expect(new Map(samplesOf('undecodable') as [string, string][])).toEqual(damaged)
    expect(samplesOf('foreign-key')).toHaveLength(FOREIGN.length)
  })

  it('is read by the official PostgresStore, all of it', async () => {
    const items = await app.items<{ readonly namespace: readonly string[]; readonly key: string }>()
    const names = items.map(({ namespace, key }) => [namespace.join('.'), key])
    expect(names).toHaveLength(MOVED.length + 3)
    expect(names).toEqual(expect.arrayContaining(MOVED.map((name) => [...name])))
  })

  it('is compared, and keeps a TTL beyond what its column can hold', async () => {
    const { store: verified } = await store.with<{ store: StoreVerified }>('verify')
    expect(verified).toMatchObject({
      equal: MOVED.length + 3,
      differs: 0,
      behind: 0,
      rejected: damaged.size,
    })
    const rows = await store.sql(
      'SELECT ttl_minutes, expires_at > now() AS lives FROM store WHERE ttl_minutes > 0',
    )
    expect(rows).toEqual([{ ttl_minutes: 2 ** 31 - 1, lives: true }])
  })

  it('has what was rejected in the ledger, where status names it, and once however often the run goes on', async () => {
    const status = async () => {
      const [run] = await store.sql<{ id: number }>('SELECT max(id) AS id FROM cp_migrate.runs')
      const { out } = await store.run(`status --run ${run?.id} --json`)
      const { findings } = JSON.parse(out) as { findings: (Finding & { kind: string })[] }
      return findings.filter(({ kind }) => kind === 'rejected').map(({ key, detail }) => [key, detail])
    }
    expect(new Map((await status()) as [string, string][])).toEqual(damaged)
    await store.sql(`UPDATE cp_migrate.runs SET state = 'stopped'`)
    expect(await store.with('migrate')).toMatchObject({ resumed: expect.anything() })
    expect(await status()).toHaveLength(damaged.size)
  })
})
