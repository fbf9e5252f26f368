/** What the documents of the official Python savers become, one peculiarity a test. Shapes are those of the versions that wrote them. */
import { describe, expect, it } from 'vitest'
import { treeOf } from '../../../src/codec/tree.js'
import type { RedisValue } from '../../../src/model/redis-value.js'
import type { Value } from '../../../src/model/value.js'
import { document, type Key, readKeys, reasonsOf } from '../read-case.js'

const ZERO = '00000000-0000-0000-0000-000000000000'
const id = (n: number) => `1f1e0000-0000-6000-8000-${String(n).padStart(12, '0')}`
const TASK = '6a146f28-a01a-9b8d-2b05-231d2636793a'
const version = (n: number) => `${String(n).padStart(32, '0')}.0.5`
const text = (value: Value | undefined) => value && treeOf(value)
const textTree = (content: string) => ({ kind: 'text', utf8: Buffer.from(content) })

const jsonKey = (key: string, value: unknown): Key => ({ key: Buffer.from(key), value: document(value) })
const pointer = (key: string, target: string): Key => ({
  key: Buffer.from(key),
  value: { type: 'string', bytes: Buffer.from(target) },
})
const base64 = (content: string | Buffer) => Buffer.from(content).toString('base64')

/** A checkpoint dict with one channel. */
const inner = (n: number, more: object = {}) => ({
  type: 'json',
  v: 4,
  ts: '2026-11-21T00:21:25+00:00',
  id: id(n),
  channel_values: { c: `value ${n}` },
  channel_versions: { c: version(n) },
  versions_seen: { __input__: {}, node: { c: version(n) } },
  pending_sends: [],
  ...more,
})

/** A document of a full saver since 0.3.3. */
const full = (n: number, more: object = {}): Key =>
  jsonKey(`checkpoint:t:__empty__:${id(n)}`, {
    thread_id: 't',
    run_id: '',
    checkpoint_ns: '__empty__',
    checkpoint_id: id(n),
    parent_checkpoint_id: n > 1 ? id(n - 1) : '',
    checkpoint_ts: 1795220485281.3958,
    checkpoint: inner(n),
    metadata: '{"source":"loop","step":1,"parents":{}}',
    has_writes: false,
    source: 'loop',
    step: 1,
    ...more,
  })

/** A document of 0.0.3–0.0.8: under its parent's id. */
const old = (n: number, parent: number, more: object = {}): Key => {
  const parentId = parent === 0 ? ZERO : id(parent)
  return jsonKey(`checkpoint:t:__empty__:${parentId}`, {
    thread_id: 't',
    checkpoint_ns: '__empty__',
    checkpoint_id: parentId,
    parent_checkpoint_id: parentId,
    checkpoint: inner(n, { v: 3 }),
    metadata: '{"source": "loop", "step": 1}',
    ...more,
  })
}

const shallow = (n: number, more: object = {}): Key =>
  jsonKey('checkpoint:t:', {
    thread_id: 't',
    checkpoint_ns: '',
    checkpoint_id: id(n),
    checkpoint: inner(n),
    metadata: { source: 'loop', step: 1 },
    ...more,
  })

const write = (n: number, idx: number, more: object = {}): Key =>
  jsonKey(`checkpoint_write:t:__empty__:${id(n)}:${TASK}:${idx}`, {
    thread_id: 't',
    checkpoint_ns: '__empty__',
    checkpoint_id: id(n),
    task_id: TASK,
    task_path: '~__pregel_pull, node',
    idx,
    channel: 'c',
    type: 'json',
    blob: base64('"written"'),
    ...more,
  })

const blob = (channel: string, ofVersion: string, type: string, content: string | null): Key =>
  jsonKey(`checkpoint_blob:t:__empty__:${channel}:${ofVersion}`, {
    thread_id: 't',
    checkpoint_ns: '__empty__',
    channel,
    version: ofVersion,
    type,
    blob: content,
  })

describe('ids', () => {
  it('come from the document, sentinels resolved where they stand for nothing', () => {
    const { checkpoints } = readKeys([full(1), full(2)])
    expect(checkpoints.map((one) => [one.checkpointNs, one.checkpointId, one.parentCheckpointId])).toEqual([
      ['', id(1), null],
      ['', id(2), id(1)],
    ])
  })

  it('of 0.0.x are put right: the document is stored under its parent', () => {
    const { checkpoints } = readKeys([old(3, 2), old(1, 0), old(2, 1)])
    expect(checkpoints.map((one) => [one.checkpointId, one.parentCheckpointId])).toEqual([
      [id(1), null],
      [id(2), id(1)],
      [id(3), id(2)],
    ])
  })

  it.each([['None'], [ZERO], [null], ['']])('of a parent that is %s mean that there is none', (parent) => {
    const { checkpoints } = readKeys([full(2, { parent_checkpoint_id: parent })])
    expect(checkpoints[0]?.parentCheckpointId).toBeNull()
  })

  it('of a checkpoint that names itself as its parent give none, and a finding', () => {
    const reading = readKeys([full(2, { parent_checkpoint_id: id(2) })])
    expect(reading.checkpoints[0]?.parentCheckpointId).toBeNull()
    expect(reasonsOf(reading)).toEqual({ 'parent-is-itself': 1 })
  })

  it('that a shallow saver stored as a number are text', () => {
    const key = { ...shallow(1, { thread_id: 777 }), key: Buffer.from('checkpoint:777:') }
    expect(readKeys([key]).checkpoints[0]?.threadId).toBe('777')
  })

  it('win over the key: a document of another thread goes there', () => {
    const { checkpoints } = readKeys([full(1, { thread_id: 'elsewhere' })])
    expect(checkpoints.map(({ threadId }) => threadId)).toEqual(['elsewhere'])
  })

  it('that nothing tells are reported', () => {
    const keyOnly = { checkpoint: inner(1), metadata: '{}', parent_checkpoint_id: '' }
    const certain = readKeys([jsonKey(`checkpoint:t:__empty__:${id(1)}`, keyOnly)])
    expect(certain.checkpoints.map(({ threadId }) => threadId)).toEqual(['t'])
    const uncertain = readKeys([jsonKey('checkpoint:t:__empty__:mine', keyOnly)])
    expect(reasonsOf(uncertain)).toEqual({ 'ambiguous-thread': 1 })
  })
})

describe('a checkpoint', () => {
  it('has what the document holds, in its order, and nothing that only the saver added', () => {
    const [one] = readKeys([full(1, { checkpoint: inner(1, { updated_channels: ['c'] }) })]).checkpoints
    expect([...one!.fields.keys()]).toEqual(['v', 'ts', 'updated_channels'])
    expect(text(one?.channelValues.get('c'))).toEqual(textTree('value 1'))
    expect([...one!.channelVersions]).toEqual([['c', version(1)]])
    expect([...one!.versionsSeen].map(([node, seen]) => [node, [...seen]])).toEqual([
      ['__input__', []],
      ['node', [['c', version(1)]]],
    ])
    expect(one?.origin.layout).toBe('python-full')
  })

  it('keeps versions that are numbers as numbers, and refuses what is no version', () => {
    const checkpoint = inner(1, { channel_versions: { c: 7, d: 1.5 }, versions_seen: {} })
    const [one] = readKeys([full(1, { checkpoint })]).checkpoints
    expect([...one!.channelVersions.values()]).toEqual([7, 1.5])
    const broken = readKeys([
      full(1, { checkpoint: inner(1, { channel_versions: { c: true } }) }),
      write(1, 0),
    ])
    expect(broken.checkpoints).toEqual([])
    expect(broken.findings).toMatchObject([{ reason: 'undecodable', checkpointId: id(1) }])
  })

  it('tells a null value from an absent channel', () => {
    const checkpoint = inner(1, { channel_values: { c: null }, channel_versions: { c: 1, gone: 2 } })
    const [one] = readKeys([full(1, { checkpoint })]).checkpoints
    expect([...one!.channelValues.keys()]).toEqual(['c'])
    expect(text(one?.channelValues.get('c'))).toEqual({ kind: 'null' })
  })

  it('has channel names with any character', () => {
    const names = ['branch:to:x', '', '__proto__', 'a"\\b', 'naïve 線', 'nul\u0000']
    const pairs = names.map((name) => `${JSON.stringify(name)}:1`).join()
    const whole = JSON.stringify({ ...JSON.parse(textOf(full(1))), checkpoint: 'HERE' })
    const dict = `{"type":"json","id":"${id(1)}","channel_values":{${pairs}}}`
    const [one] = readKeys([{ ...full(1), value: document(whole.replace('"HERE"', dict)) }]).checkpoints
    expect([...one!.channelValues.keys()]).toEqual(names)
  })

  it.each([
    ['a string', '{"step":1,"writes":null}'],
    ['an object', { step: 1, writes: null }],
  ])('has metadata stored as %s', (_, metadata) => {
    const [one] = readKeys([full(1, { metadata })]).checkpoints
    expect(treeOf(one!.metadata)).toMatchObject({
      kind: 'map',
      entries: [
        [textTree('step'), { kind: 'int', value: 1 }],
        [textTree('writes'), { kind: 'null' }],
      ],
    })
  })

  it('has empty metadata where there is none, and is refused where it is no object', () => {
    expect(treeOf(readKeys([full(1, { metadata: null })]).checkpoints[0]!.metadata)).toMatchObject({
      entries: [],
    })
    expect(reasonsOf(readKeys([full(1, { metadata: '[1]' })]))).toEqual({ undecodable: 1 })
  })

  it('of a run that was cancelled is kept: it has neither source nor checkpoint_ts', () => {
    const cancelled = { checkpoint_ts: undefined, source: undefined, step: undefined }
    const [one] = readKeys([
      full(1, { ...cancelled, metadata: '{"interrupted":true,"stream_mode":"values"}' }),
    ]).checkpoints
    expect(one).toMatchObject({ checkpointId: id(1), origin: { layout: 'python-full' } })
  })

  it('keeps the Sends that stand inside it', () => {
    const send = {
      lc: 2,
      type: 'constructor',
      id: ['langgraph', 'types', 'Send'],
      kwargs: { node: 'n', arg: 1 },
    }
    const [one] = readKeys([full(1, { checkpoint: inner(1, { v: 1, pending_sends: [send] }) })]).checkpoints
    expect(one?.pendingSends.map(text)).toMatchObject([{ kind: 'object', head: { name: 'Send' } }])
  })
})

const textOf = ({ value }: Key) => (value.type === 'ReJSON-RL' ? value.text.toString() : '')

describe('what is no checkpoint', () => {
  it('is a stub where put_writes came without its checkpoint; it never takes the place of one', () => {
    const reading = readKeys([
      jsonKey(`checkpoint:t:__empty__:${id(1)}`, { has_writes: true }),
      write(1, 0),
      full(2),
    ])
    expect(reading.checkpoints.map(({ checkpointId }) => checkpointId)).toEqual([id(2)])
    expect(reasonsOf(reading)).toEqual({ 'stub-document': 1 })
  })

  it('is refused with its ids where the document has fields of one', () => {
    const reading = readKeys([full(1, { checkpoint: undefined })])
    expect(reading.findings).toMatchObject([
      { reason: 'not-a-checkpoint', threadId: 't', checkpointId: id(1) },
    ])
  })

  it.each([
    [
      'a document of the JavaScript saver',
      { ...JSON.parse(textOf(full(1))), checkpoint: { ...inner(1), type: undefined } },
    ],
    ['a document of somebody else', { id: 1, title: 'not ours', metadata: {} }],
    ['a text', '"just text"'],
    ['a list', [1, 2, 3]],
  ])('is left to others where it is %s', (_, value) => {
    const key = `checkpoint:t:__empty__:${id(1)}`
    const reading = readKeys([jsonKey(key, value)])
    expect(reading.refused).toEqual([key])
    expect(reading.findings).toEqual([])
  })
})

describe('writes', () => {
  it('are found by their documents, whatever has_writes says', () => {
    const { writes } = readKeys([full(1, { has_writes: false }), write(1, 0), write(1, 1)])
    expect(
      writes.map(({ checkpointId, taskId, taskPath, idx, channel }) => [
        checkpointId,
        taskId,
        taskPath,
        idx,
        channel,
      ]),
    ).toEqual([
      [id(1), TASK, '~__pregel_pull, node', 0, 'c'],
      [id(1), TASK, '~__pregel_pull, node', 1, 'c'],
    ])
  })

  it.each([
    ['JSON in base64', 'json', base64('"x"'), textTree('x')],
    ['raw JSON, until 0.1.3', 'json', '"x"', textTree('x')],
    ['a number in base64', 'json', base64('7'), { kind: 'int', value: 7 }],
    ['a raw number', 'json', '7', { kind: 'int', value: 7 }],
    ["Python's NaN, which looks like base64", 'json', 'NaN', { kind: 'float', value: Number.NaN }],
    ['bytes, until 0.1.3', 'base64', base64('bytes'), { kind: 'bytes', bytes: Buffer.from('bytes') }],
    ['bytes', 'bytes', base64('bytes'), { kind: 'bytes', bytes: Buffer.from('bytes') }],
    ['a bytearray', 'bytearray', base64('b'), { kind: 'bytearray', bytes: Buffer.from('b') }],
    ['nothing', 'null', '', { kind: 'null' }],
    ['JSON null', 'json', null, { kind: 'null' }],
    ['msgpack', 'msgpack', base64(Buffer.from([0xc4, 1, 5])), { kind: 'bytes', bytes: Buffer.from([5]) }],
    ['a user’s own __bytes__', 'json', base64('{"__bytes__":"AAEC"}'), { kind: 'map' }],
  ])('hold %s', (_, type, content, expected) => {
    const { writes } = readKeys([full(1), write(1, 0, { type, blob: content })])
    expect(treeOf(writes[0]!.value)).toMatchObject(expected)
  })

  it('that are interrupts of 0.1.x become Interrupts, though no marker says so', () => {
    const interrupt = {
      channel: '__interrupt__',
      blob: '[{"value":"ok?","resumable":true,"ns":["n:1"],"when":"during"}]',
    }
    const { writes } = readKeys([
      full(1),
      write(1, -3, interrupt),
      write(1, 0, { blob: '[{"value":1,"id":"x"}]' }),
    ])
    expect(writes.map(({ value }) => treeOf(value))).toMatchObject([
      { items: [{ kind: 'object', head: { name: 'Interrupt' } }] },
      { items: [{ kind: 'map' }] },
    ])
  })

  it('to the special channels get the index of their channel', () => {
    const special = ['__error__', '__scheduled__', '__interrupt__', '__resume__', 'c'].map((channel, idx) =>
      write(1, idx, { channel }),
    )
    const { writes } = readKeys([full(1), ...special])
    expect(writes.map(({ idx }) => idx)).toEqual([-1, -2, -3, -4, 4])
  })

  it('may lack a task path and have the raw empty namespace', () => {
    const { writes } = readKeys([full(1), write(1, 0, { task_path: undefined, checkpoint_ns: '' })])
    expect(writes).toMatchObject([{ taskPath: '', checkpointNs: '' }])
  })

  it.each([
    ['an unknown serde type', { type: 'cloudpickle' }],
    ['text that is no base64', { blob: 'e!' }],
    ['no channel', { channel: undefined, thread_id: 't' }],
    ['an index that is none', { idx: 'first' }],
    ['the type of an empty channel', { type: 'empty', blob: null }],
  ])('with %s are refused, and their checkpoint stays', (_, more) => {
    const reading = readKeys([full(1), write(1, 0, more), write(1, 1)])
    expect(reading.checkpoints).toHaveLength(1)
    expect(reading.writes).toHaveLength(1)
    expect(reading.findings).toHaveLength(1)
    expect(reading.findings[0]).toMatchObject({ threadId: 't' })
    expect(reading.findings[0]).not.toHaveProperty('checkpointId')
  })

  it('of a checkpoint that cannot be read are no orphans', () => {
    const reading = readKeys([full(1, { metadata: 5 }), write(1, 0)])
    expect(reasonsOf(reading)).toEqual({ undecodable: 1 })
  })

  it('without their task are no blobs: they are named, and leave the rest of the thread alone', () => {
    const reading = readKeys([full(1), write(1, 0, { task_id: undefined }), write(1, 1)])
    expect(reading.writes).toHaveLength(1)
    expect(reasonsOf(reading)).toEqual({ undecodable: 1 })
    expect(reading.checkpoints).toHaveLength(1)
  })

  it('that stand for one slot twice are taken once', () => {
    const raw = { ...write(1, 0), key: Buffer.from(`checkpoint_write:t::${id(1)}:${TASK}:0`) }
    const reading = readKeys([full(1), write(1, 0), raw])
    expect(reading.writes).toHaveLength(1)
    expect(reasonsOf(reading)).toEqual({ 'duplicate-write': 1 })
  })
})

describe('blobs of 0.0.x', () => {
  const versions = { c: version(1), only: version(2), emptied: version(3) }

  it('fill in a channel that the document lacks; inline values win, emptied channels stay absent', () => {
    const { checkpoints } = readKeys([
      old(1, 0, { checkpoint: inner(1, { channel_versions: versions }) }),
      blob('c', version(1), 'json', '"another"'),
      blob('only', version(2), 'json', '"from the blob"'),
      blob('emptied', version(3), 'empty', null),
    ])
    const values = [...checkpoints[0]!.channelValues].map(([channel, value]) => [channel, treeOf(value)])
    expect(values).toEqual([
      ['c', textTree('value 1')],
      ['only', textTree('from the blob')],
    ])
  })

  it('of a shallow saver need no version', () => {
    const key = jsonKey('checkpoint_blob:t::only', {
      thread_id: 't',
      checkpoint_ns: '',
      channel: 'only',
      type: 'json',
      blob: '1',
    })
    const { checkpoints } = readKeys([
      shallow(1, { checkpoint: inner(1, { channel_versions: versions }) }),
      key,
    ])
    expect([...checkpoints[0]!.channelValues.keys()]).toEqual(['c', 'only'])
  })

  it('are not asked where the saver never wrote them', () => {
    const { checkpoints } = readKeys([
      full(1, { checkpoint: inner(1, { channel_versions: versions }) }),
      blob('only', version(2), 'json', '"stale"'),
    ])
    expect([...checkpoints[0]!.channelValues.keys()]).toEqual(['c'])
  })

  it('that are too much to hold leave out the checkpoint that needs one, by name', () => {
    const large = `"${'x'.repeat(9 * 1024 * 1024)}"`
    const reading = readKeys([
      old(1, 0, { checkpoint: inner(1, { channel_versions: versions }) }),
      blob('emptied', version(3), 'json', large),
      blob('only', version(2), 'json', large),
    ])
    expect(reading.checkpoints).toEqual([])
    expect(reading.findings).toMatchObject([{ reason: 'undecodable', checkpointId: id(1) }])
  })
})

describe('a thread that several versions wrote', () => {
  it('is one thread: the newer saver goes on where the older stopped', () => {
    const reading = readKeys([old(1, 0), old(2, 1), full(3), full(4), write(2, 0), write(4, 0)])
    expect(
      reading.checkpoints.map((one) => [one.checkpointId, one.parentCheckpointId, one.origin.layout]),
    ).toEqual([
      [id(1), null, 'python-full-0.0'],
      [id(2), id(1), 'python-full-0.0'],
      [id(3), id(2), 'python-full'],
      [id(4), id(3), 'python-full'],
    ])
    expect(reading.writes).toHaveLength(2)
    expect(reading.findings).toEqual([])
  })

  it('prefers the newer copy of a checkpoint, and says what the older one had different', () => {
    const same = { channel_values: { c: 'value 1' } }
    const reading = readKeys([
      old(1, 0),
      full(1, { checkpoint: inner(1, { channel_values: { c: 'newer' } }) }),
      full(2),
    ])
    expect(text(reading.checkpoints[0]?.channelValues.get('c'))).toEqual(textTree('newer'))
    expect(reading.checkpoints).toHaveLength(2)
    expect(reading.findings).toMatchObject([
      { reason: 'older-copy', detail: 'differs in channel c', checkpointId: id(1) },
    ])
    const equal = readKeys([old(1, 0), full(1, { checkpoint: inner(1, same) })])
    expect(equal.findings).toMatchObject([{ reason: 'older-copy' }])
    expect(equal.findings[0]).not.toHaveProperty('detail')
  })

  it('keeps the full saver’s copy beside a shallow one', () => {
    const reading = readKeys([shallow(2), full(1), full(2)])
    expect(reading.checkpoints.map((one) => [one.checkpointId, one.parentCheckpointId])).toEqual([
      [id(1), null],
      [id(2), id(1)],
    ])
    expect(reasonsOf(reading)).toEqual({ 'older-copy': 1 })
  })
})

describe('a shallow saver', () => {
  it('leaves writes of replaced checkpoints behind, which say so: the target may still have theirs', () => {
    const reading = readKeys([shallow(5), write(5, 0), write(3, 0), write(4, 0), write(6, 0)])
    expect(reading.checkpoints).toMatchObject([
      { parentCheckpointId: null, origin: { layout: 'python-shallow' } },
    ])
    expect(reading.writes.map(({ checkpointId, isReplaced }) => [checkpointId, isReplaced])).toEqual([
      [id(3), true],
      [id(4), true],
      [id(5), undefined],
      [id(6), undefined],
    ])
  })

  it('below v 4 has its pending Sends in the newest older writes: those become its parent’s', () => {
    const v3 = { checkpoint: inner(5, { v: 3 }) }
    const send = { channel: '__pregel_tasks' }
    const reading = readKeys([shallow(5, v3), write(3, 0, send), write(4, 0, send), write(4, 1), write(5, 0)])
    expect(reading.checkpoints).toMatchObject([{ checkpointId: id(5), parentCheckpointId: id(4) }])
    const kept = reading.writes.filter(({ isReplaced }) => !isReplaced)
    expect(kept.map(({ checkpointId, channel }) => [checkpointId, channel])).toEqual([
      [id(4), '__pregel_tasks'],
      [id(5), 'c'],
    ])
    expect(reading.writes).toHaveLength(4)
  })

  it('below v 4 without Sends has no parent', () => {
    const reading = readKeys([shallow(5, { checkpoint: inner(5, { v: 3 }) }), write(4, 0)])
    expect(reading.checkpoints).toMatchObject([{ parentCheckpointId: null }])
    expect(reading.writes).toMatchObject([{ isReplaced: true }])
  })

  it('keeps a subgraph in a key that looks like a full saver’s', () => {
    const ns = `sub:${TASK}`
    const key = { ...shallow(1, { checkpoint_ns: ns }), key: Buffer.from(`checkpoint:t:${ns}`) }
    expect(readKeys([key]).checkpoints).toMatchObject([
      { threadId: 't', checkpointNs: ns, checkpointId: id(1) },
    ])
  })
})

describe('pointers', () => {
  const latest = 'checkpoint_latest:t:__empty__'

  it('to a checkpoint that is there say nothing, to one that is gone a little', () => {
    expect(readKeys([full(1), pointer(latest, `checkpoint:t:__empty__:${id(1)}`)]).findings).toEqual([])
    const dangling = readKeys([full(1), pointer(latest, `checkpoint:t:__empty__:${id(9)}`)])
    expect(dangling.findings).toMatchObject([{ reason: 'dangling-pointer', checkpointId: id(9) }])
  })

  it('to a document that cannot be read are not dangling', () => {
    const reading = readKeys([full(1, { metadata: 5 }), pointer(latest, `checkpoint:t:__empty__:${id(1)}`)])
    expect(reasonsOf(reading)).toEqual({ undecodable: 1 })
  })
})

describe('a damaged document', () => {
  const whole = textOf(full(1, { checkpoint: inner(1, { pending_sends: [1] }) }))
  const read = (content: string) => readKeys([{ ...full(1), value: document(content) as RedisValue }])

  it('is a finding or nothing of ours, wherever it is cut', () => {
    for (let length = 0; length < whole.length; length++) {
      const { checkpoints, findings, refused } = read(whole.slice(0, length))
      expect(checkpoints).toEqual([])
      expect(findings.length + refused.length).toBe(1)
    }
  })

  it('never throws, whichever byte is changed', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const byte of ['"', '{', '}', ',', '\\', '0', 'n']) {
        const { checkpoints, findings, refused } = read(whole.slice(0, at) + byte + whole.slice(at + 1))
        expect(checkpoints.length + findings.length + refused.length).toBeGreaterThan(0)
      }
    }
  })
})
