/** Ids and names may hold anything that Postgres can: the official savers put them into Redis and find them in Postgres. */
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { freshDatabase } from '../services/postgres.js'
import { pythonPeer } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const PROGRAM = join(import.meta.dirname, 'unicode.py')

/** Every character but a NUL, and often those that mean something to a key, to SQL, to JSON or to a terminal. */
const text = fc
  .string({
    unit: fc.oneof(
      { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
      fc.constantFrom(
        ...':|_-.*?[]{}()%\'"`$@/ \n\t\r\u0085\u2028\ufeff\ud7ff\uffff',
        '__empty__',
        'checkpoint',
        '🧵',
      ),
    ),
    minLength: 1,
    maxLength: 12,
  })
  .map((drawn) => drawn.replaceAll('\0', '0'))
/** The official Postgres reader fails on a backslash there. */
const name = text.map((drawn) => drawn.replaceAll('\\', '/'))
/** LangGraph itself allows neither sign in the name of a node. */
const node = text.map((drawn) => drawn.replace(/[|:]/g, '.'))

const thread = fc.record({
  thread: text,
  ns: fc.oneof(
    fc.constant(''),
    fc.tuple(node, fc.uuid()).map(([of, task]) => `${of}:${task}`),
  ),
  channel: name.filter((drawn) => drawn !== 'inline'),
  node: node.filter((drawn) => !['source', 'step', 'parents', 'writes'].includes(drawn)),
  task: name,
  path: text,
  text: fc.string({ unit: 'binary', maxLength: 20 }),
})
const threads = fc.uniqueArray(thread, { selector: (one) => one.thread, minLength: 30, maxLength: 30 })

test('ids and names of any kind survive the way from the official Redis saver to the official Postgres saver', async () => {
  const [{ url }, savers] = await Promise.all([freshRedis(), pythonPeer(PROGRAM)])
  const redis = redisClient(url)
  await fc.assert(
    fc.asyncProperty(threads, async (drawn) => {
      await redis.flushall()
      await savers.ask({ put: url, threads: drawn })
      const database = await freshDatabase()
      const env = ends(url, database)
      await commandLine('init', env)
      const { exit, out, err } = await commandLine('migrate --json', env)
      expect(exit, err).toBe(0)
      expect(JSON.parse(out).findings).toEqual([])
      expect(await savers.ask({ compare: database, threads: drawn })).toEqual([])
    }),
    { numRuns: 4, endOnFailure: true },
  )
})
