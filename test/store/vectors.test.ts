/**
 * Embeddings, where the target has a table for them. The tests' Postgres has no pgvector: a type of the same name that keeps the
 * text as it is stands in, with the dimensions where pgvector has them.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { sameEmbedding } from '../../src/convert/store/equal.js'
import type { PurgeReport } from '../../src/model/purge-report.js'
import type { StoreMoved, StoreVerified } from '../../src/model/store.js'
import { type StoreEnds, storeEnds } from './store-setup.js'

const internal = (head: string, as: string): string =>
  `CREATE FUNCTION ${head} LANGUAGE internal IMMUTABLE STRICT AS '${as}'`
const VECTOR = [
  'CREATE TYPE vector',
  internal('vector_in(cstring, oid, integer) RETURNS vector', 'textin'),
  internal('vector_out(vector) RETURNS cstring', 'textout'),
  internal('vector_typmod_in(cstring[]) RETURNS integer', 'bittypmodin'),
  internal('vector_typmod_out(integer) RETURNS cstring', 'bittypmodout'),
  `CREATE TYPE vector (INPUT = vector_in, OUTPUT = vector_out, TYPMOD_IN = vector_typmod_in, TYPMOD_OUT = vector_typmod_out,
     INTERNALLENGTH = VARIABLE, STORAGE = extended)`,
]
/** As each setup() makes it. */
const TABLES = {
  python: `CREATE TABLE store_vectors (prefix text NOT NULL, key text NOT NULL, field_name text NOT NULL, embedding vector(4),
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), PRIMARY KEY (prefix, key, field_name),
    FOREIGN KEY (prefix, key) REFERENCES store(prefix, key) ON DELETE CASCADE)`,
  js: `CREATE TABLE store_vectors (namespace_path text NOT NULL, key text NOT NULL, field_path text NOT NULL, text_content text NOT NULL,
    embedding vector(4) NOT NULL, created_at timestamptz DEFAULT now(), PRIMARY KEY (namespace_path, key, field_path),
    FOREIGN KEY (namespace_path, key) REFERENCES store(namespace_path, key) ON DELETE CASCADE)`,
}

async function withVectors(store: StoreEnds, table: string): Promise<StoreEnds> {
  for (const statement of [...VECTOR, table]) await store.sql(statement)
  return store
}
const embedding = async (store: StoreEnds, key: string): Promise<unknown> =>
  (await store.sql(`SELECT embedding::text AS list FROM store_vectors WHERE key = '${key}'`))[0]

describe('embeddings of Python', () => {
  let store: StoreEnds
  let vectorKey: string
  beforeAll(async () => {
    store = await withVectors(await storeEnds('python-0.5.2'), TABLES.python)
    vectorKey = store.keyOf('m-2').replace('store:', 'store_vectors:')
    await store.client.call('JSON.SET', vectorKey, '$.embedding', '[-0.0,1e-7,0.33333334,3]')
  }, 60_000)

  it('go with their items, to the last bit', async () => {
    const { store: moved } = await store.with<{ store: StoreMoved }>('migrate')
    expect(moved).toMatchObject({ items: 41, inserted: 41, vectors: 17 })
    const [value] = Object.values((await embedding(store, 'm-2')) as object)
    expect(JSON.parse(value)).toEqual([-0, ...[1e-7, 0.33333334].map(Math.fround), 3])
    const { store: verified } = await store.with<{ store: StoreVerified }>('verify')
    expect(verified).toMatchObject({ equal: 41, differs: 0, vectors: 17 })
  })

  it('are compared, too: what another hand wrote differs, and its item stays in Redis', async () => {
    await store.sql(`UPDATE store_vectors SET embedding = '[9,9,9,9]' WHERE key = 'm-2'`)
    const verified = await store.with<{ store: StoreVerified }>('verify')
    expect(verified.exitCode).toBe(4)
    expect(verified.store.differences).toMatchObject([{ key: 'm-2', part: 'embedding' }])
    const plan = await store.with<PurgeReport>('purge-redis', ' --older-than 0')
    expect(plan.store).toMatchObject({ items: 40, keys: 56, lefts: { differs: 1 } })
  })

  it('follow their item, and come back with it when that run is rolled back', async () => {
    await store.client.call('JSON.SET', store.keyOf('m-2'), '$.value.text', '"newer"')
    await store.client.call('JSON.SET', vectorKey, '$.embedding', '[4,3,2,1]')
    const { store: moved } = await store.with<{ store: StoreMoved }>('migrate')
    expect(moved).toMatchObject({ updated: 1, vectors: 1 })
    expect(await embedding(store, 'm-2')).toEqual({ list: '[4,3,2,1]' })
    await store.run('rollback --yes')
    expect(await embedding(store, 'm-2')).toEqual({ list: '[9,9,9,9]' })
    await store.run('rollback --all --yes')
    expect(await store.sql('SELECT key FROM store_vectors UNION ALL SELECT key FROM store')).toEqual([])
  })
})

it('what JavaScript embedded is kept beside the embedding, without the characters that Postgres refuses', async () => {
  const store = await withVectors(await storeEnds('js', { init: ' --dialect js' }), TABLES.js)
  const { redis_key, namespace } = store.expected.find(({ key }) => key === 'm-1')!
  await store.client.call('JSON.SET', redis_key, '$.value.text', '"a\\u0000b"')
  const { store: moved } = await store.with<{ store: StoreMoved }>('migrate')
  expect(moved).toMatchObject({ items: 16, inserted: 16, vectors: 6 })
  const rows = await store.sql(
    'SELECT namespace_path, field_path, text_content FROM store_vectors WHERE key = $1',
    ['m-1'],
  )
  expect(rows).toEqual([{ namespace_path: namespace.join(':'), field_path: 'text', text_content: 'ab' }])
  const { store: verified } = await store.with<{ store: StoreVerified }>('verify')
  expect(verified).toMatchObject({ equal: 16, vectors: 6 })
})

it('a halfvec holds what a float rounds to, and nothing else', () => {
  // As pgvector 0.8 prints what it made of them.
  const pairs = [
    [0.1, 0.099975586],
    [1 / 3, 0.33325195],
    [65000, 64992],
    [1e-7, 1.1920929e-7],
    [1e-9, 0],
    [-2.00098, -2.0019531],
  ] as const
  for (const [one, half] of pairs) {
    expect([one, sameEmbedding([one], [half], 'halfvec(1)')]).toEqual([one, true])
    expect([one, sameEmbedding([one], [half], 'vector(1)')]).toEqual([one, false])
    expect([one, sameEmbedding([one], [half + 0.002 * (1 + Math.abs(half))], 'halfvec(1)')]).toEqual([
      one,
      false,
    ])
  }
})
