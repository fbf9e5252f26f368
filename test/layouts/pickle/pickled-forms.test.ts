/** Forms of pickled values, one peculiarity a test: which form it is, whose, and what is made of it. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { treeOf } from '../../../src/codec/tree.js'
import { PICKLED_LAYOUTS } from '../../../src/layouts/pickle/pickled-layouts.js'
import { fixture } from '../../corpus/cases.js'
import { runPython } from '../../services/python.js'
import { type Key, keysOf, readKeys, reasonsOf } from '../read-case.js'

const ID = '1f1e0000-0000-6000-8000-000000000002'
const PARENT = '1f1e0000-0000-6000-8000-000000000001'
const OTHER = '1f1e0000-0000-6000-8000-000000000003'
const TASK = '00000000-aaaa-bbbb-cccc-00000000000a'

let pickles: Record<string, string> = {}
beforeAll(async () => {
  pickles = JSON.parse(await runPython(join(import.meta.dirname, 'pickled-forms.py')))
})

const bytes = (name: string, content: Buffer): Key => ({
  key: Buffer.from(name),
  value: { type: 'string', bytes: content },
})
const pickle = (name: string, which: string) => bytes(name, Buffer.from(pickles[which]!, 'base64'))
const read = (...keys: readonly Key[]) => readKeys(keys)
const slots = (reading: ReturnType<typeof read>) =>
  reading.writes.map(({ taskId, idx, channel }) => [taskId, idx, channel])

describe('the form of a value', () => {
  it.each([
    ['triple', `langgraph:checkpoint:t:${ID}`, 'pickle-parent-triple', PARENT],
    ['first triple', `langgraph:checkpoint:t:${ID}`, 'pickle-parent-triple', null],
    ['triple', `checkpoint:t:${ID}`, 'pickle-parent-triple', PARENT],
    ['compressed', `langgraph:checkpoint:t:${ID}`, 'pickle-parent-triple', PARENT],
    ['pair', `langgraph:checkpoint:t:${ID}`, 'pickle-pair', PARENT],
    ['dict', `checkpoint:t:${ID}`, 'pickle-dict', null],
    ['dict', `checkpoint:t::${ID}`, 'pickle-dict-ns', null],
    ['dict', 'checkpoint:t', 'pickle-dict', null],
    ['dict with writes', `checkpoint:t::${ID}`, 'pickle-dict-writes', null],
    ['bare', 'checkpoint:t', 'pickle-bare', null],
    ['snapshot', 'langgraph_thread:t', 'memory-snapshot', PARENT],
    ['snapshot', 'edu:ckpt:t', 'memory-snapshot', PARENT],
    ['snapshot', 'checkpoint:t', 'memory-snapshot', PARENT],
  ])('%s under %s is %s', (which, name, layout, parent) => {
    const { checkpoints, findings } = read(pickle(name, which))
    expect(checkpoints).toMatchObject([
      { threadId: 't', checkpointNs: '', checkpointId: ID, parentCheckpointId: parent, origin: { layout } },
    ])
    const missing = layout === 'pickle-bare' ? ['metadata-missing'] : []
    expect(findings.map(({ reason }) => reason)).toEqual(missing)
  })

  it('is found under prefixes of the user’s own, of which one may begin with another', () => {
    const prefixes = { checkpoint: ['bot'], checkpointWrite: ['bot:writes'], checkpointBlob: [] }
    const reading = readKeys(
      [
        pickle(`bot:t:${ID}`, 'pair'),
        pickle(`bot:writes:t:${ID}`, 'writes with task'),
        pickle('bot:u', 'snapshot of another'),
      ],
      prefixes,
    )
    expect(reading.checkpoints.map(({ threadId, origin }) => [threadId, origin.layout])).toEqual([
      ['t', 'pickle-pair'],
      ['other', 'memory-snapshot'],
    ])
    expect(reading.writes).toHaveLength(2)
  })
})

describe('whose a value is', () => {
  it('is said by its config, whatever the key looks like', () => {
    const { checkpoints } = read(
      pickle(`checkpoint:a::${ID}`, 'config triple'),
      pickle('checkpoint:x', 'dict of a number'),
    )
    expect(checkpoints.map(({ threadId, checkpointNs }) => [threadId, checkpointNs]).sort()).toEqual([
      ['42', ''],
      ['a:', 'sub|1'],
    ])
  })

  it('is said by the key, whose last part is a bare namespace where the form has one', () => {
    const written = read(pickle(`checkpoint:user:42:node:${ID}`, 'dict with writes'))
    const nested = read(pickle(`checkpoint:user:42:node:${ID}`, 'nested dict'))
    const plain = read(pickle(`checkpoint:user:42:node:${ID}`, 'dict'))
    expect(written.checkpoints).toMatchObject([{ threadId: 'user:42', checkpointNs: 'node' }])
    expect(nested.checkpoints).toMatchObject([{ threadId: 'user:42', checkpointNs: 'node' }])
    expect(plain.checkpoints).toMatchObject([{ threadId: 'user:42:node', checkpointNs: '' }])
  })

  it('is said by the key with the namespace of a task', () => {
    const ns = `child:${TASK}|1`
    const { checkpoints } = read(pickle(`checkpoint:user:42:${ns}:${ID}`, 'dict with writes'))
    expect(checkpoints).toMatchObject([{ threadId: 'user:42', checkpointNs: ns }])
  })
})

describe('parents that were never stored', () => {
  it('are those of the step before', () => {
    const { checkpoints, findings } = read(
      pickle(`checkpoint:t::${PARENT}`, 'earlier dict'),
      pickle(`checkpoint:t::${ID}`, 'dict with writes'),
      pickle(`checkpoint:t::${OTHER}`, 'later dict'),
    )
    expect(checkpoints.map(({ parentCheckpointId }) => parentCheckpointId)).toEqual([null, PARENT, PARENT])
    expect(findings.map(({ reason, checkpointId }) => [reason, checkpointId])).toEqual([
      ['parent-rebuilt', ID],
      ['parent-rebuilt', OTHER],
    ])
  })
})

describe('writes', () => {
  const triple = () => pickle(`langgraph:checkpoint:t:${ID}`, 'triple')

  it('without a task are those of the null task; of several special ones the last counts', () => {
    const reading = read(triple(), pickle(`langgraph:writes:t:${ID}`, 'writes without task'))
    const nobody = '00000000-0000-0000-0000-000000000000'
    expect(slots(reading)).toEqual([
      [nobody, 0, 'c'],
      [nobody, -3, '__interrupt__'],
    ])
    expect(treeOf(reading.writes[1]!.value)).toEqual({ kind: 'int', value: 3 })
    expect(reasonsOf(reading)).toEqual({ 'duplicate-write': 1 })
  })

  it('have the task of the value, or that of the key', () => {
    const value = read(triple(), pickle(`langgraph:writes:t:${ID}:${PARENT}`, 'writes with task'))
    const dict = read(
      pickle(`checkpoint:t::${ID}`, 'dict with writes'),
      pickle(`checkpoint:t::${ID}:writes:${PARENT}`, 'task dict'),
    )
    expect(slots(value)).toEqual([
      [TASK, 0, 'c'],
      [TASK, 1, 'd'],
    ])
    expect(slots(dict)).toEqual([
      [TASK, 0, 'c'],
      [TASK, -3, '__interrupt__'],
    ])
  })

  it('in another form are left to others', () => {
    const { refused, writes } = read(triple(), pickle(`langgraph:writes:t:${ID}:${TASK}`, 'no writes'))
    expect(writes).toEqual([])
    expect(refused).toEqual([`langgraph:writes:t:${ID}:${TASK}`])
  })
})

describe('a snapshot', () => {
  it('has values inside a checkpoint or apart, and paths of tasks', () => {
    const { checkpoints, writes } = read(pickle('langgraph_thread:t', 'snapshot'))
    expect(treeOf(checkpoints[0]!.channelValues.get('c')!)).toEqual({ kind: 'int', value: 1 })
    expect(writes).toMatchObject([{ taskId: TASK, taskPath: '~path', idx: 0, channel: 'c' }])
  })

  it('belongs to the thread that its parts name', () => {
    expect(read(pickle('langgraph_thread:t', 'snapshot of another')).checkpoints).toMatchObject([
      { threadId: 'other' },
    ])
  })

  it('of several threads is refused', () => {
    expect(read(pickle('langgraph_thread:t', 'snapshot of two')).findings).toMatchObject([
      { reason: 'unsupported-value', detail: 'offset 0: a snapshot of 2 threads' },
    ])
  })

  it('of 2024 has bytes without type tags, and lists of writes', () => {
    const { checkpoints, writes } = read(pickle('langgraph_thread:t', 'snapshot of bytes'))
    expect(checkpoints).toMatchObject([{ checkpointId: ID, parentCheckpointId: null }])
    expect(writes).toMatchObject([{ taskId: TASK, idx: 0, taskPath: '' }])
  })

  it('with a checkpoint that cannot be read gives all others', () => {
    const { checkpoints, findings } = read(pickle('langgraph_thread:t', 'damaged snapshot'))
    expect(checkpoints).toMatchObject([{ checkpointId: ID }])
    expect(findings).toMatchObject([{ reason: 'undecodable', threadId: 't', checkpointId: OTHER }])
  })
})

describe('what is no checkpoint', () => {
  it('is left alone where it never was meant to be one, and reported where it was', () => {
    const reading = read(
      pickle(`checkpoint:t:${ID}`, 'something else'),
      pickle('checkpoint:settings', 'something else'),
      bytes('checkpoint:counter', Buffer.from('42')),
      bytes('langgraph:mood_override:t', Buffer.from('happy')),
      pickle(`checkpoint:t:${PARENT}`, 'damaged compression'),
      pickle(`checkpoint:t:${OTHER}`, 'dict without id'),
    )
    expect(reading.checkpoints).toEqual([])
    expect(reading.refused).toEqual([`checkpoint:t:${ID}`])
    expect(reading.unclaimed.sort()).toEqual([
      'checkpoint:counter',
      'checkpoint:settings',
      'langgraph:mood_override:t',
    ])
    expect(reading.findings.map(({ reason, checkpointId }) => [reason, checkpointId])).toEqual([
      ['undecodable', PARENT],
      ['not-a-checkpoint', OTHER],
    ])
  })

  it.each(['f2', 'f3', 'f4', 'f6', 'f8'])(
    'never makes a reader throw: values of %s with any byte changed',
    (name) => {
      const [first] = keysOf(fixture(`pickle/${name}`)).filter(
        ({ value }) => value.type === 'string' && value.bytes.length > 200,
      )
      const { key, value } = first!
      if (value.type !== 'string') throw new Error('a string is expected here')
      for (let at = 0; at < value.bytes.length; at += 3) {
        for (const byte of [0x00, 0x2e, 0x68, 0x81, 0x94]) {
          const changed = Buffer.from(value.bytes)
          changed[at] = byte
          const { checkpoints, findings, refused } = readKeys([
            { key, value: { type: 'string', bytes: changed } },
          ])
          expect(checkpoints.length + findings.length + refused.length).toBeGreaterThan(0)
        }
      }
    },
  )
})

describe('the table of pickling savers', () => {
  it('has one reader, that of the first', () => {
    const [first, ...others] = PICKLED_LAYOUTS
    for (const { readBy } of others) expect(readBy).toBe(first!.id)
  })
})
