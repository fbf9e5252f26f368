/** inspect and threads show a thread the same wherever it is: in Redis, in a snapshot, in a SQLite file, in Postgres, in a folder. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

// biome-ignore lint/suspicious/noExplicitAny: documents of a program
type Document = any

async function document(words: readonly string[]): Promise<Document> {
  const { out, err, exit } = await commandLine([...words, '--json'], {})
  expect(exit, err).toBe(0)
  return JSON.parse(out)
}

/** What a thread is, without where and how it is stored. */
function treeOf({ thread }: Document) {
  return thread.namespaces.map(({ checkpointNs, checkpoints }: Document) => ({
    checkpointNs,
    checkpoints: checkpoints.map((checkpoint: Document) => {
      const { checkpointId, parentCheckpointId, time, step, source, next, metadata, values, writes } =
        checkpoint
      return {
        ...{ checkpointId, parentCheckpointId, time, step, source, metadata },
        next: [...next].sort(),
        values: Object.fromEntries(Object.entries(values).filter(isState(checkpoint.channelVersions))),
        writes: writes.map(({ key: _, keyBase64: __, ...write }: Document) => write),
      }
    }),
  }))
}

/**
 * JavaScript's Redis does not say when a trigger was used up: its value is that of the ancestor. Its SQLite file has values of channels
 * that never got a version, which no reader of Postgres would give.
 */
const isState =
  (versions: Document) =>
  ([channel, value]: [string, unknown]): boolean =>
    channel in versions && !(channel.startsWith('branch:to:') && value === null)

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'cp-migrate-ends-'))
  atEndOfFile(() => rm(path, { recursive: true }))
  return path
}

async function moved(from: string, to: string, dialect: string): Promise<void> {
  const env = ends(from, to)
  expect(await commandLine(`init --dialect ${dialect}`, env)).toMatchObject({ exit: 0 })
  const { exit, err } = await commandLine('migrate', env)
  expect([0, 3], err).toContain(exit)
}

describe.each([
  [
    'python/0.5.2-full',
    'python',
    ['approve-pending', 'sub-int', 'fork', 'send-pending', 'parallel-fail', 'val-bytes-in'],
  ],
  ['python/0.1.3-full', 'python', ['sub-int']],
  ['js/1.0.11-full', 'js', ['fork-1', 'ask-pending']],
] as const)('%s', (name, dialect, threadIds) => {
  const from: Record<string, string> = {}
  beforeAll(async () => {
    const { url, folder: data } = await freshRedis()
    await loadCase(fixture(name), url)
    await redisClient(url).save()
    Object.assign(from, {
      redis: url,
      snapshot: `file:${join(data, 'dump.rdb')}`,
      postgres: await freshDatabase(),
    })
    // It takes long to make one.
    if (name === 'python/0.5.2-full') from.pglite = `pglite:${join(await folder(), 'db')}`
    for (const end of ['postgres', 'pglite']) if (end in from) await moved(url, from[end]!, dialect)
  }, 60_000)

  it.each(threadIds)('%s is the same tree at every end', async (threadId) => {
    const wanted = treeOf(await document(['inspect', '--as-thread', '--from', from.redis!, threadId]))
    expect(wanted[0].checkpoints.length).toBeGreaterThan(0)
    for (const end of Object.keys(from))
      expect(treeOf(await document(['inspect', '--as-thread', '--from', from[end]!, threadId])), end).toEqual(
        wanted,
      )
  })

  it('has the same threads at every end, in the same state', async () => {
    const lines = async (end: string, ...flags: string[]) =>
      (await document(['threads', '--from', from[end]!, '--limit', '9999', '--sort', 'id', ...flags])).threads
        // Of a thread without checkpoints only Redis has anything.
        .filter(({ checkpoints }: Document) => checkpoints > 0)
        .map(({ threadId, checkpoints, state, lastAt }: Document) => ({
          threadId,
          checkpoints,
          state,
          lastAt,
        }))
    const [all, waiting] = [await lines('redis'), await lines('redis', '--waiting')]
    expect(waiting.length).toBeGreaterThan(0)
    expect(waiting.length).toBeLessThan(all.length)
    for (const end of Object.keys(from)) {
      expect(await lines(end), end).toEqual(all)
      expect(await lines(end, '--waiting'), end).toEqual(waiting)
    }
  })
})

describe.each([
  ['python-3.1.2', 'python'],
  ['js', 'js'],
])('sqlite/%s', (name, dialect) => {
  it('has the same threads and trees in its file and in Postgres', async () => {
    const file = `sqlite:${join(import.meta.dirname, '../../fixtures/sqlite', name, 'db.sqlite')}`
    const postgres = await freshDatabase()
    await moved(file, postgres, dialect)
    const [inFile, inPostgres] = await Promise.all(
      [file, postgres].map((end) => document(['threads', '--from', end, '--limit', '9999', '--sort', 'id'])),
    )
    const looks = ({ threads }: Document) =>
      threads
        .filter(({ checkpoints }: Document) => checkpoints > 0)
        .map(({ threadId, checkpoints, state }: Document) => ({ threadId, checkpoints, state }))
    expect(looks(inPostgres)).toEqual(looks(inFile))
    const [{ threadId }] = inPostgres.threads
    const trees = [file, postgres].map(async (end) =>
      treeOf(await document(['inspect', '--as-thread', '--from', end, threadId])),
    )
    expect(await trees[1]).toEqual(await trees[0])
  })
})
