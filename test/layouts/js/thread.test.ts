/** What the documents of the official JavaScript savers become, one peculiarity a test. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LAYOUTS } from '../../../src/layouts/index.js'
import { claimJsKey, looksLikeJs } from '../../../src/layouts/js/keys.js'
import { DEFAULT_PREFIXES } from '../../../src/layouts/layout.js'
import { LayoutRegistry } from '../../../src/layouts/registry.js'
import { fixtures, fullCorpora, linesOf } from '../../corpus/cases.js'
import { document, type Key, keysOf, type Reading, readKeys, reasonsOf } from '../read-case.js'
import { jsBlob, jsCheckpoint, jsId, jsShallow, jsWrite } from './documents.js'

const NESTED = 'node:6a146f28-a01a-5b8d-ab05-231d2636793a'
const textOf = (bytes: Buffer | undefined) => bytes?.toString()
const values = ({ checkpoints }: Reading) =>
  checkpoints.map(({ channelValues }) =>
    Object.fromEntries([...channelValues].map(([channel, value]) => [channel, textOf(value.bytes)])),
  )

interface Expected {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly parent_checkpoint_id: string | null
  readonly checkpoint: { readonly channel_versions: Record<string, unknown>; readonly v: number }
}

describe.each([...fixtures('js'), ...fullCorpora('js')])('$name', (from) => {
  const reading = readKeys(keysOf(from))

  it('has every checkpoint with its ids, parent and versions, parents first', () => {
    const read = new Map(
      reading.checkpoints.map((one) => [
        JSON.stringify([one.threadId, one.checkpointNs, one.checkpointId]),
        { parent: one.parentCheckpointId, versions: Object.fromEntries(one.channelVersions) },
      ]),
    )
    const expected = linesOf<Expected>(from, 'expected.jsonl')
    for (const { thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint } of expected) {
      const found = read.get(JSON.stringify([thread_id, checkpoint_ns, checkpoint_id]))
      expect(found?.parent).toBe(parent_checkpoint_id)
      // Before v 4 the official reader makes up a version for the Sends of the parent.
      const { __pregel_tasks: _, ...versions } = checkpoint.channel_versions
      if (checkpoint.v < 4) expect(found?.versions).toEqual(versions)
      else expect(found?.versions).toEqual(checkpoint.channel_versions)
    }
    expect(read.size).toBe(expected.length)
    const seen = new Set<string>()
    for (const { checkpointId, parentCheckpointId } of reading.checkpoints) {
      if (parentCheckpointId !== null && read.has(parentCheckpointId))
        expect(seen).toContain(parentCheckpointId)
      seen.add(checkpointId)
    }
  })

  it('is of JavaScript in every key', () => {
    expect(reading.unclaimed).toEqual([])
    expect(reading.refused).toEqual([])
    const layouts = new Set(reading.checkpoints.map(({ origin }) => origin.layout))
    expect([...layouts]).toEqual([from.name.includes('shallow') ? 'js-shallow' : 'js-redis-saver'])
  })
})

describe('checkpoints', () => {
  it('come with what their own document holds; the rest is theirs by the versions', () => {
    const reading = readKeys([
      jsCheckpoint(1, { versions: { a: 1, b: 1 }, values: { a: { n: 1 }, b: null } }),
      jsCheckpoint(2, { versions: { a: 1, b: 2 }, values: { b: 'x' } }),
    ])
    expect(values(reading)).toEqual([{ a: '{"n":1}', b: 'null' }, { b: '"x"' }])
    expect(reading.checkpoints.every(({ valuesAreDelta }) => valuesAreDelta)).toBe(true)
  })

  it('of the shallow saver are whole', () => {
    const reading = readKeys([jsShallow(3)])
    expect(reading.checkpoints[0]).toMatchObject({ valuesAreDelta: false, parentCheckpointId: jsId(2) })
  })

  it('that __copy__ made are marked: a fork without any value', () => {
    const fork = { parent: 1, versions: { c: 2 }, values: {}, metadata: { source: 'fork' } }
    const { checkpoints } = readKeys([jsCheckpoint(1), jsCheckpoint(2), jsCheckpoint(3, fork)])
    expect(checkpoints.map(({ copiesSibling }) => copiesSibling)).toEqual([undefined, undefined, true])
    const edited = jsCheckpoint(3, { ...fork, values: { c: 'edited' } })
    expect(readKeys([edited]).checkpoints[0]?.copiesSibling).toBeUndefined()
  })

  it('whose parent has the later id wait for it: two servers disagreed about the time', () => {
    const { checkpoints } = readKeys([
      jsCheckpoint(1, { parent: 5 }),
      jsCheckpoint(2, { parent: 1 }),
      jsCheckpoint(5, { parent: 0 }),
      jsCheckpoint(7, { parent: 8 }),
      jsCheckpoint(8, { parent: 9 }),
    ])
    expect(checkpoints.map(({ checkpointId }) => checkpointId)).toEqual([5, 1, 2, 8, 7].map(jsId))
  })

  it('come all, and parents first, whatever the order of their ids', () => {
    const tree = fc.array(fc.nat(), { minLength: 1, maxLength: 30 }).chain((choices) =>
      fc.shuffledSubarray([...choices.keys()], { minLength: choices.length }).map((ids) =>
        // The parent of a checkpoint is any that was made before it; ids are dealt anew.
        choices.map((choice, at) => ({ id: ids[at]! + 1, parent: at === 0 ? 0 : ids[choice % at]! + 1 })),
      ),
    )
    fc.assert(
      fc.property(tree, (checkpoints) => {
        const reading = readKeys(checkpoints.map(({ id, parent }) => jsCheckpoint(id, { parent })))
        const seen = new Set<string | null>([null])
        for (const { checkpointId, parentCheckpointId } of reading.checkpoints) {
          expect(seen).toContain(parentCheckpointId)
          seen.add(checkpointId)
        }
        expect(seen.size).toBe(checkpoints.length + 1)
      }),
    )
  })

  it('are all there even where parents stand in a circle, and a chain against the order of ids may be long', () => {
    const circle = readKeys([jsCheckpoint(1, { parent: 2 }), jsCheckpoint(2, { parent: 1 })])
    expect(circle.checkpoints).toHaveLength(2)
    const long = Array.from({ length: 20_000 }, (_, n) =>
      jsCheckpoint(n + 1, { parent: n === 19_999 ? 0 : n + 2 }),
    )
    expect(readKeys(long).checkpoints.at(-1)?.checkpointId).toBe(jsId(1))
  })
})

describe('writes', () => {
  const idxOf = ({ writes }: Reading) =>
    writes.map(({ channel, idx, value }) => [channel, idx, textOf(value.bytes)])

  it('keep undefined, which JSON leaves out, and null apart', () => {
    const reading = readKeys([jsCheckpoint(1), jsWrite(1, 0, {}), jsWrite(1, 1, { value: null })])
    expect(idxOf(reading)).toEqual([
      ['c', 0, '{"lc":2,"type":"undefined"}'],
      ['c', 1, 'null'],
    ])
  })

  it('of special channels get their own place, the others keep theirs', () => {
    const reading = readKeys([
      jsCheckpoint(1),
      jsWrite(1, 0, { value: 'a' }),
      jsWrite(1, 1, { channel: '__interrupt__', value: { id: 'i', value: 1 } }),
      jsWrite(1, 2, { value: 'b' }),
    ])
    expect(idxOf(reading).toSorted()).toEqual([
      ['__interrupt__', -3, '{"id":"i","value":1}'],
      ['c', 0, '"a"'],
      ['c', 2, '"b"'],
    ])
  })

  it('of one task resumed several times: the newest counts, and of two at one time the longer list', () => {
    const resume = (idx: number, value: unknown, globalIdx?: number) =>
      jsWrite(1, idx, { channel: '__resume__', value, ...(globalIdx !== undefined && { globalIdx }) })
    const newest = readKeys([jsCheckpoint(1), resume(0, ['new', 'er'], 9), resume(1, ['old'], 5)])
    expect(idxOf(newest)).toEqual([['__resume__', -4, '["new","er"]']])
    expect(reasonsOf(newest)).toEqual({ 'duplicate-write': 1 })
    const longest = readKeys([jsCheckpoint(1), resume(0, [1, 2, 3], 5), resume(1, [1], 5)])
    expect(idxOf(longest)).toEqual([['__resume__', -4, '[1,2,3]']])
    const shallow = readKeys([jsShallow(1), resume(0, ['a']), resume(1, ['a', 'b'])])
    expect(idxOf(shallow)).toEqual([['__resume__', -4, '["a","b"]']])
  })

  it('without their checkpoint are handed on, for the target may have it; those a shallow saver left behind say so', () => {
    const late = readKeys([jsCheckpoint(2), jsWrite(1, 0, { value: 1 })])
    expect(late.writes.map(({ checkpointId }) => checkpointId)).toEqual([jsId(1)])
    expect(reasonsOf(late)).toEqual({})
    expect(readKeys([jsShallow(2), jsWrite(1, 0, { value: 1 })]).writes).toMatchObject([{ isReplaced: true }])
  })

  it('that hold the Sends of a checkpoint before v 4 stay, whatever became of their own', () => {
    const send = { channel: '__pregel_tasks', value: { lg_name: 'Send', node: 'n', args: {} } }
    const { writes } = readKeys([jsCheckpoint(2, { v: 1 }), jsWrite(1, 0, send)])
    expect(writes.map(({ checkpointId, channel }) => [checkpointId, channel])).toEqual([
      [jsId(1), '__pregel_tasks'],
    ])
  })
})

describe('blobs', () => {
  it('come after the checkpoints, with their namespace and without a value where there was none', () => {
    const { channelValues } = readKeys([
      jsBlob('branch:to:a', 2.5, { a: 1 }),
      jsBlob('gone', 1, undefined, NESTED),
      jsCheckpoint(1),
      jsCheckpoint(1, { ns: NESTED }),
    ])
    const blobs = channelValues.map(({ checkpointNs, channel, version, value }) => [
      checkpointNs,
      channel,
      version,
      textOf(value?.bytes),
    ])
    expect(blobs).toEqual([
      ['', 'branch:to:a', '2.5', '{"a":1}'],
      [NESTED, 'gone', '1', undefined],
    ])
  })
})

describe('documents of Python under the same names', () => {
  const python = (key: string, more: object): Key => ({
    key: Buffer.from(key),
    value: document({
      thread_id: 't',
      checkpoint_ns: '',
      checkpoint_id: jsId(1),
      parent_checkpoint_id: '',
      checkpoint: { type: 'json', v: 1, id: jsId(1), ts: '', channel_values: {}, channel_versions: {} },
      metadata: '{}',
      ...more,
    }),
  })

  it('are read as what they are, in a thread of their own and beside JavaScript', () => {
    const own = readKeys([python(`checkpoint:t::${jsId(1)}`, {})])
    expect(own.checkpoints.map(({ origin }) => origin.layout)).toEqual(['python-full-0.0'])
    const beside = readKeys([python(`checkpoint:t::${jsId(1)}`, {}), jsCheckpoint(2, { parent: 0 })])
    expect(beside.checkpoints.map(({ origin }) => origin.layout).toSorted()).toEqual([
      'js-redis-saver',
      'python-full-0.0',
    ])
  })

  it('of a subgraph are left to Python where the root is of Python, and the other way round', () => {
    const registry = new LayoutRegistry(LAYOUTS, DEFAULT_PREFIXES)
    const claimed = (...keys: string[]) =>
      registry
        .ofThread(
          keys.map((key) => {
            const [bytes, type] = [Buffer.from(key), 'ReJSON-RL']
            return { ...registry.claim(bytes, type)!, key: bytes, type }
          }),
        )
        .map(({ layout }) => layout)
    const nested = `checkpoint:t:${NESTED}:${jsId(1)}`
    expect(claimed(`checkpoint:t::${jsId(1)}`, nested)).toEqual(['js-redis-saver', 'js-redis-saver'])
    expect(claimed(`checkpoint:t:__empty__:${jsId(1)}`, nested)).toEqual(['python-full', 'python-full'])
    expect(claimed(nested, `checkpoint_blob:t:${NESTED}:c:3`)).toEqual(['js-redis-saver', 'js-redis-saver'])
    expect(claimed(nested)).toEqual(['python-full'])
  })
})

describe('bad documents', () => {
  it('make a finding of their checkpoint, and none of anybody else', () => {
    const broken = jsCheckpoint(2, { versions: { c: { no: 'version' } as never } })
    const reading = readKeys([jsCheckpoint(1), broken, jsCheckpoint(3, { parent: 1 })])
    expect(reading.checkpoints.map(({ checkpointId }) => checkpointId)).toEqual([jsId(1), jsId(3)])
    expect(reading.findings).toMatchObject([{ reason: 'undecodable', checkpointId: jsId(2) }])
  })

  it('never make the reader throw, whichever byte is changed', () => {
    const keys = [
      jsCheckpoint(1, { versions: { a: 1 }, values: { a: { x: [1, 'é', null] } }, seen: { n: { a: 1 } } }),
      jsWrite(1, 0, { channel: '__resume__', value: ['x'], globalIdx: 3 }),
      jsBlob('a', 1, { y: 1 }),
    ]
    const textOfKey = ({ value }: Key) => (value.type === 'ReJSON-RL' ? value.text : Buffer.alloc(0))
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.nat(255), (which, at, byte) => {
        const mutated = keys.map((key, index) => {
          const text = Buffer.from(textOfKey(key))
          if (index === which) text[at % text.length] = byte
          return { key: key.key, value: { type: 'ReJSON-RL' as const, text } }
        })
        readKeys(mutated)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('keys', () => {
  const uuid = fc
    .tuple(...[8, 4, 4, 4, 12].map((length) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`))))
    .map((parts) => parts.join('-'))
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  const thread = fc.oneof(
    text,
    fc.tuple(text, fc.constantFrom(':', '::', ':::')).map(([a, b]) => a + b),
  )
  const namespace = fc.oneof(
    fc.constant(''),
    fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), uuid).map(([node, task]) => `${node}:${task}`),
  )
  const claim = (key: string) => claimJsKey(Buffer.from(key), 'ReJSON-RL', DEFAULT_PREFIXES, 'js')

  it('of checkpoints and writes split into what they were made of', () => {
    fc.assert(
      fc.property(
        thread,
        namespace,
        uuid,
        uuid,
        fc.integer({ min: -4, max: 99 }),
        (threadId, ns, id, task, idx) => {
          const about = { threadId, checkpointNs: ns, checkpointId: id }
          expect(claim(`checkpoint:${threadId}:${ns}:${id}`)).toMatchObject({ role: 'checkpoint', ...about })
          expect(claim(`checkpoint_write:${threadId}:${ns}:${id}:${task}:${idx}`)).toMatchObject({
            role: 'write',
            ...about,
          })
        },
      ),
    )
  })

  it('of shallow checkpoints hold no id', () => {
    fc.assert(
      fc.property(thread, namespace, (threadId, ns) => {
        const about = { threadId, checkpointNs: ns, checkpointId: '' }
        expect(claim(`checkpoint:${threadId}:${ns}:shallow`)).toMatchObject({ role: 'checkpoint', ...about })
      }),
    )
  })

  it('of blobs do so too, or leave it to the document', () => {
    fc.assert(
      fc.property(thread, namespace, thread, fc.nat(99), (threadId, ns, channel, version) => {
        const claimed = claim(`checkpoint_blob:${threadId}:${ns}:${channel}:${version}`)
        if (!claimed?.ambiguous) expect(claimed).toMatchObject({ role: 'blob', threadId, checkpointNs: ns })
      }),
    )
  })

  it('with the sentinel are of Python', () => {
    expect(claim(`checkpoint:t:__empty__:${jsId(1)}`)).toBeNull()
    const python = {
      layout: 'x',
      role: 'checkpoint',
      threadId: 't',
      checkpointNs: '',
      checkpointId: jsId(1),
    } as const
    expect(looksLikeJs(Buffer.from(`checkpoint:t:__empty__:${jsId(1)}`), python)).toBe(false)
    expect(looksLikeJs(Buffer.from(`checkpoint:t::${jsId(1)}`), python)).toBe(true)
  })
})
