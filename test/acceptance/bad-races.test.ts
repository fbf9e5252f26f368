/** Keys that vanish or change while they are read, and a wire that breaks: what is gone is said, the rest is moved, no thread by half. */
import type { Redis } from 'ioredis'
import { beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { type KeyLine, loadCase, loadRedis } from '../corpus/load.js'
import { judgeCase } from '../judge/judge.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { proxyTo } from '../services/proxy.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { expectDiscreet, type FoundFinding, findingsOf, stringKey } from './bad-input.js'
import { commandLine, ends } from './command-line.js'
import { checkpointDocument, idAt, writeDocument } from './documents.js'
import { checkpointTuple, int, list, pickle } from './pickle-assembler.js'

const GOOD = fixture('python/0.5.2-mutated')

const document = (threadId: string, n: number): KeyLine =>
  checkpointDocument({ threadId, checkpointId: idAt(n), channels: { messages: `["of ${n}"]` } })
const pickled = (threadId: string, n: number): KeyLine =>
  stringKey(
    `checkpoint:${threadId}:${idAt(n)}`,
    pickle(2, checkpointTuple(threadId, idAt(n), { messages: list(int(n)) })),
  )
const writeOf = (threadId: string, n: number): KeyLine => writeDocument({ threadId, checkpointId: idAt(n) })
const nameOf = ({ key }: KeyLine): Buffer => Buffer.from(key, 'base64')

interface Change {
  readonly what: string
  readonly make: (redis: Redis, key: Buffer) => Promise<unknown>
  readonly detail?: string
}

const CHANGES: readonly Change[] = [
  { what: 'deleted', make: (redis, key) => redis.del(key) },
  { what: 'expired', make: (redis, key) => redis.pexpire(key, 0) },
  {
    what: 'now a hash',
    make: (redis, key) => redis.multi().del(key).hset(key, 'a', 'b').exec(),
    detail: 'the key is a hash now',
  },
  {
    what: 'now a list',
    make: (redis, key) => redis.multi().del(key).rpush(key, 'a').exec(),
    detail: 'the key is a list now',
  },
]

/** Threads of three, of which the second checkpoint is changed under the reader's eyes. */
const THREADS = CHANGES.flatMap((change) =>
  Object.entries({ document, pickled }).map(([form, keyFor]) => {
    const threadId = `${form} ${change.what}`
    return { threadId, keys: [1, 2, 3].map((n) => keyFor(threadId, n)), ...change }
  }),
)
const VANISHING = [document('all deleted', 1), document('all deleted', 2), writeOf('all deleted', 2)]
const REWRITTEN = document('rewritten', 2)
const AFTER = {
  ...REWRITTEN,
  value: checkpointDocument({
    threadId: 'rewritten',
    checkpointId: idAt(2),
    channels: { messages: '["new"]' },
  }).value,
} as KeyLine

/** What goes over the wire; of the script that measures values, the part that no other has. */
const MOMENTS = {
  'their sizes are asked for': "pcall('MEMORY', 'USAGE'",
  'documents are read': '\r\nJSON.MGET\r\n',
  'strings are read': '\r\nMGET\r\n',
}

describe.each(Object.entries(MOMENTS))('of keys that change just before %s', (_, text) => {
  let run: { readonly exit: number; readonly findings: readonly FoundFinding[] }
  let postgresUrl = ''

  beforeAll(async () => {
    const [{ url }, database] = await Promise.all([freshRedis(), freshDatabase()])
    postgresUrl = database
    await loadCase(GOOD, url)
    const keys = [
      ...THREADS.flatMap((thread) => thread.keys),
      ...VANISHING,
      document('rewritten', 1),
      REWRITTEN,
    ]
    await loadRedis([...keys, writeOf('document deleted', 2)], url)
    const redis = redisClient(url)
    let changed: Promise<unknown> | undefined
    const change = () =>
      Promise.all([
        ...THREADS.map(({ make, keys }) => make(redis, nameOf(keys[1]!))),
        redis.del(...VANISHING.map(nameOf)),
        loadRedis([AFTER], url),
      ])
    const act = async () => {
      changed ??= change()
      await changed
    }
    const proxy = await proxyTo(url, { before: { text, act } })
    const env = ends(proxy.url(url), database)
    await commandLine('init', env)
    const { exit, out, err } = await commandLine('migrate --json', env)
    expectDiscreet({ exit, out, err })
    run = { exit, findings: findingsOf(out) }
    expect(changed).toBeDefined()
  })

  test('each is said to be gone, with what it is now', () => {
    for (const { threadId, keys, detail } of THREADS) {
      const gone = run.findings.filter((one) => one.threadId === threadId && one.reason === 'gone')
      expect(gone).toMatchObject([{ kind: 'gone', checkpointId: idAt(2), key: String(nameOf(keys[1]!)) }])
      expect(gone[0]?.detail).toBe(detail)
    }
    const orphan = run.findings.filter(({ reason }) => reason === 'orphan-write')
    expect(orphan).toMatchObject([{ threadId: 'document deleted', checkpointId: idAt(2) }])
  })

  test('none is a reason for an exit code, and all others arrive', async () => {
    expect(run.exit).toBe(0)
    const rows = await sql(postgresUrl, CHECKPOINTS, [THREADS.map(({ threadId }) => threadId)])
    expect(rows).toEqual(
      THREADS.map(({ threadId }) => ({ thread_id: threadId, ids: [idAt(1), idAt(3)] })).sort((a, b) =>
        a.thread_id < b.thread_id ? -1 : 1,
      ),
    )
    expect(await sql(postgresUrl, CHECKPOINTS, [['all deleted']])).toEqual([])
    expect(await judgeCase(GOOD, postgresUrl)).toMatchObject({
      missing: 0,
      differing: 0,
      writeRowsMissing: 0,
    })
  })

  test('one that is rewritten arrives as it was read, whole', async () => {
    const blobs = await sql<{ text: string }>(postgresUrl, BLOBS, ['rewritten'])
    expect(blobs.map(({ text }) => text)).toEqual([
      expect.stringContaining('new'),
      expect.stringContaining('of 1'),
    ])
  })
})

const CHECKPOINTS = `SELECT thread_id, array_agg(checkpoint_id ORDER BY checkpoint_id) AS ids FROM checkpoints
  WHERE thread_id = ANY ($1) GROUP BY thread_id ORDER BY thread_id COLLATE "C"`
const BLOBS = `SELECT encode(blob, 'escape') AS text FROM checkpoint_blobs WHERE thread_id = $1 ORDER BY 1`

test('a storm of writes and deletions beside the reader does not end a run, nor harm what stands still', async () => {
  const [{ url }, database] = await Promise.all([freshRedis(), freshDatabase()])
  await loadCase(GOOD, url)
  const env = ends(url, database)
  await commandLine('init', env)
  const redis = redisClient(url)
  let isOver = false
  let changes = 0
  const storm = async () => {
    for (let turn = 0; !isOver; turn++) {
      const threadId = `stormy ${turn % 7}`
      const [first, second] = [document(threadId, 1 + (turn % 5)), pickled(threadId, 1 + (turn % 3))]
      await redis.del(nameOf(first), nameOf(second))
      await loadRedis(turn % 2 === 0 ? [first, writeOf(threadId, 1 + (turn % 5))] : [second], url)
      if (turn % 3 === 0) await CHANGES[turn % CHANGES.length]!.make(redis, nameOf(first))
      if (turn % 4 === 3) await redis.set(nameOf(first), 'no document')
      changes++
    }
  }
  const stormy = storm()
  for (let run = 0; run < 4; run++) {
    const { exit, out, err } = await commandLine('migrate --json', env)
    expectDiscreet({ exit, out, err })
    expect([0, 3], err).toContain(exit)
    const kinds = findingsOf(out).filter(({ threadId }) => threadId?.startsWith('stormy'))
    expect(kinds.filter(({ reason }) => reason === 'refused-by-postgres')).toEqual([])
  }
  isOver = true
  await stormy
  expect(changes).toBeGreaterThan(20)
  expect(await judgeCase(GOOD, database)).toMatchObject({ missing: 0, differing: 0, writeRowsMissing: 0 })
})
