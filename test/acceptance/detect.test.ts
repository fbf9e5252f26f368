/** Detection on real databases of real savers: the right name, the evidence, and what would become of every key. */
import { describe, expect, it } from 'vitest'
import type { DetectReport } from '../../src/model/detect-report.js'
import { type Case, fixture, fixtures } from '../corpus/cases.js'
import { type KeyLine, loadCase, loadRedis } from '../corpus/load.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine } from './command-line.js'

/** Whose database each case is. */
const SAVERS: Readonly<Record<string, string>> = {
  'js/1.0.11-full': 'js-redis-saver',
  'js/1.0.11-shallow': 'js-shallow',
  'js/1.0.9-full': 'js-redis-saver',
  'pickle/f1-hostile': 'pickle-redis-saver',
  'pickle/f1-protocol2-old': 'pickle-redis-saver',
  'pickle/f1-protocol4': 'pickle-redis-saver',
  'pickle/f2': 'pickle-parent-triple',
  'pickle/f3': 'pickle-pair',
  'pickle/f4': 'pickle-config-triple',
  'pickle/f6': 'pickle-dict-writes',
  'pickle/f8': 'memory-snapshot',
  'plain/c2-colon-msgpack': 'docs-hash',
  'plain/c3-dollar': 'docs-hash-dollar',
  'plain/d1-valkey': 'valkey',
  'plain/e1-plainredis': 'plainredis',
  'plain/e2-upstash': 'upstash',
  'python/0.0.8-full': 'python-full-0.0',
  'python/0.1.3-full': 'python-full',
  'python/0.2.1-full': 'python-full',
  'python/0.5.2-full': 'python-full',
  'python/0.5.2-mutated': 'python-full',
  'python/0.5.2-prefixes-ttl': 'python-full',
  'python/0.5.2-shallow-async': 'python-shallow',
  'python/0.5.2-shallow-sync': 'python-shallow',
  'python/0.5.2-store-noise': 'python-full',
}

async function detected(url: string, flags: readonly string[] = []): Promise<DetectReport> {
  const run = await commandLine(['detect', '--json', ...flags], { REDIS_URL: url })
  expect(run.exit, run.err).toBe(0)
  return JSON.parse(run.out)
}

async function databaseOf(...cases: readonly Case[]): Promise<string> {
  const { url } = await freshRedis()
  for (const one of cases) await loadCase(one, url)
  return url
}

const stringKey = (key: string, value: string): KeyLine => ({
  key: Buffer.from(key).toString('base64'),
  name: key,
  pttl: -1,
  type: 'string',
  value: Buffer.from(value).toString('base64'),
})

describe('one saver in a database', () => {
  it.each(fixtures().map((one) => [one.name, one] as const))(
    '%s is named, by what its documents say',
    async (name, from) => {
      const report = await detected(await databaseOf(from), from.flags)
      expect(report.layouts.map(({ id }) => id)).toEqual([SAVERS[name]])
      const [layout] = report.layouts
      // Half of the hostile pickles are damaged: that is said, too.
      expect(layout?.certainty).toBe(name === 'pickle/f1-hostile' ? 'unsure' : 'sure')
      expect(layout?.evidence[0]?.count).toBeGreaterThan(0)
      expect(layout?.memoryBytes).toBeGreaterThan(1000)
      expect(report.threads.count).toBeGreaterThan(0)
      const { keys } = report
      expect(keys.claimed + keys.storeItems + keys.foreign + keys.unknown).toBe(keys.scanned)
    },
  )

  it('is named by a rehearsal too, though its writes are called as another’s', async () => {
    const url = await databaseOf(fixture('python/0.5.2-shallow-async'))
    const { out } = await commandLine('migrate --dry-run --json', { REDIS_URL: url })
    expect(JSON.parse(out).layouts).toMatchObject([{ id: 'python-shallow' }])
  })

  it('counts as many threads, and writes without a checkpoint, as a rehearsal finds', async () => {
    const url = await databaseOf(fixture('js/1.0.11-full'))
    const report = await detected(url)
    const rehearsal = await commandLine('migrate --dry-run --json', { REDIS_URL: url })
    const migrated = JSON.parse(rehearsal.out)
    expect(report.threads).toEqual({ count: migrated.threads.whole + migrated.threads.partial, exact: true })
    const orphans = migrated.findings.find(({ reason }: { reason: string }) => reason === 'orphan-write')
    expect(report.orphans.writes.count).toBe(orphans.count)
  })
})

describe('several savers in a database', () => {
  it('are told apart under one prefix by their documents, down to the writes', async () => {
    const cases = [
      fixture('python/0.5.2-full'),
      fixture('python/0.0.8-full'),
      fixture('python/0.5.2-shallow-async'),
    ]
    const report = await detected(await databaseOf(...cases))
    expect(report.layouts.map(({ id }) => id).sort()).toEqual([
      'python-full',
      'python-full-0.0',
      'python-shallow',
    ])
    expect(report.layouts.map(({ certainty }) => certainty)).toEqual(['sure', 'sure', 'sure'])
    expect(report.layouts.every(({ happens }) => happens === 'migrated')).toBe(true)
    const { out } = await commandLine('detect', { REDIS_URL: await databaseOf(...cases) })
    expect(out).toMatch(/python-full will be migrated: \d+ of \d+ samples: document has checkpoint_ts/)
    expect(out).toMatch(/[KM]iB +\d+ % +sure/)
    const keys = report.layouts.reduce((sum, layout) => sum + layout.keys.count, 0)
    expect(Math.abs(keys - report.keys.claimed)).toBeLessThan(3)
  })

  it('of both languages need a schema each, and the next command names one', async () => {
    const url = await databaseOf(fixture('python/0.5.2-full'), fixture('js/1.0.11-full'))
    const report = await detected(url)
    expect(new Set(report.layouts.map(({ dialect }) => dialect))).toEqual(new Set(['python', 'js']))
    expect(report.layouts.every(({ happens }) => happens === 'own-schema')).toBe(true)
    const { out } = await commandLine('detect', { REDIS_URL: url })
    expect(out).toContain('cannot share a schema')
    expect(out).toMatch(/Next {2}cp-migrate migrate --dry-run --dialect python/)
  })

  it('of other runtimes are refused by name', async () => {
    const { url } = await freshRedis()
    const value = JSON.stringify({ node_name: 'a', state: {}, version: 1 })
    await loadRedis([stringKey('langgraph:checkpoint:abc', value)], url)
    const report = await detected(url)
    expect(report.layouts).toMatchObject([{ id: 'foreign-runtime', happens: 'refused' }])
    const { out } = await commandLine('detect', { REDIS_URL: url })
    expect(out).toContain('LangGraphGo (Go)')
    expect(out).not.toContain('Next')
  })
})

describe('what is not a checkpoint', () => {
  it('is counted apart: store items, unknown names under known beginnings, other applications', async () => {
    const url = await databaseOf(fixture('python/0.5.2-store-noise'))
    const report = await detected(url)
    expect(report.keys).toMatchObject({ storeItems: 4, unknown: 4, foreign: 10 })
    expect(report.unknown.map(({ prefix }) => prefix)).toEqual(['checkpoint:', 'checkpoint_write:'])
    expect(report.unknown[1]?.samples[0]?.key).toBe('checkpoint_write:strange')
    const { out } = await commandLine('detect', { REDIS_URL: url })
    expect(out).toContain('cp-migrate inspect checkpoint:')
    expect(out).toContain('store items 4')
  })

  it('leaves an empty and a foreign database without a verdict and without a next command', async () => {
    const { url } = await freshRedis()
    expect((await commandLine('detect', { REDIS_URL: url })).out).toContain('This logical database is empty.')
    await loadRedis([stringKey('session:1', 'x'), stringKey('checkpoint:restaurant', 'open')], url)
    const report = await detected(url)
    expect(report).toMatchObject({ layouts: [], keys: { claimed: 0, unknown: 1, foreign: 1 }, next: null })
  })

  it('in another logical database is pointed at', async () => {
    const { url } = await freshRedis()
    await loadCase(fixture('python/0.5.2-mutated'), url.replace(/\/0$/, '/3'))
    const report = await detected(url)
    expect(report.otherDatabases).toMatchObject([{ db: 3 }])
  })

  it('cannot move the cursor or recolour the screen by its name', async () => {
    const { url } = await freshRedis()
    await loadRedis([stringKey('checkpoint_write:\u001b[31mred\u202e', 'x')], url)
    const { out } = await commandLine('detect', { REDIS_URL: url })
    expect(out).toContain('\\x1b')
    expect(out).not.toMatch(/[\u001b\u202e]/)
  })
})

describe('expiry', () => {
  it('is noticed from samples, and listed thread by thread on request', async () => {
    const { url } = await freshRedis()
    await loadCase(fixture('python/0.5.2-mutated'), url)
    const redis = redisClient(url)
    const keys = (await redis.keys('checkpoint:*')).filter((key) => key.includes('mut-plain'))
    const [doomed] = keys.length > 0 ? keys : await redis.keys('checkpoint:*')
    await redis.pexpire(doomed!, 90 * 60_000)
    const threadId = JSON.parse(String(await redis.call('JSON.GET', doomed!, '.thread_id')))
    expect((await detected(url)).expiring).toMatchObject({ threads: { count: 1 }, listed: null })
    const { expiring } = await detected(url, ['--expiring', '2h'])
    expect(expiring).toMatchObject({
      withinMs: 7_200_000,
      threads: { count: 1, exact: true },
      listed: [{ threadId }],
    })
    expect((await detected(url, ['--expiring', '1h'])).expiring.listed).toEqual([])
    expect((await commandLine('detect --expiring soon', { REDIS_URL: url })).exit).toBe(2)
  })
})

describe('a rehearsal', () => {
  it('begins with the same verdict, and says what will not wait', async () => {
    const url = await databaseOf(fixture('pickle/f4'))
    const report = await detected(url)
    const json = await commandLine('migrate --dry-run --json', { REDIS_URL: url })
    const { found } = JSON.parse(json.out)
    expect(found.layouts).toEqual(report.layouts)
    expect(found.orphans).toEqual(report.orphans)
    const { out } = await commandLine('migrate --dry-run', { REDIS_URL: url })
    expect(out.replace(/\s+/g, ' ')).toContain(
      '· pickle-config-triple will be migrated: 32 of 32 samples: pickled tuple of checkpoint,',
    )
    expect(out).toContain('8 threads expire within 1 d')
  })
})

describe('a user who may only read', () => {
  it('gets the same verdict, with scripts and without', async () => {
    const { url } = await freshRedis()
    await loadCase(fixture('python/0.5.2-mutated'), url)
    const redis = redisClient(url)
    const rules = [
      'on',
      '>secret',
      '~*',
      '+@read',
      '+@connection',
      '+info',
      '+json.get',
      '+json.mget',
      '+select',
    ]
    await redis.call('ACL', 'SETUSER', 'reader', ...rules)
    const reader = url.replace('//', '//reader:secret@')
    const without = await detected(reader)
    expect(await redis.info('commandstats')).not.toMatch(/cmdstat_eval_ro:calls=[1-9]\d*,usec=[1-9]/)
    await redis.call('ACL', 'SETUSER', 'reader', '+eval_ro')
    const scripted = await detected(reader)
    expect(await redis.info('commandstats')).toMatch(/cmdstat_eval_ro:calls=[1-9]/)
    expect(scripted.layouts).toEqual(without.layouts)
    expect(scripted.keys).toEqual(without.keys)
  })
})

describe('a large database', () => {
  it('is judged by a few values: most are never read, and nothing is written', async () => {
    const { url } = await freshRedis()
    await loadCase(fixture('python/0.5.2-full'), url)
    const redis = redisClient(url)
    const keys = await redis.keys('checkpoint*')
    const pipeline = redis.pipeline()
    for (const key of keys.slice(0, 600))
      for (let copy = 0; copy < 8; copy++) pipeline.copy(key, copyOf(key, copy))
    await pipeline.exec()
    await redis.config('RESETSTAT')
    const report = await detected(url)
    expect(report.keys.scanned).toBeGreaterThan(4000)
    const stats = await redis.info('commandstats')
    const callsOf = (command: string) =>
      Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
    // JSON.MGET brings many values a call: the bytes sent say more.
    const sent = Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1])
    expect(sent).toBeLessThan(2_500_000)
    expect(callsOf('scan')).toBeGreaterThan(0)
    for (const write of ['set', 'json.set', 'del', 'unlink', 'expire']) expect(callsOf(write)).toBe(0)
  })
})

/** The same key in a thread of another name. */
const copyOf = (key: string, copy: number): string => {
  const at = key.indexOf(':') + 1
  return `${key.slice(0, at)}copy${copy}-${key.slice(at)}`
}
