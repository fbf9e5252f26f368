/** The servers the tests stand on: that they are what the tests take them for. */
import { describe, expect, it } from 'vitest'
import { databaseUrl, freshDatabase, ownPostgres, sharedPostgres, sql, systemPostgres } from './postgres.js'
import { pythonPeer, runPython } from './python.js'
import { freshRedis, redisClient } from './redis.js'

describe('Redis', () => {
  it('stores JSON documents and searches them', async () => {
    const redis = redisClient((await freshRedis()).url)
    await redis.call('JSON.SET', 'doc', '$', '{"a":1.0}')
    expect(await redis.call('JSON.GET', 'doc')).toBe('{"a":1.0}')
    await redis.call('FT.CREATE', 'idx', 'ON', 'JSON', 'SCHEMA', '$.a', 'AS', 'a', 'NUMERIC')
    expect(await redis.call('FT._LIST')).toEqual(['idx'])
    expect(await redis.info('server')).toContain('redis_version:7.4.')
  })

  it('is a server of its own each time, plain or with a password on request', async () => {
    const [one, two] = await Promise.all([
      freshRedis({ modules: false }),
      freshRedis({ args: ['--requirepass', 'secret'] }),
    ])
    const plain = redisClient(one.url)
    await plain.set('key', 'value')
    await expect(plain.call('JSON.GET', 'key')).rejects.toThrow(/unknown command/)
    const guarded = redisClient(two.url.replace('//', '//:secret@'))
    expect(await guarded.dbsize()).toBe(0)
  })

  it('comes back on the same port after a halt, with its data if it saves them', async () => {
    const server = await freshRedis({ args: ['--appendonly', 'yes'] })
    const redis = redisClient(server.url)
    await redis.set('key', 'value')
    await server.halt('SIGTERM')
    await server.start()
    expect(await redis.get('key')).toBe('value')
  })
})

describe('Postgres', () => {
  it('gives every caller an empty database of its own on one shared server', async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()])
    await sql(one, 'CREATE TABLE t (id int)')
    expect(await sql(one, "SELECT to_regclass('t')::text AS t")).toEqual([{ t: 't' }])
    expect(await sql(two, "SELECT to_regclass('t')::text AS t")).toEqual([{ t: null }])
    expect(databaseUrl(one, 'postgres')).toBe(await sharedPostgres())
  })

  it('comes in the version npm brings and in the one the system has', async () => {
    const major = "SELECT current_setting('server_version_num')::int / 10000 AS major"
    expect(await sql(await freshDatabase(), major)).toEqual([{ major: 18 }])
    for (const version of await systemPostgres()) {
      expect(await sql(await freshDatabase(version), major)).toEqual([{ major: Number(version) }])
    }
  })

  it('can be stopped hard and started again with what it had committed', async () => {
    const server = await ownPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } })
    await sql(server.url, 'CREATE TABLE t AS SELECT 1 AS id')
    await server.halt('SIGQUIT')
    await expect(sql(server.url, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/)
    await server.start()
    expect(await sql(server.url, 'SELECT id FROM t')).toEqual([{ id: 1 }])
  })
})

describe('Python', () => {
  it('has the official savers', async () => {
    const program =
      'import langgraph.checkpoint.postgres, langgraph.checkpoint.redis, sys; print(sys.stdin.read())'
    expect(await runPython(program, { input: 'hello' })).toBe('hello\n')
    await expect(runPython('raise SystemExit("no")')).rejects.toThrow(/ended with 1:\nno/)
  })

  it('answers questions line by line, in order', async () => {
    const peer = await pythonPeer(
      'import sys, json\nfor l in sys.stdin: print(json.dumps(json.loads(l) * 2), flush=True)',
    )
    expect(await Promise.all([peer.ask(1), peer.ask('ab'), peer.ask([1])])).toEqual([2, 'abab', [1, 1]])
  })
})
