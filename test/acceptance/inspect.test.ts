/** Keys and threads of real savers, decoded for a human. */
import { beforeAll, describe, expect, it } from 'vitest'
import { fixture, fixtures, linesOf } from '../corpus/cases.js'
import { type KeyLine, loadCase, loadRedis } from '../corpus/load.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine } from './command-line.js'

interface Row {
  readonly table: string
  readonly thread_id: string
}

async function urlOf(name: string): Promise<string> {
  const { url } = await freshRedis()
  await loadCase(fixture(name), url)
  return url
}

async function inspected(url: string, ...args: readonly string[]) {
  const run = await commandLine(['inspect', ...args], { REDIS_URL: url })
  return { ...run, json: args.includes('--json') && run.exit === 0 ? JSON.parse(run.out) : undefined }
}

describe('a thread', () => {
  let python = ''
  let js = ''
  beforeAll(async () => {
    ;[python, js] = await Promise.all([urlOf('python/0.5.2-full'), urlOf('js/1.0.11-full')])
  })

  it('is a timeline that ends where it waits, and a conversation', async () => {
    const { out, exit } = await inspected(python, 'approve-pending')
    expect(exit).toBe(0)
    expect(out).toMatch(/^thread approve-pending {3}official Python saver 0.1–0.5 \(RedisJSON\) · 3/)
    expect(out).toMatch(/ -1 input {3}1f1e\S+ {2}2026-11-21/)
    expect(out).toMatch(/ 1 loop .*→ tools\n +waits at an interrupt: {"approve": {"name": "pay"/)
    expect(out).toMatch(
      /messages \(2\)\n {2}human {5}pay Hello, wörld\n {2}ai {8}tool_call pay\(amount=12\.0\)/,
    )
    expect(out).toContain('Next  cp-migrate migrate --dry-run --thread approve-pending')
  })

  it('shows its namespaces as a tree, and what failed', async () => {
    expect((await inspected(python, 'sub-int')).out).toMatch(
      /root {3}3 checkpoints[\s\S]+└ sub:7242e579\S+ {3}3 checkpoints/,
    )
    expect((await inspected(python, 'parallel-fail')).out).toMatch(
      /→ good, good2, bad\n +failed: .*KeyError/s,
    )
  })

  it('of JavaScript has the values that only its ancestors hold, and says whose they are', async () => {
    const { json } = await inspected(js, 'fork-1', '--json')
    const [{ checkpoints }] = json.thread.namespaces
    const head = checkpoints.at(-1)
    expect(head.values).toMatchObject({ k: { n: 4 } })
    expect(Object.keys(head.values).length).toBeGreaterThan(1)
    const { out } = await inspected(js, 'ask-pending')
    expect(out).toMatch(/→ form\n +waits at an interrupt: "name\?"/)
  })

  it('is whole in JSON: every checkpoint with its values, versions and writes', async () => {
    const { json } = await inspected(python, 'fork', '--json')
    const [{ checkpoints }] = json.thread.namespaces
    expect(checkpoints).toHaveLength(10)
    for (const checkpoint of checkpoints) {
      expect(checkpoint.values).not.toBeNull()
      expect(checkpoint.key).toContain(checkpoint.checkpointId)
      expect(checkpoint.metadata.source).toBe(checkpoint.source)
    }
    expect(json.thread.findings).toEqual([])
  })

  it('can be shown at an older checkpoint', async () => {
    const { json } = await inspected(python, 'fork', '--json')
    const older = json.thread.namespaces[0].checkpoints[2]
    const { out } = await inspected(python, 'fork', '--checkpoint', older.checkpointId)
    expect(out).toContain('log  ["n=1"]')
    expect(out).not.toContain('"n=4"')
  })

  it('is not shown at a checkpoint that it does not have', async () => {
    const { exit, err, out } = await inspected(python, 'fork', '--checkpoint', 'nosuch')
    expect([exit, out]).toEqual([1, ''])
    expect(err).toContain('thread "fork" of')
    expect(err).toContain('has no checkpoint "nosuch"')
  })

  it('that does not exist is said so, with exit code 1', async () => {
    const { exit, err } = await inspected(python, 'nobody')
    expect(exit).toBe(1)
    expect(err).toContain('holds no key and no thread called "nobody"')
    expect((await inspected(python)).exit).toBe(2)
  })
})

const WITH_THREADS = fixtures().filter(({ family }) => family !== 'store')

it.each(WITH_THREADS.map((one) => [one.name, one] as const))(
  'every thread of %s can be looked at',
  async (_, from) => {
    const { url } = await freshRedis()
    await loadCase(from, url)
    const rows = linesOf<Row>(from, 'golden.pg.jsonl').filter(({ table }) => table === 'checkpoints')
    const ids = [...new Set(rows.map((row) => row.thread_id))].slice(0, 12)
    expect(ids.length).toBeGreaterThan(0)
    for (const id of ids) {
      const run = await commandLine(['inspect', '--as-thread', '--json', ...from.flags, '--', id], {
        REDIS_URL: url,
      })
      expect(run.exit, run.err).toBe(0)
      const { thread } = JSON.parse(run.out)
      expect(thread.threadId).toBe(id)
      const wanted = rows.filter((row) => row.thread_id === id).length
      const found = thread.namespaces.flatMap(
        ({ checkpoints }: { checkpoints: unknown[] }) => checkpoints,
      ).length
      // A shallow saver keeps fewer; what the target refuses is here all the same.
      expect(found).toBeGreaterThanOrEqual(Math.min(1, wanted))
      const text = await commandLine(['inspect', '--as-thread', '--full', ...from.flags, '--', id], {
        REDIS_URL: url,
      })
      expect(text.exit).toBe(0)
      expect(text.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    }
  },
)

describe('a key', () => {
  it('says what it is by its name and by its value, and holds its checkpoint', async () => {
    const url = await urlOf('python/0.5.2-mutated')
    const keys = await redisClient(url).keys('checkpoint:*')
    const { out, json } = await inspected(url, keys[0]!, '--json')
    expect(json.key.claim).toMatchObject({
      layout: { id: 'python-full' },
      role: 'checkpoint',
      isAmbiguous: false,
    })
    expect(json.key.recognised.evidence).toBe('document has checkpoint_ts and parent_checkpoint_id')
    expect(json.thread.namespaces).toHaveLength(1)
    expect(json.thread.namespaces[0].checkpoints).toHaveLength(1)
    expect(out).not.toContain('"outline"')
    const text = await inspected(url, keys[0]!)
    expect(text.out).toContain('json document')
    expect(text.out).toMatch(/Next {2}cp-migrate inspect /)
  })

  it('of a write shows the write beside its checkpoint', async () => {
    const url = await urlOf('python/0.5.2-full')
    const key = (await redisClient(url).keys('checkpoint_write:approve-pending:*__interrupt__*')).concat(
      await redisClient(url).keys('checkpoint_write:approve-pending:*:-3'),
    )[0]!
    expect((await inspected(url, key)).out).toContain('waits at an interrupt')
  })

  it('is taken apart with offsets by --raw, down to what is wrapped inside', async () => {
    const url = await urlOf('plain/d1-valkey')
    const key = (await redisClient(url).keys('checkpoint:*'))[0]!
    const { out } = await inspected(url, '--raw', key)
    expect(out).toMatch(/\d+–\d+ {3}map of 6/)
    expect(out).toContain('holds base64 → msgpack')
    const { json } = await inspected(url, '--raw', '--json', key)
    const value = await redisClient(url).getBuffer(key)
    const [{ outline }] = json.key.payloads
    for (const { at, end, label } of outline.items) {
      const part = JSON.parse(value!.toString('utf8', at, end))
      expect(part).toEqual(JSON.parse(value!.toString())[label])
    }
  })

  it('that nobody knows is shown by its TYPE and by how it is encoded', async () => {
    const { url } = await freshRedis()
    const line = (key: string, rest: object) =>
      ({ key: Buffer.from(key).toString('base64'), name: key, pttl: 60_000, ...rest }) as KeyLine
    const base64 = (text: string) => Buffer.from(text).toString('base64')
    const pickle = Buffer.from('80047d948c016194' + '4b01732e', 'hex').toString('base64')
    await loadRedis(
      [
        line('session:1', {
          type: 'hash',
          value: [
            [base64('a'), base64('{"b": 1}')],
            [base64('p'), pickle],
          ],
        }),
        line('evil\u001b[2J', { type: 'string', value: base64('\u001b]0;owned\u0007') }),
      ],
      url,
    )
    const { out, exit } = await inspected(url, 'session:1')
    expect(exit).toBe(0)
    expect(out).toMatch(/^key session:1 {3}hash · .*expires in/)
    expect(out).toContain('no layout knows a key of this name and TYPE')
    expect(out).toMatch(/a {3}json, 8 B/)
    expect(out).toMatch(/p {3}pickle/)
    const evil = await inspected(url, 'evil\u001b[2J')
    expect(evil.out).toContain('\\x1b[2J')
    expect(evil.out).not.toMatch(/[\u001b\u0007]/)
  })

  it('reads only what it was asked for', async () => {
    const url = await urlOf('python/0.5.2-full')
    const redis = redisClient(url)
    await redis.config('RESETSTAT')
    await inspected(url, 'approve-pending')
    const sent = Number(/total_net_output_bytes:(\d+)/.exec(await redis.info('stats'))?.[1])
    // The thread holds 5 KiB of the database's 280; names and INFO come on top.
    expect(sent).toBeLessThan(60_000)
    const stats = await redis.info('commandstats')
    for (const write of ['set', 'json.set', 'del', 'unlink', 'expire'])
      expect(stats).not.toContain(`cmdstat_${write}:`)
  })
})
