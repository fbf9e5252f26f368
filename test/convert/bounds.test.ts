/** Cutting a thread: what stays, whose parents are cleared, which blobs go along, and what cannot be cut. */
import { describe, expect, it } from 'vitest'
import { plainJsonValue } from '../../src/codec/json/read.js'
import { boundedConverter } from '../../src/convert/bounds.js'
import type { ConvertedThread } from '../../src/convert/converter.js'
import { DIALECTS } from '../../src/convert/dialects.js'
import type { Finding } from '../../src/model/finding.js'
import { type KnownThread, UNKNOWN_THREAD } from '../../src/model/rows.js'
import type { Checkpoint, PendingWrite } from '../../src/model/thread.js'
import type { Value } from '../../src/model/value.js'

const json = (value: unknown): Value => {
  const text = Buffer.from(JSON.stringify(value))
  return plainJsonValue(text, 0, text.length)
}

interface Shape {
  readonly ns?: string
  readonly parent?: string
  readonly v?: number
  /** channel → version and value. */
  readonly values?: Readonly<Record<string, readonly [version: string, value: unknown]>>
  readonly metadata?: unknown
  readonly sends?: readonly unknown[]
}

function checkpoint(
  id: string,
  { ns = '', parent, v = 4, values = {}, metadata = {}, sends = [] }: Shape = {},
) {
  const channels = Object.entries(values)
  return {
    threadId: 't',
    checkpointNs: ns,
    checkpointId: id,
    parentCheckpointId: parent ?? null,
    fields: new Map([['v', json(v)]]),
    channelVersions: new Map(channels.map(([channel, [version]]) => [channel, version])),
    versionsSeen: new Map(),
    channelValues: new Map(channels.map(([channel, [, value]]) => [channel, json(value)])),
    pendingSends: sends.map(json),
    metadata: json(metadata),
    origin: { key: Buffer.from(`checkpoint ${ns} ${id}`), layout: 'python-full' },
  } satisfies Checkpoint
}

const write = (checkpointId: string, channel: string, checkpointNs = ''): PendingWrite => ({
  threadId: 't',
  checkpointNs,
  checkpointId,
  taskId: 'task',
  taskPath: '',
  idx: 0,
  channel,
  value: json([channel]),
  origin: { key: Buffer.from(`write ${checkpointNs} ${checkpointId}`), layout: 'python-full' },
})

interface Cut {
  /** `ns id ← parent` */
  readonly checkpoints: readonly string[]
  readonly blobs: readonly string[]
  readonly writes: readonly string[]
  readonly thread: ConvertedThread
  readonly reasons: readonly string[]
  readonly skipped: readonly string[]
}

interface Options {
  readonly keepLast?: number
  readonly known?: KnownThread
  readonly copiesBytes?: number
  readonly unreadable?: readonly (readonly [ns: string, id: string | null])[]
}

function cut(
  checkpoints: readonly Checkpoint[],
  writes: readonly PendingWrite[] = [],
  { keepLast = 1, known = UNKNOWN_THREAD, copiesBytes = 1e6, unreadable = [] }: Options = {},
): Cut {
  const made = { checkpoints: [] as string[], blobs: [] as string[], writes: [] as string[] }
  const findings: Finding[] = []
  const sink = {
    checkpointRow: (row: { checkpointNs: string; checkpointId: string; parentCheckpointId: string | null }) =>
      made.checkpoints.push(`${row.checkpointNs} ${row.checkpointId} ← ${row.parentCheckpointId}`.trim()),
    blobRow: (row: { channel: string; version: string; blob: Buffer | null }) =>
      made.blobs.push(`${row.channel} ${row.version}`),
    writeRow: (row: { checkpointId: string; channel: string }) =>
      made.writes.push(`${row.checkpointId} ${row.channel}`),
  }
  const open = boundedConverter(DIALECTS.python, { keepLast })
  const options = { allowOlderHead: false, copiesBytes }
  const converter = open('t', known, sink, (finding) => findings.push(finding), options)
  for (const one of checkpoints) converter.checkpoint(one)
  for (const [ns, id] of unreadable) converter.unreadable(ns, id)
  for (const one of writes) converter.write(one)
  const thread = converter.end()
  const skipped = [...(thread.bound?.skippedKeys ?? [])].sort()
  return { ...made, thread, reasons: findings.map(({ reason }) => reason), skipped }
}

const LIST = (n: number) => ({
  messages: [`${n}`, Array.from({ length: n }, (_, at) => `message ${at}`)] as const,
})

describe('the newest of each namespace', () => {
  const chain = [
    checkpoint('1', { values: LIST(1) }),
    checkpoint('2', { parent: '1', values: LIST(2) }),
    checkpoint('3', { parent: '2', values: LIST(3) }),
  ]

  it('stay, linked among each other, and the oldest of them is left without a parent', () => {
    expect(cut(chain).checkpoints).toEqual(['3 ← null'])
    expect(cut(chain, [], { keepLast: 2 }).checkpoints).toEqual(['2 ← null', '3 ← 2'])
    expect(cut(chain, [], { keepLast: 9 }).checkpoints).toEqual(['1 ← null', '2 ← 1', '3 ← 2'])
  })

  it('keep a link to a parent that the source no longer has: we did not leave it out', () => {
    expect(cut([checkpoint('5', { parent: '4' })]).checkpoints).toEqual(['5 ← 4'])
    expect(cut([checkpoint('5', { parent: '4' }), checkpoint('6', { parent: '5' })]).checkpoints).toEqual([
      '6 ← null',
    ])
  })

  it('bring the blobs they name and the writes under them, nothing else', () => {
    const { blobs, writes, thread, skipped } = cut(chain, [write('1', 'a'), write('3', 'b')])
    expect(blobs).toEqual(['messages 3'])
    expect(writes).toEqual(['3 b'])
    expect(thread).toMatchObject({ checkpoints: 1, writes: 1, blobs: 1, completeness: 'whole' })
    expect(thread.bound?.leftOut).toMatchObject({ checkpoints: 2, writes: 1, blobs: 2 })
    expect(skipped).toEqual(['checkpoint  1', 'checkpoint  2', 'write  1'])
  })

  it('have a blob that an older checkpoint was the first to write', () => {
    const forked = [...chain, checkpoint('4', { parent: '1', values: LIST(1) })]
    expect(cut(forked)).toMatchObject({ checkpoints: ['4 ← null'], blobs: ['messages 1'] })
  })

  it('are found among those that can be written, whatever stands behind them', () => {
    const refused = checkpoint('4\0', { parent: '3', values: LIST(4) })
    const { checkpoints, thread, reasons } = cut([...chain, refused])
    expect(checkpoints).toEqual(['3 ← null'])
    expect(thread.completeness).toBe('partial')
    expect(reasons).toEqual(['nul-in-id'])
  })

  it('count without what the user did not ask for: an older checkpoint that cannot be read is no loss', () => {
    expect(cut(chain.slice(1), [], { unreadable: [['', '1']] }).thread.completeness).toBe('whole')
    expect(cut(chain.slice(1), [], { keepLast: 3, unreadable: [['', '1']] }).thread.completeness).toBe(
      'partial',
    )
    expect(cut(chain.slice(1), [], { unreadable: [['', null]] }).thread.completeness).toBe('partial')
    // A head that cannot be read stops the thread, as without a bound.
    expect(cut(chain, [], { unreadable: [['', '9']] })).toMatchObject({
      checkpoints: [],
      thread: { completeness: 'rejected', checkpoints: 0 },
      reasons: ['older-head'],
    })
  })
})

describe('before v4', () => {
  const old = (sends: readonly unknown[]) => [
    checkpoint('1', { v: 3 }),
    checkpoint('2', { v: 3, parent: '1', values: LIST(2) }),
    checkpoint('3', { v: 3, parent: '2', values: LIST(3), sends }),
  ]

  it('the parent stays when it holds the Sends of a kept checkpoint, and is itself without a parent', () => {
    const { checkpoints, writes, blobs } = cut(old([]), [write('2', '__pregel_tasks'), write('2', 'other')])
    expect(checkpoints).toEqual(['2 ← null', '3 ← 2'])
    expect(writes).toEqual(['2 __pregel_tasks', '2 other'])
    expect(blobs).toEqual(['messages 2', 'messages 3'])
  })

  it('also when the Sends stood in the checkpoint itself and were moved to the parent', () => {
    expect(cut(old([['send']]))).toMatchObject({
      checkpoints: ['2 ← null', '3 ← 2'],
      writes: ['2 __pregel_tasks'],
    })
  })

  it('and goes when it holds none', () => {
    expect(cut(old([]), [write('2', 'other')]).checkpoints).toEqual(['3 ← null'])
  })
})

describe('namespaces of subgraphs', () => {
  const roots = [checkpoint('1'), checkpoint('2', { parent: '1' })]
  const call = (id: string, root: string) =>
    checkpoint(id, { ns: `sub:task-of-${root}`, metadata: { parents: { '': root } } })

  it('go with the root checkpoint that called them', () => {
    const { checkpoints, thread } = cut([...roots, call('5', '1'), call('6', '2')])
    expect(checkpoints).toEqual(['2 ← null', 'sub:task-of-2 6 ← null'])
    expect([...thread.heads.keys()]).toEqual(['', 'sub:task-of-2'])
  })

  it('stay where their root checkpoint was never there, and where the subgraph has a checkpointer of its own', () => {
    const own = checkpoint('7', { ns: 'sub', metadata: { parents: { '': '1' } } })
    const { checkpoints } = cut([...roots, call('5', '0'), own])
    expect(checkpoints).toEqual(['2 ← null', 'sub:task-of-0 5 ← null', 'sub 7 ← null'])
  })
})

describe('what cannot be cut', () => {
  it('is a thread with delta channels, by its metadata or by a snapshot', () => {
    const marked = checkpoint('1', {
      metadata: { counters_since_delta_snapshot: { log: 1 } },
      values: LIST(1),
    })
    expect(cut([marked])).toMatchObject({
      checkpoints: [],
      thread: { completeness: 'rejected' },
      reasons: ['delta-not-cut'],
    })
    const plainTrue = checkpoint('1', { values: { done: ['1', true], ...LIST(2) } })
    expect(cut([plainTrue]).thread.completeness).toBe('whole')
  })

  it('is a fork that needs a value which no longer fits into memory; with more memory it is cut', () => {
    const big = (name: string) => ({ messages: [name, [name.repeat(2000)]] as const })
    const chain = ['1', '2', '3', '4', '5'].map((id, at) =>
      checkpoint(id, { ...(at > 0 && { parent: String(at) }), values: big(id) }),
    )
    const forked = [...chain, checkpoint('6', { parent: '1', values: big('1') })]
    expect(cut(forked, [], { copiesBytes: 3000 })).toMatchObject({
      checkpoints: [],
      reasons: ['cut-needs-memory'],
      thread: { completeness: 'rejected' },
    })
    expect(cut(forked, [], { copiesBytes: 1e6 })).toMatchObject({
      checkpoints: ['6 ← null'],
      blobs: ['messages 1'],
    })
    expect(cut(chain, [], { copiesBytes: 3000 })).toMatchObject({
      checkpoints: ['5 ← null'],
      blobs: ['messages 5'],
    })
  })
})

describe('a later pass', () => {
  const known: KnownThread = {
    ...UNKNOWN_THREAD,
    checkpoints: [
      {
        checkpointNs: '',
        checkpointId: '2',
        parentCheckpointId: null,
        channelVersions: new Map(),
        versionsSeen: new Map(),
      },
    ],
  }

  it('keeps what the target has, and links the new head to it', () => {
    const chain = [checkpoint('1'), checkpoint('2', { parent: '1' }), checkpoint('3', { parent: '2' })]
    expect(cut(chain, [], { known }).checkpoints).toEqual(['2 ← null', '3 ← 2'])
  })

  it('does not bring back what is older than what the target has', () => {
    expect(cut([checkpoint('1')], [], { known }).checkpoints).toEqual([])
  })
})
