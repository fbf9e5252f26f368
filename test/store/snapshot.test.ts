/** A store in a snapshot: moved from the file as from the server, but for items whose time is over by now. */

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { StoreMoved } from '../../src/model/store.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { savedBy, temporaryFolder } from '../source/rdb/snapshot.js'
import { storeEnds } from './store-setup.js'

it('what has expired in a store since its snapshot was saved is left out, which is said; all else is moved', async () => {
  const store = await storeEnds('python-0.5.2')
  const key = store.keyOf('m-2')
  const folder = await temporaryFolder()
  // One behind the other on one connection: it is alive when the server saves.
  const [, file] = await Promise.all([store.client.pexpire(key, 2000), savedBy(store.client, folder)])
  while ((await store.client.exists(key)) === 1) await sleep(50)
  const run = (flags = '') =>
    commandLine(`migrate --include store${flags}`, ends(`file:${file}`, store.postgres))
  const forecast = await run(' --dry-run')
  expect(forecast.out.replace(/\s+/g, ' ')).toContain('taken as they were then, but for items of the store.')
  const report: { store: StoreMoved; findings: unknown[] } = JSON.parse((await run(' --json')).out)
  expect(report.store).toMatchObject({ items: 40, inserted: 40 })
  expect(report.findings).toContainEqual(expect.objectContaining({ reason: 'gone', count: 1 }))
})
