/** The store in a SQLite file: moved, compared, and read back by the official PostgresStore as the official SqliteStore reads it. */
import { copyFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { StoreMoved, StoreVerified } from '../../src/model/store.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { freshDatabase } from '../services/postgres.js'
import { pythonPeer } from '../services/python.js'

const FIXTURE = join(import.meta.dirname, '../../fixtures/sqlite/python-3.1.2/db.sqlite')

interface Item {
  readonly namespace: readonly string[]
  readonly key: string
  readonly created_at: string
  readonly updated_at: string
}

const inOrder = (items: readonly Item[]): readonly Item[] =>
  [...items].sort((a, b) => (`${a.namespace} ${a.key}` < `${b.namespace} ${b.key}` ? -1 : 1))

it('a store in a SQLite file goes with its threads', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'store-')), 'db.sqlite')
  await copyFile(FIXTURE, file)
  const [postgres, app] = await Promise.all([
    freshDatabase(),
    pythonPeer(join(import.meta.dirname, 'store.py')),
  ])
  const run = async <Report>(line: string): Promise<Report & { readonly exitCode: number }> => {
    const { out, err } = await commandLine(`${line} --json`, ends(`sqlite:${file}`, postgres))
    if (out === '') throw new Error(err)
    return JSON.parse(out)
  }
  await run('init --include store')
  const without = await run<{ leftAlone: { storeItems: number }; store: null }>('migrate --dry-run')
  expect(without).toMatchObject({ leftAlone: { storeItems: 5 }, store: null })
  const { store, exitCode } = await run<{ store: StoreMoved }>('migrate --include store')
  expect(exitCode).toBe(0)
  expect(store).toMatchObject({ items: 5, inserted: 5 })
  const [read, wanted] = [
    await app.ask<Item[]>({ do: 'items', on: postgres }),
    await app.ask<Item[]>({ do: 'of-file', on: file }),
  ]
  const inUtc = (items: readonly Item[]) =>
    inOrder(items).map(({ created_at, updated_at, ...item }) => ({
      ...item,
      times: [created_at, updated_at].map((time) => time.replace('+00:00', '')),
    }))
  expect(inUtc(read)).toEqual(inUtc(wanted))
  const again = await run<{ store: StoreMoved }>('migrate --include store')
  expect(again.store).toMatchObject({ inserted: 0, updated: 0, alreadyThere: 5 })
  const verified = await run<{ store: StoreVerified }>('verify --include store')
  expect(verified.store).toMatchObject({ items: 5, equal: 5, differs: 0 })
})
