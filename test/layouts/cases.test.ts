/** Every case of the layouts here: what they read is, id by id, what the official readers said. */
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../src/codec/bytes.js'
import { treeOf } from '../../src/codec/tree.js'
import type { Checkpoint, PendingWrite } from '../../src/model/thread.js'
import { type Case, fixtures, fullCorpora, linesOf } from '../corpus/cases.js'
import { grouped, keysOf, prefixesOf, type Reading, readKeys, reasonsOf } from './read-case.js'

interface Expected {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly parent_checkpoint_id: string | null
  readonly checkpoint: {
    readonly channel_values: Readonly<Record<string, unknown>>
    readonly channel_versions: Readonly<Record<string, unknown>>
    readonly versions_seen: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    readonly v: number
    readonly ts: string
  }
  readonly pending_writes: readonly (readonly [taskId: string, channel: string, value: unknown])[] | null
}

/** A checkpoint and its writes without their values; writes in the order of the newest reader. */
function skeletonOf(checkpoint: Checkpoint, writes: readonly PendingWrite[]) {
  const order = [...writes].sort(
    (a, b) => compare(a.taskPath, b.taskPath) || compare(a.taskId, b.taskId) || a.idx - b.idx,
  )
  return {
    ids: idsOf(checkpoint),
    parent: checkpoint.parentCheckpointId,
    channels: [...checkpoint.channelValues.keys()].sort(),
    versions: Object.fromEntries(checkpoint.channelVersions),
    seen: Object.fromEntries(
      [...checkpoint.versionsSeen].map(([node, seen]) => [node, Object.fromEntries(seen)]),
    ),
    v: treeOf(checkpoint.fields.get('v')!),
    ts: treeOf(checkpoint.fields.get('ts')!),
    writes: order.map(({ taskId, channel }) => [taskId, channel]),
  }
}

function expectedSkeleton(line: Expected) {
  const { checkpoint } = line
  return {
    ids: [line.thread_id, line.checkpoint_ns, line.checkpoint_id],
    parent: line.parent_checkpoint_id,
    channels: Object.keys(entries(checkpoint.channel_values)).sort(),
    versions: entries(checkpoint.channel_versions),
    seen: Object.fromEntries(
      Object.entries(checkpoint.versions_seen).map(([node, seen]) => [node, entries(seen)]),
    ),
    v: { kind: 'int', value: checkpoint.v },
    ts: { kind: 'text', utf8: Buffer.from(checkpoint.ts) },
    writes: (line.pending_writes ?? []).map(([taskId, channel]) => [taskId, channel]),
  }
}

/** A dict of the canonical form, as an object. */
function entries(dict: unknown): Record<string, unknown> {
  const { $map: pairs } = dict as { $map?: [string, unknown][] }
  return pairs === undefined ? (dict as Record<string, unknown>) : Object.fromEntries(pairs)
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const idsOf = (record: Checkpoint | PendingWrite) => [
  record.threadId,
  record.checkpointNs,
  record.checkpointId,
]
const nameOf = (record: Checkpoint | PendingWrite) => JSON.stringify(idsOf(record))

function skeletons({ checkpoints, writes }: Reading) {
  const byCheckpoint = grouped(writes, nameOf)
  return new Map(
    checkpoints.map((one) => [nameOf(one), skeletonOf(one, byCheckpoint.get(nameOf(one)) ?? [])]),
  )
}

/** Whether every value of a record can be read; what cannot is the business of whoever writes it. */
function isReadable(record: Checkpoint | PendingWrite): boolean {
  const values =
    'value' in record
      ? [record.value]
      : [...record.channelValues.values(), ...record.pendingSends, ...record.fields.values(), record.metadata]
  try {
    for (const value of values) treeOf(value)
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

const served = ({ name }: Case) => name.startsWith('python/') || name.startsWith('pickle/f1-')
const cases = [...fixtures(), ...fullCorpora().map((one) => ({ ...one, name: `${one.name} (whole)` }))]

describe.each(cases.filter(served).map((one) => [one.name, one] as const))('%s', (name, from) => {
  const whole = readKeys(keysOf(from), prefixesOf(from))
  // Two checkpoints of the hostile case look right until their values are read; whoever writes them finds out.
  const isHostile = name.includes('hostile')
  const reading = isHostile ? { ...whole, checkpoints: whole.checkpoints.filter(isReadable) } : whole
  const expected = linesOf<Expected>(from, 'expected.jsonl')

  it('has every checkpoint with its ids, parent, versions and channels, and its writes in their order', () => {
    const read = skeletons(reading)
    for (const line of expected) {
      const skeleton = expectedSkeleton(line)
      expect(read.get(JSON.stringify(skeleton.ids))).toEqual(skeleton)
    }
    expect(read.size).toBe(expected.length)
  })

  it('leaves out the writes of checkpoints that are gone or replaced, and no others', () => {
    const orphans = linesOf(from, 'orphan_writes.jsonl')
    const known = new Set(
      reading.checkpoints.map(({ checkpointNs, checkpointId }) => `${checkpointNs} ${checkpointId}`),
    )
    const gone = reading.writes.filter((write) => !known.has(`${write.checkpointNs} ${write.checkpointId}`))
    expect(gone).toHaveLength(orphans.length)
    if (name.includes('shallow')) expect(gone.every(({ isReplaced }) => isReplaced)).toBe(true)
  })

  it('hands on parents before their children', () => {
    const handedOn = new Set<string>()
    const ids = new Set(whole.checkpoints.map(nameOf))
    for (const one of whole.checkpoints) {
      const parent = JSON.stringify([one.threadId, one.checkpointNs, one.parentCheckpointId])
      handedOn.add(nameOf(one)) // before the question: langgraph 0.2 made a checkpoint that is its own parent
      if (ids.has(parent)) expect(handedOn).toContain(parent)
    }
    expect(handedOn.size).toBe(ids.size)
  })
})

const readCase = (name: string) => {
  const from = cases.find((one) => one.name === name)!
  return readKeys(keysOf(from), prefixesOf(from))
}

describe('what is no checkpoint', () => {
  it('is left alone in a database of stores and other applications', () => {
    const reading = readCase('python/0.5.2-store-noise')
    expect(reasonsOf(reading)).toEqual({ 'dangling-pointer': 1 })
    expect(reading.refused).toEqual([])
    const strange = ['backup', 'other:app:doc', 't1'].map((name) => `checkpoint:${name}`)
    expect(reading.unclaimed).toEqual(
      expect.arrayContaining([...strange, 'checkpoint_write:strange', 'doc:1']),
    )
  })

  it('is refused in the hostile case, each key with its reason', () => {
    const reading = readCase('pickle/f1-hostile')
    const findings = reading.findings.map(({ key, reason, detail }) => [key?.toString(), reason, detail])
    const id = (last: number) => `1f1e0000-0000-6000-8000-00000000000${last}`
    const tooLong = 'offset 11: 4611686018427388000 bytes are wanted, 2 are left'
    expect(findings.map(([key, reason]) => [key, reason])).toEqual([
      [`checkpoint:evil-build:${id(6)}`, 'unsupported-value'],
      [`checkpoint:evil-eval:${id(2)}`, 'not-a-checkpoint'],
      [`checkpoint:evil-inst:${id(5)}`, 'not-a-checkpoint'],
      [`checkpoint:evil-p0:${id(3)}`, 'not-a-checkpoint'],
      [`checkpoint:evil-system:${id(1)}`, 'not-a-checkpoint'],
      [`checkpoint:hugelen:${id(8)}`, 'undecodable'],
      ['checkpoint:noid:x', 'not-a-checkpoint'],
      ['checkpoint:partly-bad:1f1e5418-297c-69c1-8002-6c9663200aac', 'undecodable'],
      ['checkpoint:partly-bad:1f1e5418-2987-6dd6-8004-5ee4a38b75f0', 'undecodable'],
      ['checkpoint:\ufffd\ufffd:raw', 'not-a-checkpoint'],
      ['checkpoint_latest:ghost', 'dangling-pointer'],
    ])
    expect(findings).toContainEqual([
      `checkpoint:evil-p0:${id(3)}`,
      'not-a-checkpoint',
      'pickle of os.system',
    ])
    expect(findings).toContainEqual([`checkpoint:hugelen:${id(8)}`, 'undecodable', tooLong])
    expect(reading.refused).toEqual([`checkpoint:deep:${id(9)}`])
    const foreign = ['empty', 'json', 'pickle', 'text'].map((name) => `checkpoint:foreign-${name}:1`)
    expect(reading.unclaimed).toEqual(expect.arrayContaining(foreign))
  })

  it('never takes the place of what it was copied from', () => {
    const { checkpoints } = readCase('pickle/f1-hostile')
    const copies = checkpoints.filter(({ origin }) =>
      origin.key.toString().startsWith('checkpoint:mismatch:'),
    )
    expect(copies.map(({ threadId }) => threadId)).toEqual(['good'])
    expect(checkpoints.filter((one) => nameOf(one) === nameOf(copies[0]!))).toHaveLength(2)
  })
})

describe('index keys', () => {
  it.each([
    ['python/0.5.2-full', 'write_keys_zset:'],
    ['python/0.5.2-shallow-sync', 'write_registry:'],
    ['python/0.5.2-shallow-async', 'write_keys_zset:'],
  ])('of %s are claimed for their thread and never read', (name, prefix) => {
    const { unread, checkpoints, unclaimed } = readCase(name)
    const threads = new Set(checkpoints.map(({ threadId }) => threadId))
    expect(unclaimed).toEqual([])
    expect(unread.length).toBeGreaterThan(10)
    for (const { key, role, threadId } of unread) {
      expect(key.toString()).toMatch(new RegExp(`^${prefix}`))
      expect(role).toBe('index')
      expect(threads).toContain(threadId)
    }
  })
})
