/** What threads of the plain-Redis savers become, one peculiarity a test. */
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import { treeOf } from '../../../src/codec/tree.js'
import { LAYOUTS } from '../../../src/layouts/index.js'
import { DEFAULT_PREFIXES } from '../../../src/layouts/layout.js'
import { valkey } from '../../../src/layouts/plain/valkey.js'
import { LayoutRegistry } from '../../../src/layouts/registry.js'
import type { Value } from '../../../src/model/value.js'
import { type Key, type Reading, readKeys, reasonsOf } from '../read-case.js'
import {
  base64,
  dict,
  docsCheckpoint,
  docsWrite,
  hash,
  id,
  METADATA,
  msgpack,
  NODE,
  pair,
  string,
  TASK,
  valkeyCheckpoint,
  valkeyWrite,
  version,
} from './plain-values.js'

const textOf = (value: Value | undefined) => {
  const tree = value && treeOf(value)
  return tree?.kind === 'text' ? tree.utf8.toString() : tree
}
const threadsOf = ({ checkpoints }: Reading) =>
  checkpoints.map(({ threadId, checkpointNs, checkpointId }) => [threadId, checkpointNs, checkpointId])

describe('keys with another separator', () => {
  it('leave the thread open where its id holds the separator too; the root graph beside it settles that', () => {
    const nested = docsCheckpoint(`checkpoint$acct$7$${NODE}$${id(2)}`, 2)
    const write = docsWrite(`writes$acct$7$${NODE}$${id(2)}$${TASK}$0`, 'x')
    const alone = readKeys([nested, write])
    expect(alone.checkpoints).toEqual([])
    expect(reasonsOf(alone)).toEqual({ 'ambiguous-thread': 2 })
    const together = readKeys([docsCheckpoint(`checkpoint$acct$7$$${id(1)}`, 1), nested, write])
    expect(threadsOf(together)).toEqual([
      ['acct$7', '', id(1)],
      ['acct$7', NODE, id(2)],
    ])
    expect(together.writes).toMatchObject([{ threadId: 'acct$7', checkpointNs: NODE, channel: 'c' }])
    expect(together.findings).toEqual([])
  })

  it('are split where the metadata says which thread it is, though a node is called with the separator', () => {
    const metadata = JSON.stringify({ ...METADATA, thread_id: 'acct' })
    const key = `checkpoint$acct$my$${NODE}$${id(1)}`
    const reading = readKeys([docsCheckpoint(key, 1, { metadata })])
    expect(threadsOf(reading)).toEqual([['acct', `my$${NODE}`, id(1)]])
  })
})

describe('one name for the keys of several savers', () => {
  const claim = (key: string, type: string) =>
    new LayoutRegistry(LAYOUTS, DEFAULT_PREFIXES).claim(Buffer.from(key), type)

  it('gives writes below a subgraph to the thread, whichever saver is asked first', () => {
    const write = claim(`writes:t:${NODE}:${id(1)}`, 'string')
    expect(write).toMatchObject({ threadId: 't', checkpointNs: NODE, checkpointId: id(1) })
    expect(claim(`writes:user:42:${id(1)}:${TASK}`, 'string')).toMatchObject({ threadId: 'user:42' })
  })

  it('hashes of four savers in one thread are told apart by their fields', () => {
    const upstash = {
      checkpoint_type: 'msgpack',
      checkpoint: base64(msgpack(dict(2))),
      metadata_type: 'msgpack',
      metadata: base64(msgpack(METADATA)),
      parent_checkpoint_id: id(1),
    }
    const decimal = (value: unknown) => [...Buffer.from(JSON.stringify(value))].join(',')
    const javascript = {
      checkpoint: decimal(dict(3, { channel_versions: { c: 3 } })),
      type: 'json',
      metadata_type: 'json',
      metadata: decimal(METADATA),
      parent_checkpoint_id: id(2),
    }
    const fork = {
      thread_id: 't',
      checkpoint_ns: '__empty__',
      checkpoint_id: id(3),
      parent_checkpoint_id: id(3),
      checkpoint: JSON.stringify({ type: 'json', ...dict(4) }),
      metadata: JSON.stringify(METADATA),
    }
    const reading = readKeys([
      docsCheckpoint(`checkpoint:t::${id(1)}`, 1),
      hash(`checkpoint:t::${id(2)}`, upstash),
      hash(`checkpoint:t::${id(3)}`, javascript),
      hash(`checkpoint:t:__empty__:${id(3)}`, fork),
      hash(`writes:t::${id(3)}:${TASK}:0`, { channel: 'c', type: 'json', value: decimal({ a: 1 }) }),
      hash(`checkpoint_writes:t::${id(2)}`, {
        [`${TASK}:0`]: JSON.stringify({ ...valkeyWrite(0, 'x'), task_path: '~p' }),
      }),
    ])
    expect(reading.findings).toEqual([])
    const found = reading.checkpoints.map(({ checkpointId, parentCheckpointId, origin }) => [
      checkpointId,
      parentCheckpointId,
      origin.layout,
    ])
    expect(found).toEqual([
      [id(1), null, 'docs-hash'],
      [id(2), id(1), 'upstash'],
      [id(3), id(2), 'checkpoint-redis'],
      [id(4), id(3), 'python-hash'],
    ])
    expect(reading.writes).toMatchObject([
      { taskPath: '~p', idx: 0, origin: { layout: 'upstash' } },
      { taskPath: '', value: { encoding: 'js-json', bytes: Buffer.from('{"a":1}') } },
    ])
  })

  it('a JavaScript write of one byte has no comma: its checkpoint tells that it is a byte, and not a number or Python’s', () => {
    const bytes = (text: string) => [...Buffer.from(text)].join(',')
    const checkpoint = (n: number, spell: (text: string) => string) =>
      hash(`checkpoint:t::${id(n)}`, {
        checkpoint: spell(JSON.stringify(dict(n, { channel_versions: { c: n } }))),
        type: 'json',
        metadata_type: 'json',
        metadata: spell(JSON.stringify(METADATA)),
        parent_checkpoint_id: '',
      })
    const write = (n: number, value: string) =>
      hash(`writes:t::${id(n)}:${TASK}:0`, { channel: 'c', type: 'json', value })
    const firstRelease = (text: string) => text
    const reading = readKeys([
      checkpoint(1, firstRelease),
      checkpoint(2, bytes),
      docsCheckpoint(`checkpoint:t::${id(3)}`, 3),
      write(1, firstRelease('48')),
      write(2, bytes('0')),
      write(3, '48'),
    ])
    expect(reading.findings).toEqual([])
    const read = reading.writes.map(({ origin, value }) => [origin.layout, String(value.bytes)])
    expect(read).toEqual([
      ['checkpoint-redis', '48'],
      ['checkpoint-redis', '0'],
      ['docs-hash', '48'],
    ])
  })

  it('leaves hashes of other applications alone, and each is named once', () => {
    const reading = readKeys([
      hash(`checkpoint:app:job:${id(1)}`, { state: 'done', type: 'job' }),
      hash('checkpoint:other:app:doc', { checkpoint: 'x' }),
      hash(`writes:app::${id(1)}:${TASK}:0`, { by: 'somebody' }),
    ])
    expect([...reading.refused, ...reading.unclaimed]).toHaveLength(3)
    expect(reading.findings).toEqual([])
    expect(reading.checkpoints).toEqual([])
  })
})

describe('the Valkey saver', () => {
  it('takes the braces off a thread id, unless they are its own: then the writes follow the value, too', () => {
    const reading = readKeys([
      valkeyCheckpoint(`checkpoint:{t}::${id(1)}`, 't', 1),
      string(`writes:{t}::${id(1)}`, [valkeyWrite(0, 'x')]),
      valkeyCheckpoint(`checkpoint:{own}::${id(1)}`, '{own}', 1),
      string(`writes:{own}::${id(1)}`, [valkeyWrite(0, 'y')]),
    ])
    expect(threadsOf(reading)).toEqual([
      ['t', '', id(1)],
      ['{own}', '', id(1)],
    ])
    expect(reading.writes.map(({ threadId, value }) => [threadId, textOf(value)])).toEqual([
      ['t', 'x'],
      ['{own}', 'y'],
    ])
  })

  it('keeps of two writes under one index the one that Postgres would have kept', () => {
    const writes = [
      valkeyWrite(-4, 'old resume', '__resume__'),
      valkeyWrite(0, 'first'),
      valkeyWrite(0, 'again'),
      valkeyWrite(-4, 'new resume', '__resume__'),
    ]
    const reading = readKeys([
      valkeyCheckpoint(`checkpoint:t::${id(1)}`, 't', 1),
      string(`writes:t::${id(1)}`, writes),
    ])
    expect(reading.writes.map(({ idx, value }) => [idx, textOf(value)])).toEqual([
      [-4, 'new resume'],
      [1, 'first'],
    ])
    expect(reasonsOf(reading)).toEqual({ 'duplicate-write': 2 })
  })

  it('takes the newer of two copies of a checkpoint with its writes, and says what differs', () => {
    const old = { checkpoint: base64(msgpack(dict(1, { channel_values: { c: 'older' } }))) }
    const keys = [
      valkeyCheckpoint(`checkpoint:t::${id(1)}`, 't', 1, old),
      valkeyCheckpoint(`checkpoint:{t}::${id(1)}`, 't', 1),
      string(`writes:t::${id(1)}`, [valkeyWrite(0, 'older')]),
      string(`writes:{t}::${id(1)}`, [valkeyWrite(0, 'newer')]),
    ]
    const reading = readKeys(keys, DEFAULT_PREFIXES, [valkey])
    const kept = reading.checkpoints.map(({ channelValues }) => textOf(channelValues.get('c')))
    expect(kept).toEqual(['value 1'])
    expect(reading.writes.map(({ value }) => textOf(value))).toEqual(['newer'])
    expect(reading.findings).toMatchObject([
      { reason: 'older-copy', detail: 'differs in channel c' },
      { reason: 'duplicate-write' },
    ])
  })

  it('loses one write of a list, not all of them, where one cannot be read', () => {
    const writes = [valkeyWrite(0, 'x'), { task_id: TASK, idx: 1 }, valkeyWrite(2, 'y')]
    const reading = readKeys([
      valkeyCheckpoint(`checkpoint:t::${id(1)}`, 't', 1),
      string(`writes:t::${id(1)}`, writes),
    ])
    expect(reading.writes.map(({ value }) => textOf(value))).toEqual(['x', 'y'])
    expect(reading.findings).toMatchObject([{ reason: 'undecodable', detail: 'offset 0: no channel' }])
  })
})

describe('plainredis', () => {
  const checkpoint = (n: number, parent: number | null, versions: object): Key => {
    const { channel_values: _, ...stored } = dict(n, { channel_versions: versions })
    const parentId = parent === null ? null : id(parent)
    return string(`lg:cp:t::${id(n)}`, pair({ checkpoint: stored, metadata: METADATA, parent_id: parentId }))
  }

  it('gives every checkpoint the values of its versions; an empty channel has none, a lost one is named', () => {
    const reading = readKeys([
      checkpoint(1, null, { a: 1, b: 1, 'branch:to:x': 1 }),
      checkpoint(2, 1, { a: 2, b: 1, gone: 2 }),
      string('lg:blob:t::a:1', pair('a1')),
      string('lg:blob:t::a:2', { t: 'empty', d: '' }),
      string('lg:blob:t::b:1', pair('b1')),
      string('lg:blob:t::branch:to:x:1', pair('x1')),
    ])
    const values = reading.checkpoints.map(({ channelValues }) =>
      Object.fromEntries([...channelValues].map(([channel, value]) => [channel, textOf(value)])),
    )
    expect(values).toEqual([{ a: 'a1', b: 'b1', 'branch:to:x': 'x1' }, { b: 'b1' }])
    expect(reading.findings).toMatchObject([
      { reason: 'value-lost-at-source', checkpointId: id(2), detail: expect.stringContaining('gone') },
    ])
  })

  it('says which checkpoint of a fork wrote over whose value', () => {
    const reading = readKeys([
      checkpoint(1, null, { a: 1 }),
      checkpoint(2, 1, { a: 2 }),
      checkpoint(3, 1, { a: 2 }),
      string('lg:blob:t::a:1', pair('first')),
      string('lg:blob:t::a:2', pair('of the fork')),
    ])
    expect(reading.findings).toMatchObject([
      { reason: 'value-overwritten', checkpointId: id(2), detail: `channel a: by checkpoint ${id(3)}` },
    ])
  })

  it('hands a value that cannot be read to the checkpoints that need it, so that they are left out', () => {
    const reading = readKeys([
      checkpoint(1, null, { a: 1 }),
      string('lg:blob:t::a:1', { t: 'msgpack', d: '*' }),
    ])
    const value = reading.checkpoints[0]!.channelValues.get('a')!
    expect(() => treeOf(value)).toThrow(DecodeError)
  })
})

describe('a checkpoint that cannot be read', () => {
  it('is named with its key, its ids and the offset, and the others of its thread go on', () => {
    const whole = msgpack(dict(2))
    const reading = readKeys([
      docsCheckpoint(`checkpoint:t::${id(1)}`, 1),
      docsCheckpoint(`checkpoint:t::${id(2)}`, 2, { checkpoint: whole.subarray(0, -3) }),
      docsCheckpoint(`checkpoint:t::${id(3)}`, 3),
    ])
    expect(reading.checkpoints.map(({ checkpointId }) => checkpointId)).toEqual([id(1), id(3)])
    expect(reading.findings).toEqual([
      {
        reason: 'undecodable',
        threadId: 't',
        checkpointNs: '',
        checkpointId: id(2),
        key: Buffer.from(`checkpoint:t::${id(2)}`),
        detail: expect.stringMatching(/^offset \d+: /),
      },
    ])
  })

  it('is refused by name where all of it is encrypted', () => {
    const reading = readKeys([
      docsCheckpoint(`checkpoint:t::${id(1)}`, 1, {
        type: 'msgpack+aes',
        checkpoint: Buffer.alloc(64, 0xaa),
      }),
    ])
    expect(reading.findings).toMatchObject([{ reason: 'unsupported-value', detail: /msgpack\+aes/ }])
  })

  it('keeps a value with a tuple for a key, which the saver of its time could not read back', () => {
    // { [1, 2]: 'x' }, as msgpack of Python wrote it.
    const tupleKey = Buffer.from([0x81, 0x92, 1, 2, 0xa1, 0x78])
    const head = msgpack({ channel_versions: { c: 1 } })
    const values = Buffer.concat([msgpack('channel_values'), Buffer.from([0x81]), msgpack('c'), tupleKey])
    const checkpoint = Buffer.concat([Buffer.from([0x82]), head.subarray(1), values])
    const reading = readKeys([docsCheckpoint(`checkpoint:t::${id(1)}`, 1, { checkpoint })])
    expect(treeOf(reading.checkpoints[0]!.channelValues.get('c')!)).toMatchObject({
      kind: 'map',
      entries: [[{ kind: 'tuple' }, { kind: 'text' }]],
    })
  })

  it('is refused where its messages are what Python prints of them', () => {
    const printed = dict(1, { channel_values: { messages: ["content='hi' additional_kwargs={}"] } })
    const text = JSON.stringify({ checkpoint: printed }).replaceAll('":', '": ')
    const reading = readKeys([string(`checkpoint:t:${id(1)}`, text)])
    expect(reading.findings).toMatchObject([{ reason: 'unsupported-value', detail: /repr/ }])
  })
})

describe('other runtimes and other histories', () => {
  it('refuses checkpoints of Go and Java by the name of their runtime', () => {
    const go = { id: 'c1', node_name: 'a', state: {}, metadata: {}, timestamp: '2025', version: 1 }
    const reading = readKeys([
      string('graph:checkpoint:content:t1', Buffer.from([0, 5, 0x73, 0x72])),
      hash('langgraph4j:checkpoint:c1', {
        checkpoint_id: 'c1',
        thread_id: 't2',
        node_id: 'a',
        state_data: '{}',
      }),
      string('langgraph:checkpoint:c1', go),
    ])
    const refused = reading.findings.map(({ reason, threadId, detail }) => [reason, threadId, detail])
    expect(refused.sort()).toEqual([
      ['foreign-runtime', 'c1', 'LangGraphGo (Go)'],
      ['foreign-runtime', 't1', 'Spring AI Alibaba Graph (Java)'],
      ['foreign-runtime', 't2', 'LangGraph4j (Java)'],
    ])
    expect(reading.checkpoints).toEqual([])
  })

  it('does not mix the histories of two actors in one session', () => {
    const stored = (n: number, actor: string): Key =>
      string(`agentcore:checkpoint:s:${actor}::${id(n)}`, {
        checkpoint_id: id(n),
        thread_id: 's',
        actor_id: actor,
        checkpoint_ns: '',
        parent_checkpoint_id: null,
        checkpoint_data: { type: 'msgpack', data: base64(msgpack(dict(n))) },
        metadata: { type: 'msgpack', data: base64(msgpack(METADATA)) },
      })
    const reading = readKeys([stored(1, 'ann'), stored(2, 'bob')])
    expect(reading.checkpoints.map(({ checkpointId }) => checkpointId)).toEqual([id(1)])
    expect(reading.findings).toMatchObject([
      { reason: 'ambiguous-thread', checkpointId: id(2), detail: /bob.*ann/ },
    ])
  })
})

describe('versions', () => {
  it('stay what they are in the source: numbers as numbers, texts as texts', () => {
    const numbers = msgpack(dict(1, { channel_versions: { c: 1 }, versions_seen: { node: { c: 1 } } }))
    const [first, second] = readKeys([
      docsCheckpoint(`checkpoint:t::${id(1)}`, 1, { checkpoint: numbers }),
      docsCheckpoint(`checkpoint:t::${id(2)}`, 2),
    ]).checkpoints
    expect(first!.channelVersions.get('c')).toBe(1)
    expect(first!.versionsSeen.get('node')!.get('c')).toBe(1)
    expect(second!.channelVersions.get('c')).toBe(version(2))
  })

  it('of v < 4 keep the Sends that wait in the checkpoint', () => {
    const checkpoint = msgpack(dict(2, { v: 1, pending_sends: ['a', 'b'] }))
    const [read] = readKeys([docsCheckpoint(`checkpoint:t::${id(2)}`, 2, { checkpoint })]).checkpoints
    expect(read!.pendingSends.map(textOf)).toEqual(['a', 'b'])
    expect(read!.fields.has('pending_sends')).toBe(false)
  })
})
