/** Grouping by thread: complete, each key once, in one order, with and without the temporary file. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Claim, ClaimedKey } from '../../src/layouts/layout.js'
import { Failure } from '../../src/model/failure.js'
import { Inventory, type InventoryOptions, type ThreadKeys } from '../../src/pipeline/inventory.js'
import type { KeyOfType } from '../../src/source/source.js'
import { atEndOfFile } from '../services/each-file.js'

const LARGE = 100 * 1024 ** 2
const SMALL = 64 * 1024

/** Keys of a made-up saver: `cp:THREAD:NS:ID` and `wr:THREAD:NS:ID`; NS `-` is the root. */
const claim = (key: Buffer): Claim | null => {
  const [kind, threadId, ns, checkpointId] = key.toString().split(':')
  if ((kind !== 'cp' && kind !== 'wr') || threadId === undefined || ns === undefined) return null
  const role = kind === 'cp' ? 'checkpoint' : 'write'
  const checkpointNs = ns === '-' ? '' : ns
  return { layout: 'made-up', role, threadId, checkpointNs, checkpointId: checkpointId ?? '' }
}

async function* pagesOf(keys: readonly (string | KeyOfType)[], pageSize = 100): AsyncGenerator<KeyOfType[]> {
  for (let at = 0; at < keys.length; at += pageSize) {
    yield keys
      .slice(at, at + pageSize)
      .map((key) => (typeof key === 'string' ? { key: Buffer.from(key), type: 'string' } : key))
  }
}

const take = (keys: readonly (string | KeyOfType)[], options: Partial<InventoryOptions> = {}) =>
  Inventory.of(pagesOf(keys), { claim, maxBytes: LARGE, ...options })

async function threadsOf(inventory: Inventory): Promise<ThreadKeys[]> {
  const threads: ThreadKeys[] = []
  for await (const thread of inventory.threads()) threads.push(thread)
  await inventory.close()
  return threads
}

const namesOf = ({ threadId, keys }: ThreadKeys) => [threadId, keys.map(({ key }) => key.toString())] as const

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-test-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe('threads', () => {
  it('holds every key of a thread with its claim, sorted', async () => {
    const inventory = await take(['wr:a:-:2', 'cp:b:-:1', 'cp:a:node:1', 'cp:a:-:2'])
    const [a, b] = (await threadsOf(inventory)).sort((one, other) => (one.threadId < other.threadId ? -1 : 1))
    const shared = { layout: 'made-up', type: 'string' }
    expect(a).toEqual({
      threadId: 'a',
      keys: [
        {
          ...shared,
          key: Buffer.from('cp:a:-:2'),
          role: 'checkpoint',
          threadId: 'a',
          checkpointNs: '',
          checkpointId: '2',
        },
        {
          ...shared,
          key: Buffer.from('cp:a:node:1'),
          role: 'checkpoint',
          threadId: 'a',
          checkpointNs: 'node',
          checkpointId: '1',
        },
        {
          ...shared,
          key: Buffer.from('wr:a:-:2'),
          role: 'write',
          threadId: 'a',
          checkpointNs: '',
          checkpointId: '2',
        },
      ],
    })
    expect(b?.keys).toHaveLength(1)
  })

  it('keeps any claim on any key, also texts that the key does not hold', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    const claimed = fc.record({
      layout: fc.constantFrom('one', 'two', 'three'),
      role: fc.constantFrom<ClaimedKey['role'][]>(
        'checkpoint',
        'write',
        'blob',
        'index',
        'pointer',
        'snapshot',
      ),
      threadId: text,
      checkpointNs: text,
      checkpointId: text,
      before: fc.uint8Array({ maxLength: 300 }),
      type: fc.constantFrom('string', 'hash', 'ReJSON-RL', 'zset'),
      ambiguous: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(claimed, { maxLength: 30 }), async (list) => {
        const claims = new Map<string, Claim>()
        const keys = list.map(({ before, type, ambiguous, ...rest }, at) => {
          const key = Buffer.concat([before, Buffer.from(`${rest.threadId}:${rest.checkpointId}:${at}`)])
          claims.set(key.toString('latin1'), ambiguous ? { ...rest, ambiguous } : rest)
          return { key, type }
        })
        const inventory = await take(keys, { claim: (key) => claims.get(key.toString('latin1')) ?? null })
        const got = (await threadsOf(inventory)).flatMap((thread) => thread.keys)
        expect(got).toHaveLength(list.length)
        for (const { key, type, ...rest } of got) {
          expect(rest).toEqual(claims.get(key.toString('latin1')))
          expect(keys).toContainEqual({ key, type })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('gives a key once that came twice, with the TYPE it had last', async () => {
    const keys = [
      { key: Buffer.from('cp:a:-:1'), type: 'string' },
      { key: Buffer.from('cp:a:-:2'), type: 'string' },
      { key: Buffer.from('cp:a:-:1'), type: 'hash' },
      { key: Buffer.from('cp:a:-:1'), type: 'hash' },
    ]
    const inventory = await take(keys)
    const [thread] = await threadsOf(inventory)
    expect(thread?.keys.map(({ key, type }) => [key.toString(), type])).toEqual([
      ['cp:a:-:1', 'hash'],
      ['cp:a:-:2', 'string'],
    ])
    expect(inventory.counts).toMatchObject({ scanned: 2, duplicates: 2, claimedKeys: 2 })
  })

  it('comes in the same order whatever the budget and the order of the keys', async () => {
    const keys = Array.from({ length: 6000 }, (_, at) => `cp:thread-${at % 700}:-:${at}`)
    const inMemory = await take(keys)
    const spilled = await take([...keys].reverse(), { maxBytes: SMALL })
    const divided = await take(keys, { maxBytes: 1024 })
    expect([inMemory.spilled, spilled.spilled, divided.spilled]).toEqual([false, true, true])
    const expected = (await threadsOf(inMemory)).map(namesOf)
    expect(expected).toHaveLength(700)
    expect((await threadsOf(spilled)).map(namesOf)).toEqual(expected)
    expect((await threadsOf(divided)).map(namesOf)).toEqual(expected)
  })

  it('keeps one thread together that is larger than the budget, and a key larger than a piece of memory', async () => {
    const keys = Array.from({ length: 5000 }, (_, at) => `cp:one:-:${String(at).padStart(6, '0')}`)
    const long = `cp:one:${'n'.repeat(100_000)}:1`
    const inventory = await take([...keys, long], { maxBytes: SMALL })
    const threads = await threadsOf(inventory)
    expect(threads.map(namesOf)).toEqual([['one', [...keys, long].sort()]])
  })

  it('can be counted before they are asked for, and asked for once', async () => {
    for (const maxBytes of [LARGE, SMALL]) {
      const keys = Array.from({ length: 3000 }, (_, at) => `cp:thread-${at % 50}:-:${at}`)
      const inventory = await take(keys, { maxBytes })
      expect(await inventory.countThreads()).toBe(50)
      expect(await threadsOf(inventory)).toHaveLength(50)
      await expect(threadsOf(inventory)).rejects.toThrow('once')
    }
  })
})

describe('the temporary file', () => {
  it('is nowhere to be found while it is used, nor after the end, nor after an error', async () => {
    const temporaryFolder = await emptyFolder()
    const keys = Array.from({ length: 5000 }, (_, at) => `cp:thread-${at}:-:${at}`)
    const inventory = await take(keys, { maxBytes: SMALL, temporaryFolder })
    expect(inventory.spilled).toBe(true)
    expect(await readdir(temporaryFolder)).toEqual([])
    expect(await threadsOf(inventory)).toHaveLength(5000)
    async function* breaking() {
      yield* pagesOf(keys)
      throw new Error('broken wire')
    }
    const broken = Inventory.of(breaking(), { claim, maxBytes: SMALL, temporaryFolder })
    await expect(broken).rejects.toThrow('broken wire')
    expect(await readdir(temporaryFolder)).toEqual([])
  })

  it('is not made where the keys fit into memory', async () => {
    const temporaryFolder = join(await emptyFolder(), 'not there')
    expect(await threadsOf(await take(['cp:a:-:1'], { temporaryFolder }))).toHaveLength(1)
    await expect(stat(temporaryFolder)).rejects.toThrow('ENOENT')
  })

  it('fails with what to do where it cannot be made', async () => {
    const temporaryFolder = join(await emptyFolder(), 'not there')
    const keys = Array.from({ length: 5000 }, (_, at) => `cp:thread-${at}:-:${at}`)
    const error = await take(keys, { maxBytes: SMALL, temporaryFolder }).catch((problem) => problem)
    expect(error).toBeInstanceOf(Failure)
    expect(error).toMatchObject({ id: 'spill-failed', facts: { folder: temporaryFolder } })
  })
})

describe('counts', () => {
  it('tells claimed keys by layout and role, foreign ones by how they begin', async () => {
    const others = Array.from({ length: 50 }, (_, at) => ({
      key: Buffer.from(`bull:queue:${at}`),
      type: 'hash',
    }))
    const inventory = await take([
      'cp:a:-:1',
      'cp:a:-:2',
      'wr:a:-:2',
      ...others,
      'session_17',
      'session_18',
      'plain',
      { key: Buffer.from([0xff, 0xfe]), type: 'string' },
    ])
    const { counts } = inventory
    expect(counts.scanned).toBe(57)
    expect(Object.fromEntries(counts.claimed.get('made-up') ?? [])).toEqual({ checkpoint: 2, write: 1 })
    expect(Object.fromEntries(counts.types)).toEqual({ string: 7, hash: 50 })
    expect(counts.foreignKeys).toBe(54)
    expect(counts.foreignGroups().map(({ prefix, keys }) => [prefix, keys])).toEqual([
      ['bull:', 50],
      ['', 2],
      ['session_', 2],
    ])
    expect(counts.foreignGroups()[0]?.samples).toEqual(others.slice(0, 3))
    await inventory.close()
  })

  it('stay small in a database without any order in its names', async () => {
    const letters = (at: number) => at.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)]!)
    const inventory = await take(Array.from({ length: 20_000 }, (_, at) => `${letters(at)}:x`))
    expect(inventory.counts.foreignKeys).toBe(20_000)
    expect(inventory.counts.foreignGroups().length).toBeLessThanOrEqual(1001)
    await inventory.close()
  })

  it('leaves threads out that are not wanted, and counts their keys', async () => {
    const wants = (threadId: string) => threadId === 'b'
    const inventory = await take(['cp:a:-:1', 'wr:a:-:1', 'cp:b:-:1'], { wants })
    expect(inventory.counts).toMatchObject({ leftOut: 2, claimedKeys: 1 })
    expect((await threadsOf(inventory)).map(namesOf)).toEqual([['b', ['cp:b:-:1']]])
  })

  it('says how far the walk is', async () => {
    const seen: number[] = []
    await (
      await take(
        Array.from({ length: 250 }, (_, at) => `x:${at}`),
        { onProgress: (keys) => seen.push(keys) },
      )
    ).close()
    expect(seen).toEqual([100, 200, 250])
  })
})

describe('ambiguous keys', () => {
  const ambiguous = (key: Buffer): Claim | null => {
    const claimed = claim(key)
    return claimed === null ? null : { ...claimed, ambiguous: true }
  }

  it('are asked about once for each beginning, in bounded batches', async () => {
    const asked: number[] = []
    const keys = Array.from({ length: 20_000 }, (_, at) => `cp:t${at % 200}:-:id-${at}`)
    const inventory = await take(keys, {
      claim: ambiguous,
      resolve: async (list) => {
        asked.push(list.length)
        return list.map((key) => ({
          ...key,
          threadId: `real ${key.threadId}`,
          checkpointNs: 'ns',
          ambiguous: false,
        }))
      },
    })
    const threads = await threadsOf(inventory)
    expect(asked.reduce((sum, count) => sum + count)).toBe(200)
    expect(Math.max(...asked)).toBeLessThanOrEqual(64)
    expect(threads).toHaveLength(200)
    for (const { threadId, keys: own } of threads) {
      expect(own).toHaveLength(100)
      for (const key of own) {
        expect(key).toMatchObject({
          threadId,
          checkpointNs: 'ns',
          checkpointId: key.key.toString().split(':')[3],
        })
        expect(key.ambiguous).toBeUndefined()
      }
    }
    expect(threads.map(({ threadId }) => threadId)).toContain('real t7')
  })

  it('become foreign where they are nobody’s, and are filtered by the thread they belong to', async () => {
    const inventory = await take(['cp:a:-:1', 'cp:a:-:2', 'cp:b:-:1', 'cp:c:-:1'], {
      claim: ambiguous,
      wants: (threadId) => threadId !== 'real c',
      resolve: async (list) =>
        list.map((key) => (key.threadId === 'a' ? null : { ...key, threadId: `real ${key.threadId}` })),
    })
    expect(inventory.counts).toMatchObject({ foreignKeys: 2, leftOut: 1, claimedKeys: 1 })
    expect((await threadsOf(inventory)).map(namesOf)).toEqual([['real b', ['cp:b:-:1']]])
  })

  it('are each asked about where the checkpoint id was not where the name suggests', async () => {
    const inventory = await take(['cp:a:-:x', 'cp:a:-:y', 'cp:a:-:x', 'cp:a:-:z'], {
      claim: ambiguous,
      resolve: async (list) =>
        list.map((key) => ({
          ...key,
          threadId: `of ${key.checkpointId}`,
          checkpointId: `-:${key.checkpointId}`,
        })),
    })
    const threads = await threadsOf(inventory)
    expect(threads.map(namesOf).sort()).toEqual([
      ['of x', ['cp:a:-:x']],
      ['of y', ['cp:a:-:y']],
      ['of z', ['cp:a:-:z']],
    ])
    expect(threads[0]?.keys[0]?.checkpointId).toMatch(/^-:[xyz]$/)
  })

  it('are taken as they are where nobody can be asked', async () => {
    const [thread] = await threadsOf(await take(['cp:a:-:1'], { claim: ambiguous }))
    expect(thread?.keys[0]).toMatchObject({ threadId: 'a', ambiguous: true })
  })
})
