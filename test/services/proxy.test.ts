/** The proxy breaks what it is asked to break, and nothing else. */
import { Redis } from 'ioredis'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { freshDatabase, sql } from './postgres.js'
import { type Ending, proxyTo } from './proxy.js'
import { freshRedis, redisClient } from './redis.js'

describe('between a client and Redis', () => {
  let redisUrl: string
  beforeAll(async () => {
    redisUrl = (await freshRedis()).url
    await redisClient(redisUrl).set('big', Buffer.alloc(5_000_000, 'x'))
  })

  it('passes everything on while it is healthy', async () => {
    const proxy = await proxyTo(redisUrl)
    const redis = redisClient(proxy.url(redisUrl))
    expect((await redis.getBuffer('big'))?.length).toBe(5_000_000)
    expect(proxy.connections()).toBe(1)
  })

  it('cuts a reply in its middle, and heals', async () => {
    const proxy = await proxyTo(redisUrl, { cutAfter: { direction: 'toClient', bytes: 1_000_000 } })
    const redis = oneTry(proxy.url(redisUrl))
    await expect(redis.getBuffer('big')).rejects.toThrow(/closed/i)
    proxy.set({})
    expect(await redisClient(proxy.url(redisUrl)).strlen('big')).toBe(5_000_000)
  })

  it('holds back, refuses and ends connections', async () => {
    const proxy = await proxyTo(redisUrl, { delayMs: 150 })
    const slow = redisClient(proxy.url(redisUrl))
    slow.on('error', () => {}) // it tries again until the file ends
    const started = performance.now()
    await slow.ping()
    expect(performance.now() - started).toBeGreaterThan(150)
    const dropped = new Promise((resolve) => slow.once('close', resolve))
    proxy.set({ refuse: true })
    proxy.endAll('reset')
    await dropped
    await expect(oneTry(proxy.url(redisUrl)).ping()).rejects.toThrow(/ECONNRESET|closed/i)
  })
})

describe('between a client and Postgres', () => {
  let database: string
  beforeAll(async () => {
    database = await freshDatabase()
    await sql(database, 'CREATE TABLE t (id int)')
  })

  it('sees every COMMIT before the server does and after it has confirmed', async () => {
    const seen: string[] = []
    const proxy = await proxyTo(database, {
      atCommit: async (moment, commit) => {
        seen.push(`${moment} ${commit}: ${await rows()}`)
        return undefined
      },
    })
    await insert(proxy.url(database), 2)
    expect(seen).toEqual(['before 1: 0', 'after 1: 1', 'before 2: 1', 'after 2: 2'])
    expect(proxy.commits()).toBe(2)
  })

  it.each([
    ['before', 'reset', 0],
    ['before', 'half', 0],
    ['after', 'reset', 1],
    ['after', 'close', 1],
  ] as const)(
    'loses the connection right %s a COMMIT (%s): %i rows are there',
    async (when, how, expected) => {
      await sql(database, 'TRUNCATE t')
      const proxy = await proxyTo(database, {
        atCommit: (moment): Ending | undefined => (moment === when ? how : undefined),
      })
      await expect(insert(proxy.url(database), 1)).rejects.toThrow(/ECONNRESET|terminated/i)
      await sql(database, 'DO $$ BEGIN LOCK TABLE t; END $$') // waits for a session that has not noticed yet
      expect(await rows()).toBe(expected)
    },
  )

  it('finds the COMMIT after a COPY of many chunks', async () => {
    await sql(database, 'CREATE TABLE big (v text)')
    const seen: string[] = []
    const proxy = await proxyTo(database, {
      atCommit: (moment) => {
        seen.push(moment)
        return undefined
      },
    })
    const client = new pg.Client(proxy.url(database))
    await client.connect()
    await client.query('BEGIN')
    await client.query('INSERT INTO big VALUES ($1)', ['COMMIT'.repeat(500_000)])
    const found = await client.query('SELECT v FROM big')
    expect(found.rows[0].v.length).toBe(3_000_000)
    await client.query('COMMIT')
    await client.end()
    expect(seen).toEqual(['before', 'after'])
  })

  async function rows(): Promise<number> {
    const [row] = await sql<{ n: number }>(database, 'SELECT count(*)::int AS n FROM t')
    return row?.n ?? -1
  }
})

/** One transaction each. */
async function insert(url: string, count: number): Promise<void> {
  const client = new pg.Client(url)
  client.on('error', () => {}) // the query that was cut says it too
  await client.connect()
  for (let id = 0; id < count; id++) {
    await client.query('BEGIN')
    await client.query('INSERT INTO t VALUES ($1)', [id])
    await client.query('COMMIT')
  }
  await client.end()
}

/** A client that does not try again. */
function oneTry(url: string): Redis {
  const redis = new Redis(url, { protocol: 2, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => {}) // the command that fails says it too
  return redis
}
