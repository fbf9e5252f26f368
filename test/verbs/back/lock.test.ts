/** One run at a time for one Redis: whoever comes second waits in vain, and whoever lost the lock writes nothing more. */
import { expect, test } from 'vitest'
import { parsePostgresUrl } from '../../../src/commands/endpoint-url.js'
import { openPostgres } from '../../../src/target/connection/connect.js'
import { takeLease } from '../../../src/target/ledger/lease.js'
import { atEndOfFile } from '../../services/each-file.js'
import { sql } from '../../services/postgres.js'
import { handMade, keysOf } from './hand-made.js'

const ID = (n: number) => `1f000000-0000-6000-8000-00000000000${n}`

test('a second run ends at once, exit code 11', async () => {
  const place = await handMade()
  await place.put({ threadId: 't', ids: [ID(1)] })
  const postgres = await openPostgres(parsePostgresUrl(place.postgresUrl, {}), { writes: true })
  atEndOfFile(() => postgres.close())
  const lease = await takeLease(postgres, {
    schema: 'redis there',
    ledgerSchema: 'cp_migrate',
    verb: 'migrate',
    takeoverTimeoutMs: 1000,
  })
  await expect(place.move()).rejects.toMatchObject({ id: 'target-locked' })
  expect(await place.all()).toEqual({})
  await lease.release()
  expect(await place.move()).toMatchObject({ threads: { whole: 1 } })
})

test('a run that lost its lock stops, and writes nothing more', async () => {
  const place = await handMade()
  const threads = ['a', 'b'].map((threadId) => ({ threadId, ids: [ID(1)], text: 'x'.repeat(300_000) }))
  await place.put(...threads)
  const report = await place.move({
    keysOf: async function* () {
      yield* keysOf(threads[0]!)
      // The first thread is written by the time that the second is asked for twice.
      while ((await place.redis.dbsize()) === 0) await new Promise((next) => setTimeout(next, 10))
      await sql(place.postgresUrl, 'UPDATE cp_migrate.lease SET token = token + 1')
      yield* keysOf(threads[1]!)
    },
  })
  expect(report.stoppedBy).toMatchObject({ id: 'lease-lost' })
  expect(Object.keys(await place.all()).some((key) => key.includes(':b:'))).toBe(false)
})
