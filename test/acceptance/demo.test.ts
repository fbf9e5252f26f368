/** The demo as a newcomer runs it: no server, no setting, no trace. */
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { commandLine } from './command-line.js'

const demoFolders = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('cp-migrate-demo-'))

test('the demo goes the whole way without a server, and leaves nothing behind', async () => {
  const before = await demoFolders()
  // Settings of the user's own must not lead it to a server of theirs.
  const env = { REDIS_URL: 'redis://127.0.0.1:1/0', CHECKPOINT_DB_URI: 'postgres://127.0.0.1:1/production' }
  const { exit, out, err } = await commandLine('demo', env)
  expect(exit, err).toBe(0)
  for (const line of [
    '5 threads whole, 1 rejected; 27 checkpoints, 23 writes,',
    'checkpoint:legacy-2023:1ef0a0a0-0000-6000-8000-000000000001',
    '5 threads equal, value by value · 0 differ · 1 not migrated',
    'I can refund 189.00 € for order 1042.',
    "1 interrupt waits for a human's answer",
    'run 1: 6 threads would be rolled back',
  ]) {
    expect(out).toContain(line)
  }
  expect(out.split('\n').filter((line) => line.length > 80 && !/pglite:|file:/.test(line))).toEqual([])
  expect((await demoFolders()).filter((name) => !before.includes(name))).toEqual([])
})
