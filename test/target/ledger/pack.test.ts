/** Keys and digests of a thread in one column, and back. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  blobDigest,
  checkpointName,
  keyText,
  packDigests,
  packKeys,
  type RecordedKey,
  unpackDigests,
  unpackKeys,
} from '../../../src/target/ledger/pack.js'
import { BLOB_DIGESTS } from '../../../src/target/rows/row-digests.js'
import { freshDatabase, sql } from '../../services/postgres.js'

const bytes = (length?: number) =>
  fc
    .uint8Array(length === undefined ? { maxLength: 300 } : { minLength: length, maxLength: length })
    .map((array) => Buffer.from(array))
const recordedKey: fc.Arbitrary<RecordedKey> = fc.oneof(
  fc.record({
    key: bytes(),
    use: fc.constantFrom('migrated' as const, 'orphan' as const),
    digest: bytes(12),
  }),
  fc.record({ key: bytes(), use: fc.constant('index' as const), digest: fc.constant(null) }),
)

describe('packed keys', () => {
  test('come back as they were, sorted by their bytes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(recordedKey, { selector: ({ key }) => keyText(key) }), (keys) => {
        const sorted = [...keys].sort((a, b) => a.key.compare(b.key))
        expect([...unpackKeys(packKeys(keys))]).toEqual(sorted)
      }),
    )
  })

  test('cut short are an error, never other keys', () => {
    const keys = ['checkpoint:t:1', 'checkpoint:t:2'].map(
      (key): RecordedKey => ({ key: Buffer.from(key), use: 'migrated', digest: Buffer.alloc(12, 1) }),
    )
    const packed = packKeys(keys)
    const whole = packKeys(keys.slice(0, 1)).length
    for (let end = 1; end < packed.length; end++) {
      if (end !== whole) expect(() => [...unpackKeys(packed.subarray(0, end))]).toThrow(RangeError)
    }
  })

  test('of a usual thread take about 40 bytes each', () => {
    const id = (at: number) =>
      `1f0c2a9${(at % 16).toString(16)}-${(at * 7919).toString(16).padStart(4, '0')}-6000-8000-${(at * 104729).toString(16).padStart(12, '0')}`
    const keys = Array.from(
      { length: 1000 },
      (_, at): RecordedKey => ({
        key: Buffer.from(`checkpoint:user-4711-conversation-42:__empty__:${id(at)}`),
        use: 'migrated',
        digest: Buffer.alloc(12, at),
      }),
    )
    expect(packKeys(keys).length / keys.length).toBeLessThan(45)
  })
})

test('digests of checkpoints come back by name', () => {
  const digests = new Map([
    [checkpointName('', 'one'), '-9223372036854775808'],
    [checkpointName('ns|x:1', 'one'), '9223372036854775807'],
    [checkpointName('', 'two'), '0'],
  ])
  expect(digests.size).toBe(3)
  expect(new Map(unpackDigests(packDigests(digests)))).toEqual(digests)
})

test('the server comes to the same number for a blob row as we do', async () => {
  const url = await freshDatabase()
  await sql(
    url,
    'CREATE TABLE checkpoint_blobs (thread_id text, checkpoint_ns text, channel text, version text, type text, blob bytea)',
  )
  const rows = [
    {
      checkpointNs: '',
      channel: 'messages',
      version: '1',
      type: 'msgpack',
      blob: Buffer.from([1, 2, 0, 255]),
    },
    { checkpointNs: 'a|b:1', channel: 'é', version: '2', type: 'empty', blob: null },
    { checkpointNs: '', channel: 'x', version: '3', type: 'bytes', blob: Buffer.alloc(0) },
  ]
  for (const { checkpointNs, channel, version, type, blob } of rows) {
    await sql(url, `INSERT INTO checkpoint_blobs VALUES ('t', $1, $2, $3, $4, $5)`, [
      checkpointNs,
      channel,
      version,
      type,
      blob,
    ])
  }
  const found = await sql<{ version: string; digest: string }>(
    url,
    `${BLOB_DIGESTS('public', 'in')} ORDER BY 4`,
    [['t']],
  )
  expect(found.map(({ digest }) => BigInt(digest))).toEqual(rows.map(blobDigest))
})
