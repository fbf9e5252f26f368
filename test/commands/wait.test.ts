import { expect, test } from 'vitest'
import { commandLine } from '../acceptance/command-line.js'
import { ownPostgres } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'

/** A server that is not there yet, and comes when the command has asked for it once. */
async function late(server: { halt(): Promise<void>; start(): Promise<void> }, run: () => Promise<unknown>) {
  await server.halt()
  const running = run()
  await server.start()
  return running
}

test('--wait is for servers that are still starting, on both ends', async () => {
  const redis = await freshRedis({ modules: false })
  const detect = () => commandLine('detect --quiet --wait 60s', { REDIS_URL: redis.url })
  expect(await late(redis, detect)).toMatchObject({ exit: 0, err: '' })
  const postgres = await ownPostgres()
  const check = () =>
    commandLine('init --check --quiet', { CHECKPOINT_DB_URI: postgres.url, CP_MIGRATE_WAIT: '60s' })
  expect(await late(postgres, check)).toMatchObject({ exit: 4, err: '' })
})

test('waiting ends with the time given, and with the failure itself; a wrong password is not waited for', async () => {
  const redis = await freshRedis({ modules: false, args: ['--requirepass', 'secret'] })
  const refused = await commandLine('detect --wait 60s', { REDIS_URL: redis.url })
  expect(refused).toMatchObject({ exit: 5, err: expect.stringContaining('wants a password') })
  await redis.halt()
  const gone = await commandLine('detect --wait 300ms', { REDIS_URL: redis.url })
  expect(gone).toMatchObject({ exit: 5, err: expect.stringContaining('nothing listens there') })
})
