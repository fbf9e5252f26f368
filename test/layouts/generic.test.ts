/** Layouts made of a mapping, one peculiarity a test. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { treeOf } from '../../src/codec/tree.js'
import { parseLayoutFile } from '../../src/layouts/generic/layout-file.js'
import { genericLayout } from '../../src/layouts/generic.js'
import { DEFAULT_PREFIXES } from '../../src/layouts/layout.js'
import type { RedisValue } from '../../src/model/redis-value.js'
import { type Key, readKeys, reasonsOf } from './read-case.js'

const ID = '1f1e0000-0000-6000-8000-000000000002'
const PARENT = '1f1e0000-0000-6000-8000-000000000001'
const TASK = '00000000-aaaa-bbbb-cccc-00000000000a'

const checkpoint = (more: object = {}) => ({
  v: 4,
  ts: 'now',
  id: ID,
  channel_values: { c: 1 },
  channel_versions: { c: 2 },
  versions_seen: {},
  ...more,
})

const layoutOf = (given: object) => genericLayout(parseLayoutFile(JSON.stringify({ id: 'mine', ...given })))
const key = (name: string, value: RedisValue): Key => ({ key: Buffer.from(name), value })
const string = (name: string, content: unknown): Key =>
  key(name, {
    type: 'string',
    bytes: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
  })
const hash = (name: string, fields: Record<string, string | Buffer>): Key =>
  key(name, {
    type: 'hash',
    fields: Object.entries(fields).map(
      ([field, content]) => [Buffer.from(field), Buffer.from(content)] as const,
    ),
  })
const list = (name: string, items: readonly unknown[]): Key =>
  key(name, { type: 'list', items: items.map((item) => Buffer.from(JSON.stringify(item))) })

const JSON_STRINGS = {
  key: 'c:{thread}:{id}',
  type: 'string',
  decode: ['json'],
  checkpoint: 'cp',
  metadata: 'md',
  parent: 'up',
}
const read = (given: object, ...keys: readonly Key[]) => readKeys(keys, DEFAULT_PREFIXES, [layoutOf(given)])
const stored = (more: object = {}, name = `c:t:${ID}`) =>
  string(name, { cp: checkpoint(), md: { step: 1 }, up: PARENT, ...more })

describe('a checkpoint', () => {
  it('has its parts where the mapping says', () => {
    const { checkpoints } = read({ checkpoints: JSON_STRINGS }, stored())
    expect(checkpoints).toMatchObject([
      {
        threadId: 't',
        checkpointNs: '',
        checkpointId: ID,
        parentCheckpointId: PARENT,
        origin: { layout: 'mine' },
      },
    ])
    expect([...checkpoints[0]!.fields.keys()]).toEqual(['v', 'ts'])
    expect(treeOf(checkpoints[0]!.metadata)).toMatchObject({
      kind: 'map',
      entries: [[{}, { kind: 'int', value: 1 }]],
    })
  })

  it('may be a RedisJSON document, an item of a list, or a field of a hash that has others, too', () => {
    const one = { cp: checkpoint(), md: {}, up: '' }
    const { decode: _, ...bare } = JSON_STRINGS
    const document = read(
      { checkpoints: { ...bare, type: 'ReJSON' } },
      key(`c:t:${ID}`, { type: 'ReJSON-RL', text: Buffer.from(JSON.stringify(one)) }),
    )
    const item = read(
      { checkpoints: { ...JSON_STRINGS, key: 'c:{thread}', type: 'list' } },
      list('c:t', [one]),
    )
    const field = read(
      {
        checkpoints: {
          ...JSON_STRINGS,
          key: 'c:{thread}',
          type: 'hash',
          field: '{id}',
          ignore: ['__latest__'],
        },
      },
      hash('c:t', { [ID]: JSON.stringify(one), __latest__: ID }),
    )
    for (const reading of [document, item, field]) {
      expect(reading.findings).toEqual([])
      expect(reading.checkpoints).toMatchObject([
        { threadId: 't', checkpointId: ID, parentCheckpointId: null },
      ])
    }
  })

  it('may be wrapped several times, and have a type that stands nowhere', () => {
    const content = gzipSync(JSON.stringify(checkpoint())).toString('base64')
    const place = { at: 'cp', decode: ['base64', 'gzip', 'typed'], type: { is: 'json' } }
    const { checkpoints } = read(
      { checkpoints: { ...JSON_STRINGS, checkpoint: place } },
      stored({ cp: content }),
    )
    expect(checkpoints).toMatchObject([{ checkpointId: ID }])
  })

  it('goes to the thread that its value names, also where the key names none', () => {
    const thread = { at: 'cfg', inside: ['configurable', 'thread_id'] }
    const cfg = { configurable: { thread_id: 42 } }
    const other = read({ checkpoints: { ...JSON_STRINGS, thread } }, stored({ cfg }))
    const none = read(
      { checkpoints: { ...JSON_STRINGS, key: 'c:{any}:{id}', thread } },
      stored({ cfg }),
      stored({ cp: checkpoint({ id: PARENT }) }, `c:x:${PARENT}`),
    )
    expect(other.checkpoints).toMatchObject([{ threadId: '42' }])
    expect(none.checkpoints).toMatchObject([{ threadId: '42' }])
    expect(none.findings).toMatchObject([{ reason: 'ambiguous-thread', checkpointId: PARENT }])
  })

  it('gets its parent from the order of checkpoints where the saver stores none', () => {
    const { parent: _, ...without } = { ...JSON_STRINGS }
    const { checkpoints, findings } = read(
      { checkpoints: without },
      stored({ cp: checkpoint({ id: PARENT }), md: { step: 0 } }, `c:t:${PARENT}`),
      stored(),
    )
    expect(checkpoints.map(({ parentCheckpointId }) => parentCheckpointId)).toEqual([null, PARENT])
    expect(findings).toMatchObject([{ reason: 'parent-rebuilt', checkpointId: ID }])
  })

  it('is not the only thing in its hash: a field that fits no pattern and is not ignored is named', () => {
    const mapping = { ...JSON_STRINGS, key: 'c:{thread}', type: 'hash', field: 'cp:{id}' }
    const one = JSON.stringify({ cp: checkpoint(), md: {}, up: '' })
    const reading = read({ checkpoints: mapping }, hash('c:t', { [`cp:${ID}`]: one, other: one }))
    expect(reading.checkpoints).toMatchObject([{ checkpointId: ID }])
    expect(reading.findings).toMatchObject([{ reason: 'undecodable', detail: /field "other"/ }])
  })

  it('that cannot be read is a finding, and leaves its neighbours in the same key alone', () => {
    const given = { checkpoints: { ...JSON_STRINGS, key: 'c:{thread}', type: 'hash', field: '{id}' } }
    const { checkpoints, findings } = read(
      given,
      hash('c:t', { [ID]: JSON.stringify({ cp: checkpoint(), md: {}, up: null }), [PARENT]: '{"cp":' }),
    )
    expect(checkpoints).toMatchObject([{ checkpointId: ID }])
    expect(findings).toMatchObject([{ reason: 'undecodable', threadId: 't', checkpointId: PARENT }])
  })

  it('without what the mapping requires is left to other layouts', () => {
    const given = { checkpoints: { ...JSON_STRINGS, requires: ['up', 'app'] } }
    expect(read(given, stored()).refused).toEqual([`c:t:${ID}`])
    expect(read({ checkpoints: JSON_STRINGS }, stored({ cp: undefined })).refused).toEqual([`c:t:${ID}`])
  })

  it('of the JavaScript runtime keeps its JSON as it is', () => {
    const cp = checkpoint({ channel_values: { c: { lc: 1, type: 'constructor', id: ['x'], kwargs: {} } } })
    const { checkpoints } = read({ dialect: 'js', checkpoints: JSON_STRINGS }, stored({ cp }))
    expect(checkpoints[0]!.channelValues.get('c')).toMatchObject({ encoding: 'js-json' })
    expect(treeOf(checkpoints[0]!.channelValues.get('c')!)).toMatchObject({ kind: 'map' })
  })
})

describe('channel values in keys of their own', () => {
  const checkpoints = { ...JSON_STRINGS, key: 'c:{thread}:{ns}:{id}' }
  const blobs = {
    key: 'b:{thread}:{ns}:{channel}:{version}',
    type: 'string',
    decode: ['json'],
    value: {},
    absent: 'none',
  }
  const cp = checkpoint({ channel_values: {}, channel_versions: { 'a:b': 1, gone: 2, empty: 3 } })
  const given = { emptyNs: ['', 'root'], checkpoints, blobs }

  it('are found by the key that the checkpoint would give them', () => {
    const { checkpoints: found, findings } = read(
      given,
      string('b:user:42:root:a:b:1', ['value']),
      string('b:user:42:root:empty:3', '"none"'),
      stored({ cp }, `c:user:42:root:${ID}`),
    )
    expect(found).toMatchObject([{ threadId: 'user:42', checkpointNs: '' }])
    expect([...found[0]!.channelValues.keys()]).toEqual(['a:b'])
    expect(findings).toMatchObject([
      { reason: 'value-lost-at-source', detail: 'channel gone: the key of its value is gone' },
    ])
  })
})

describe('writes', () => {
  const writes = {
    key: 'w:{thread}:{id}',
    type: 'list',
    decode: ['json'],
    task: 'task',
    channel: 'channel',
    value: 'value',
  }
  const write = (channel: string, value: unknown, task = TASK) => ({ task, channel, value })
  const slots = (reading: ReturnType<typeof read>) =>
    reading.writes.map(({ taskId, idx, channel }) => [taskId, idx, channel])

  it('are numbered by their place where the saver does not number them', () => {
    const reading = read(
      { checkpoints: JSON_STRINGS, writes },
      stored(),
      list(`w:t:${ID}`, [write('c', 1), write('d', 2), write('__interrupt__', 3), write('c', 4, PARENT)]),
    )
    expect(slots(reading).sort()).toEqual(
      [
        [TASK, -3, '__interrupt__'],
        [TASK, 0, 'c'],
        [TASK, 1, 'd'],
        [PARENT, 0, 'c'],
      ].sort(),
    )
  })

  it('may stand in a list inside one value, under the task of the key', () => {
    const { task: _, ...rest } = writes
    const reading = read(
      {
        checkpoints: JSON_STRINGS,
        writes: {
          ...rest,
          key: 'w:{thread}:{id}:{task}',
          type: 'string',
          each: 'all',
          channel: { at: 0 },
          value: { at: [1] },
        },
      },
      stored(),
      string(`w:t:${ID}:${TASK}`, {
        all: [
          ['c', 1],
          ['d', 2],
        ],
      }),
    )
    expect(slots(reading)).toEqual([
      [TASK, 0, 'c'],
      [TASK, 1, 'd'],
    ])
  })

  it('under one index are taken once; special ones count the last time', () => {
    const reading = read(
      { checkpoints: JSON_STRINGS, writes },
      stored(),
      list(`w:t:${ID}`, [write('__resume__', 1), write('__resume__', 2)]),
    )
    expect(reading.writes.map(({ value }) => treeOf(value))).toEqual([{ kind: 'int', value: 2 }])
    expect(reasonsOf(reading)).toEqual({ 'duplicate-write': 1 })
  })

  it('take the namespace of their checkpoint where their key has none', () => {
    const ns = `child:${TASK}`
    const reading = read(
      { checkpoints: { ...JSON_STRINGS, key: 'c:{thread}:{ns}:{id}' }, writes },
      stored({}, `c:t:${ns}:${ID}`),
      list(`w:t:${ID}`, [write('c', 1)]),
    )
    expect(reading.writes).toMatchObject([{ checkpointNs: ns }])
  })

  it('that cannot be read leave out neither the checkpoint nor their neighbours', () => {
    const reading = read(
      { checkpoints: JSON_STRINGS, writes },
      stored(),
      list(`w:t:${ID}`, [{ task: TASK, value: 1 }, write('c', 1)]),
    )
    expect(reading.checkpoints).toHaveLength(1)
    expect(slots(reading)).toEqual([[TASK, 0, 'c']])
    expect(reading.findings).toMatchObject([{ reason: 'undecodable', threadId: 't' }])
    expect(reading.findings[0]).not.toHaveProperty('checkpointId')
  })
})

describe('index keys', () => {
  it('of any TYPE belong to their thread and are not read; the more special pattern counts', () => {
    const given = { checkpoints: JSON_STRINGS, index: ['c:{thread}:latest', 'i:{thread}'] }
    const { unread, findings } = read(given, string('c:t:latest', ID), list('i:t', [ID]))
    expect(unread.map(({ role, threadId }) => [role, threadId])).toEqual([
      ['index', 't'],
      ['index', 't'],
    ])
    expect(findings).toEqual([])
  })
})

describe('detection', () => {
  it('knows what the mapping describes, and nothing else', () => {
    const layout = layoutOf({ checkpoints: JSON_STRINGS })
    const ask = ({ key, value }: Key) =>
      layout.recognises({ ...layout.claim(key, value.type, DEFAULT_PREFIXES)!, key, type: value.type }, value)
    expect(ask(stored())).toEqual({ yes: true, evidence: 'checkpoint where the mapping says' })
    expect(ask(string(`c:t:${ID}`, { a: 1 })).yes).toBe(false)
    expect(ask(string(`c:t:${ID}`, 'no JSON')).evidence).toBe('not encoded as the mapping says')
  })
})
