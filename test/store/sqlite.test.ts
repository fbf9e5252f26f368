/** The store in a SQLite file: moved, compared, and read back by the official PostgresStore as the official SqliteStore reads it. */
import { copyFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { StoreMoved, StoreVerified } from '../../src/model/store.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { freshDatabase } from '../services/postgres.js'
import type { PythonPeer } from '../services/python.js'
import { storePeer } from './store-setup.js'

const FIXTURE = join(import.meta.dirname, '../../fixtures/sqlite/python-3.1.2/db.sqlite')

interface Item {
  readonly namespace: readonly string[]
  readonly key: string
  readonly created_at: string
  readonly updated_at: string
}

const inOrder = (items: readonly Item[]): readonly Item[] =>
  [...items].sort((a, b) => (`${a.namespace} ${a.key}` < `${b.namespace} ${b.key}` ? -1 : 1))

async function fileEnds() {
  const file = join(await mkdtemp(join(tmpdir(), 'store-')), 'db.sqlite')
  await copyFile(FIXTURE, file)
  const [postgres, app]: [string, PythonPeer] = await Promise.all([freshDatabase(), storePeer()])
  const run = async <Report>(line: string): Promise<Report & { readonly exitCode: number }> => {
    const { out, err } = await commandLine(`${line} --json`, ends(`sqlite:${file}`, postgres))
    if (out === '') throw new Error(err)
    return JSON.parse(out)
  }
  return { file, postgres, app, run }
}

it('a store in a SQLite file goes with its threads', async () => {
  const { file, postgres, app, run } = await fileEnds()
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

it('embeddings of a SQLite file stay there, which is said of each item; what has expired is gone', async () => {
  const { file, postgres, app, run } = await fileEnds()
  await app.ask({ do: 'embed', on: file, keys: ['one', 'two'] })
  await app.ask({ do: 'expire', on: file, key: 'short' })
  await run('init --include store')
  const { store, findings, exitCode } = await run<{
    store: StoreMoved
    findings: readonly {
      readonly reason: string
      readonly count: number
      readonly samples: { detail?: string }[]
    }[]
  }>('migrate --include store')
  expect(exitCode).toBe(0)
  expect(store).toMatchObject({ items: 7, inserted: 7, vectors: 0 })
  const found = findings.filter(({ reason }) => reason === 'store-vector-left' || reason === 'gone')
  expect(found.map(({ reason, count, samples }) => [reason, count, samples[0]?.detail])).toEqual([
    ['gone', 1, 'expired'],
    ['store-vector-left', 2, '3 in a SQLite file'],
  ])
  const items = await app.ask<Item[]>({ do: 'items', on: postgres })
  expect(
    items
      .filter(({ namespace }) => namespace[0] === 'embedded')
      .map(({ key }) => key)
      .sort(),
  ).toEqual(['one', 'two'])
  expect((await run<{ store: StoreVerified }>('verify --include store')).store).toMatchObject({
    items: 7,
    equal: 7,
  })
})

it('a store that has a file to itself goes, too', async () => {
  const { file, postgres, app, run } = await fileEnds()
  await app.ask({ do: 'only-store', on: file })
  await run('init --include store')
  expect(await run('migrate --dry-run')).toMatchObject({ exitCode: 0, leftAlone: { storeItems: 5 } })
  expect(await run('migrate --include store')).toMatchObject({ exitCode: 0, store: { inserted: 5 } })
  const verified = await run<{ store: StoreVerified }>('verify --include store')
  expect(verified).toMatchObject({ exitCode: 0, store: { items: 5, equal: 5, differs: 0 } })
  const names = (items: readonly Item[]) => inOrder(items).map(({ namespace, key }) => [namespace, key])
  const read = await app.ask<Item[]>({ do: 'items', on: postgres })
  expect(names(read)).toEqual(names(await app.ask<Item[]>({ do: 'of-file', on: file })))
})
