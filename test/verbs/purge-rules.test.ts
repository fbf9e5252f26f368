/** The rules of a purge, without any server: which thread, which keys, in which order. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KeyRole } from '../../src/layouts/layout.js'
import type { KeyUse, RecordedKey } from '../../src/target/ledger/pack.js'
import type { CurrentThread } from '../../src/target/ledger/read.js'
import {
  decodeFrame,
  decodeKey,
  encodeFrame,
  encodeKeyFrame,
  frameHead,
} from '../../src/verbs/purge/archive-format.js'
import { inPurgeOrder, type PurgeKey, stepsOf } from '../../src/verbs/purge/order.js'
import { latestChange, leftByAge, leftByLedger, sortedKeys } from '../../src/verbs/purge/rules.js'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const HOUR = 3_600_000
const RULES = { olderThanMs: 24 * HOUR, orphans: false, includeDeleted: false, includeSkipped: false }

const thread = (change: Partial<CurrentThread> = {}): CurrentThread =>
  ({
    threadId: 't',
    completeness: 'whole',
    progress: 'verified',
    isVerified: true,
    latestAt: '2026-11-01T00:00:00Z',
    changedAt: '2026-11-02T00:00:00Z',
    keys: new Map(),
    ...change,
  }) as CurrentThread

describe('a thread', () => {
  test.each<[Partial<CurrentThread>, string | null]>([
    [{}, null],
    [{ isVerified: false }, 'not-verified'],
    [{ progress: 'migrated', isVerified: false }, 'not-verified'],
    [{ progress: 'differs', isVerified: false }, 'differs'],
    [{ completeness: 'partial' }, 'partial'],
    [{ completeness: 'rejected' }, 'rejected'],
    [{ completeness: 'partial', progress: 'purging' }, 'partial'],
    [{ progress: 'purging', isVerified: false }, null],
    [{ progress: 'purged', isVerified: false }, null],
  ])('that is %j is left alone for %s', (change, reason) => {
    expect(leftByLedger(thread(change))?.reason ?? null).toBe(reason)
  })

  test('is as old as its last sign of life, be it in the ledger, in Redis or seen by a run', () => {
    const id = (text: string) => [{ checkpointId: text }]
    expect(latestChange(thread(), [], NOW)).toBe(Date.parse('2026-11-02T00:00:00Z'))
    const recent = latestChange(thread(), id('1f0c6c2e-2d4a-6d5e-8000-000000000001'), NOW)!
    expect(recent).toBe(Date.parse('2026-11-02T00:00:00Z'))
    const today = '1f1e54f0-0000-6000-8000-000000000001'
    expect(latestChange(thread(), id(today), NOW)).toBeGreaterThan(Date.parse('2026-11-20T00:00:00Z'))
    expect(latestChange(null, id(today), NOW)).toBeGreaterThan(Date.parse('2026-11-20T00:00:00Z'))
    expect(latestChange(thread({ latestAt: null }), id('no-uuid'), NOW)).toBeNull()
  })

  test('of unknown age is never older than anything, unless age does not matter', () => {
    expect(leftByAge(null, NOW, RULES)?.reason).toBe('age-unknown')
    expect(leftByAge(null, NOW, { ...RULES, olderThanMs: 0 })).toBeNull()
    expect(leftByAge(NOW - 23 * HOUR, NOW, RULES)?.reason).toBe('too-young')
    expect(leftByAge(NOW - 24 * HOUR, NOW, RULES)).toBeNull()
  })
})

describe('the keys of a thread', () => {
  const recorded = (name: string, use: KeyUse): [string, RecordedKey] => [
    name,
    { key: Buffer.from(name), use, digest: use === 'index' ? null : Buffer.alloc(12) },
  ]
  const claimed = (name: string) => ({
    key: Buffer.from(name),
    type: 'string',
    layout: 'l',
    role: 'checkpoint' as const,
    threadId: 't',
    checkpointNs: '',
    checkpointId: '',
  })
  const uses = ['migrated', 'index', 'orphan', 'foreign', 'skipped'] as const
  const keys = [...uses, 'unknown'].map(claimed)
  const known = thread({ keys: new Map(uses.map((use) => recorded(use, use))) })
  const names = (found: readonly { readonly claimed: { readonly key: Buffer } }[]) =>
    found.map((key) => String(key.claimed.key))

  test('go by what they are: only what was moved, unless a flag says more; never what is somebody else’s', () => {
    const plain = sortedKeys(known, keys, RULES)
    expect(names(plain.content)).toEqual(['migrated'])
    expect(names(plain.index)).toEqual(['index'])
    expect(plain.unknown.map(({ key }) => String(key))).toEqual(['unknown'])
    expect(plain.kept).toBe(3)
    const all = sortedKeys(known, keys, { ...RULES, orphans: true, includeSkipped: true })
    expect(names(all.content)).toEqual(['migrated', 'orphan', 'skipped'])
    expect(all.kept).toBe(1)
  })

  const key = (role: KeyRole, checkpointId: string): PurgeKey => ({
    key: Buffer.from(`${role} ${checkpointId}`.trim()),
    type: 'string',
    use: role === 'index' ? 'index' : 'content',
    digest: Buffer.alloc(12),
    bytes: 1,
    claimed: { role, checkpointId },
  })

  test('go children before parents: the newest first, then shared values, then pointers, then indexes', () => {
    const order = [
      key('write', '3'),
      key('checkpoint', '3'),
      key('write', '2'),
      key('checkpoint', '2'),
      key('checkpoint', '1'),
      key('blob', ''),
      key('pointer', ''),
      key('index', '1'),
    ]
    fc.assert(
      fc.property(fc.shuffledSubarray(order, { minLength: order.length }), (shuffled) => {
        expect(inPurgeOrder(shuffled)).toEqual(order)
      }),
    )
  })

  test('go in one step where they can, in order where there are too many', () => {
    const few = Array.from({ length: 2000 }, (_, at) => key('checkpoint', String(at)))
    expect(stepsOf(few).length).toBe(1)
    const many = [...few, key('index', '')]
    expect(stepsOf(many).flat()).toEqual(many)
    expect(Math.max(...stepsOf(many).map((step) => step.length))).toBe(500)
  })
})

describe('a frame of the archive', () => {
  const archivedKey = fc.record({
    key: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    use: fc.constantFrom('content' as const, 'index' as const),
    digest: fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    pttlMs: fc.integer({ min: -1, max: 2 ** 45 }),
    dump: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  })

  test('gives back the key it was made of', () => {
    fc.assert(
      fc.property(archivedKey, (key) => {
        const frame = encodeKeyFrame(key)
        expect(frameHead(frame)).toEqual({ totalBytes: frame.length, kind: 'key' })
        expect(decodeKey(decodeFrame(frame)!.body)).toEqual(key)
      }),
    )
  })

  test('is refused when it is cut anywhere, or when any bit of it has changed', () => {
    fc.assert(
      fc.property(archivedKey, fc.nat(), fc.nat(7), (key, place, bit) => {
        const frame = encodeKeyFrame(key)
        expect(decodeFrame(frame.subarray(0, place % frame.length))).toBeNull()
        const changed = Buffer.from(frame)
        changed[place % frame.length]! ^= 1 << bit
        expect(decodeFrame(changed)).toBeNull()
      }),
    )
  })

  test('of another kind is no key', () => {
    const frame = decodeFrame(encodeFrame('end', Buffer.from('{}')))
    expect(frame).toMatchObject({ kind: 'end' })
    expect(decodeKey(Buffer.alloc(10))).toBeNull()
    expect(decodeKey(Buffer.alloc(25, 0xff))).toBeNull()
  })
})
