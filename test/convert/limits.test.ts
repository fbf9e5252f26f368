/** The limits of a key are those of Postgres itself. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { misfitOfCast, misfitOfKey, misfitOfText } from '../../src/convert/limits.js'
import { TABLES } from '../../src/model/rows.js'
import { commandLine } from '../acceptance/command-line.js'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase } from '../services/postgres.js'

let client: pg.Client
beforeAll(async () => {
  const url = await freshDatabase()
  await commandLine('init', { CHECKPOINT_DB_URI: url })
  client = new pg.Client({ connectionString: url })
  await client.connect()
  atEndOfFile(() => client.end())
})

/** Incompressible. */
const text = (bytes: number) => randomBytes(bytes).toString('base64').slice(0, bytes)

/** Everything beside the key that a row must have. */
const OTHERS = {
  checkpoints: { checkpoint: '{}' },
  checkpoint_blobs: { type: 'null' },
  checkpoint_writes: { channel: '', blob: '' },
} as const

async function takes(table: keyof typeof TABLES, key: readonly (string | number)[]): Promise<boolean> {
  const columns = [...TABLES[table], ...Object.keys(OTHERS[table])]
  const values = [...key, ...Object.values(OTHERS[table])]
  const places = values.map((_, at) => `$${at + 1}`)
  try {
    await client.query(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places.join(', ')})`, values)
    return true
  } catch (error) {
    expect((error as { code: string }).code).toBe('54000')
    return false
  }
}

// Parts below 127 bytes are laid out in another way than longer ones, and odd lengths leave gaps.
test.each([
  ['checkpoints', (total: number) => [text(total - 36), '', text(36)]],
  ['checkpoints', (total: number) => [text(127), text(total - 253), text(126)]],
  ['checkpoints', (total: number) => [text(129), text(total - 170), text(41)]],
  ['checkpoint_blobs', (total: number) => [text(700), text(701), text(total - 1436), text(35)]],
  ['checkpoint_writes', (total: number) => [text(total - 75), text(3), text(36), text(36), 0]],
] as const)(
  'a key of %s is refused from the byte on from which Postgres refuses it',
  async (table, keyOf) => {
    const verdicts = new Set<boolean>()
    for (let total = 2720; total > 2660; total--) {
      const key = keyOf(total)
      const isTaken = await takes(table, key)
      verdicts.add(isTaken)
      expect(misfitOfKey(Object.fromEntries(key.entries())) === undefined, `${total} bytes`).toBe(isTaken)
    }
    expect(verdicts).toEqual(new Set([true, false]))
  },
)

test('a NUL is refused wherever it is, a backslash where the official reader would trip over it', () => {
  expect(misfitOfText('channel', 'b\0')).toEqual({ reason: 'nul-in-id', detail: 'channel' })
  expect(misfitOfText('version', 7)).toBeUndefined()
  expect(misfitOfKey({ 'thread id': 'a\0b' })).toEqual({ reason: 'nul-in-id', detail: 'thread id' })
  expect(misfitOfKey({ 'thread id': 'a\\b' })).toBeUndefined()
  expect(misfitOfCast('channel', 'a\\b')).toEqual({ reason: 'backslash-in-id', detail: 'channel "a\\\\b"' })
})
