/** The key grammar: whatever ids hold, a key splits into what it was made of. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checkpointIdPart,
  formatKey,
  IDX_PART,
  keyParser,
  taskIdPart,
} from '../../../src/layouts/keys/keys.js'
import { DEFAULT_PREFIXES, type Prefixes } from '../../../src/layouts/layout.js'
import { prefixesOfIndexes } from '../../../src/layouts/prefixes.js'
import { claimPythonKey } from '../../../src/layouts/python/keys.js'

/** Any 8-4-4-4-12 group: task ids have no valid UUID version. */
const uuid = fc
  .tuple(
    ...[8, 4, 4, 4, 12].map((length) =>
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length }),
    ),
  )
  .map((groups) => groups.join('-'))
const special = fc.constantFrom(
  ':',
  '::',
  '$',
  '|',
  '/',
  '\\',
  '*',
  '__empty__',
  'checkpoint:',
  ' ',
  '{',
  '}',
  '|1',
  'node',
  '-3',
)
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc
    .array(fc.oneof(special, uuid, fc.string({ maxLength: 4 })), { maxLength: 12 })
    .map((parts) => parts.join('')),
  fc.string({ minLength: 1000, maxLength: 1000 }),
)
/** Node names: LangGraph forbids `|` and `:`; a name that looks like a task id belongs to no real node. */
const nodeName = (separator: string) =>
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    .filter((name) => ![...name].some((unit) => `|:${separator}`.includes(unit)) && name !== '__empty__')
const namespace = (separator: string) =>
  fc.oneof(
    fc.constant(''),
    fc
      .array(
        fc.oneof(
          fc.tuple(nodeName(separator), uuid).map(([node, task]) => `${node}:${task}`),
          nodeName(separator),
          fc.nat(20).map(String),
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => parts.join('|')),
  )

describe('a key of thread, namespace, checkpoint id, task and index', () => {
  it.each([':', '$', '/'])('separated by %s splits into what it was made of', (separator) => {
    const template = {
      prefix: 'writes',
      separator,
      emptyNs: ['', '__empty__'],
      tail: [checkpointIdPart(separator), taskIdPart(separator), IDX_PART],
    }
    const parse = keyParser(template)
    fc.assert(
      fc.property(
        text,
        namespace(separator),
        uuid,
        uuid,
        fc.integer({ min: -4, max: 300 }),
        fc.constantFrom(...template.emptyNs),
        (threadId, checkpointNs, checkpointId, taskId, idx, emptyNs) => {
          const parts = { threadId, checkpointNs, tail: { checkpointId, taskId, idx: String(idx) } }
          const parsed = parse(formatKey(template, parts, emptyNs))
          expect(parsed).toEqual({ ...parts, ambiguous: parsed?.ambiguous })
          // A node's name may hold any separator but the colon: only then can the key be split elsewhere.
          const couldBeElsewhere = separator !== ':' && checkpointNs !== '' && threadId.includes(separator)
          expect(parsed?.ambiguous).toBe(couldBeElsewhere)
        },
      ),
    )
  })

  it('says so where an id is no UUID, and still splits from the right', () => {
    const template = { prefix: 'p', separator: ':', emptyNs: [''], tail: [checkpointIdPart(':')] }
    expect(keyParser(template)('p:user:42::my-id')).toEqual({
      threadId: 'user:42',
      checkpointNs: '',
      tail: { checkpointId: 'my-id' },
      ambiguous: true,
    })
  })

  it('keeps what looks like a namespace out of the thread where the layout has none', () => {
    const template = { prefix: 'p', separator: ':', tail: [checkpointIdPart(':')] }
    fc.assert(
      fc.property(text, uuid, (threadId, checkpointId) => {
        const parts = { threadId, checkpointNs: '', tail: { checkpointId } }
        expect(keyParser(template)(formatKey(template, parts))).toEqual({ ...parts, ambiguous: false })
      }),
    )
  })

  it('is none without its prefix, its separators or its tail', () => {
    const template = { prefix: 'p', separator: ':', emptyNs: [''], tail: [IDX_PART] }
    const parse = keyParser(template)
    expect(parse('q:t::1')).toBeNull()
    expect(parse('p')).toBeNull()
    expect(parse('p:t')).toBeNull()
    expect(parse('p:t::x')).toBeNull()
    expect(parse('p:1')).toBeNull()
  })
})

const PREFIXES: readonly Prefixes[] = [
  DEFAULT_PREFIXES,
  { checkpoint: ['acme:ckpt'], checkpointWrite: ['acme:ckpt_w'], checkpointBlob: ['acme:ckpt_b'] },
  { checkpoint: ['acme', 'checkpoint'], checkpointWrite: ['acme:w'], checkpointBlob: ['acme_b'] },
]
const claimed = (key: string, type: string, prefixes: Prefixes) =>
  claimPythonKey(Buffer.from(key), type, prefixes, 'python-full')

describe('keys of the official Python savers', () => {
  it.each(PREFIXES)(
    'under $checkpoint give thread, namespace and id, whatever the thread id holds',
    (prefixes) => {
      const [checkpoint, write] = [prefixes.checkpoint[0]!, prefixes.checkpointWrite[0]!]
      fc.assert(
        fc.property(text, namespace(':'), uuid, uuid, (threadId, checkpointNs, checkpointId, taskId) => {
          const place = `${threadId}:${checkpointNs === '' ? '__empty__' : checkpointNs}`
          const expected = { layout: 'python-full', threadId, checkpointNs }
          const inNs = { ...expected, checkpointId }
          // It could be the end of a namespace with colons, which only its document tells.
          const isBare = checkpointNs !== '' && !checkpointNs.includes(':')
          const inDocument = { ...inNs, ...(isBare && threadId.includes(':') && { ambiguous: true }) }
          expect(claimed(`${checkpoint}:${place}:${checkpointId}`, 'ReJSON-RL', prefixes)).toEqual({
            ...inDocument,
            role: 'checkpoint',
          })
          expect(claimed(`${write}:${place}:${checkpointId}:${taskId}:-3`, 'ReJSON-RL', prefixes)).toEqual({
            ...inDocument,
            role: 'write',
          })
          expect(claimed(`write_keys_zset:${place}:${checkpointId}`, 'zset', prefixes)).toEqual({
            ...inDocument,
            role: 'index',
          })
          for (const registry of ['write_registry', 'write_keys_zset'])
            expect(claimed(`${registry}:${place}:shallow`, 'zset', prefixes)).toEqual({
              ...expected,
              role: 'index',
              checkpointId: '',
            })
          expect(claimed(`${checkpoint}_latest:${place}`, 'string', prefixes)).toMatchObject({
            ...expected,
            role: 'pointer',
          })
          expect(claimed(`checkpoint_latest:${place}`, 'string', prefixes)).toMatchObject({
            ...expected,
            role: 'pointer',
          })
          expect(claimed(`${checkpoint}:${place}:${checkpointId}`, 'hash', prefixes)).toBeNull()
        }),
      )
    },
  )

  it('of the shallow savers give the thread, whether they end in a namespace or in nothing', () => {
    fc.assert(
      fc.property(text, namespace(':'), (threadId, checkpointNs) => {
        const claim = claimed(`checkpoint:${threadId}:${checkpointNs}`, 'ReJSON-RL', DEFAULT_PREFIXES)
        expect(claim?.role).toBe('checkpoint')
        // A bare name at the end could be anybody's, a sentinel inside a thread id a full saver's, a colon there a namespace's: the document decides.
        const isBare = checkpointNs !== '' && !checkpointNs.includes(':')
        const hasSentinel = `:${threadId}:`.includes(':__empty__:')
        const isLong = threadId.includes(':')
        if (!isBare && !hasSentinel && !isLong) expect(claim?.ambiguous).toBeUndefined()
        if (!claim?.ambiguous) expect(claim?.threadId).toBe(threadId)
      }),
    )
  })

  it('of blobs give the thread wherever the namespace is unmistakable, and say where it is not', () => {
    const version = '00000000000000000000000000000002.0.7312450196'
    const claim = (rest: string) => claimed(`checkpoint_blob:${rest}`, 'ReJSON-RL', DEFAULT_PREFIXES)
    const task = '6b7c2a1e-0000-4000-8000-000000000000'
    expect(claim(`user:42:__empty__:branch:to:x:${version}`)).toEqual({
      layout: 'python-full',
      role: 'blob',
      threadId: 'user:42',
      checkpointNs: '',
      checkpointId: '',
    })
    expect(claim(`agent:${task}:sub:${task}|leaf:${task}:messages:${version}`)).toMatchObject({
      threadId: `agent:${task}`,
      checkpointNs: `sub:${task}|leaf:${task}`,
    })
    expect(claim(`user:42::messages:${version}`)).toMatchObject({
      threadId: 'user:42',
      checkpointNs: '',
      ambiguous: true,
    })
    expect(claim(`user:42:memory:messages:${version}`)).toMatchObject({
      threadId: 'user:42',
      checkpointNs: 'memory',
      ambiguous: true,
    })
    expect(claim('nothing')).toBeNull()
  })

  it('resolve the sentinel of an empty thread id where the saver writes it', () => {
    const zero = '00000000-0000-0000-0000-000000000000'
    expect(claimed(`checkpoint:${zero}:__empty__:${zero}`, 'ReJSON-RL', DEFAULT_PREFIXES)).toMatchObject({
      threadId: '',
      checkpointId: zero,
    })
  })

  it('are claimed though their bytes are no UTF-8, so that somebody looks at the value', () => {
    const key = Buffer.concat([Buffer.from('checkpoint:'), Buffer.from([0xff, 0xfe]), Buffer.from(':')])
    expect(claimPythonKey(key, 'ReJSON-RL', DEFAULT_PREFIXES, 'x')).toMatchObject({
      threadId: '\ufffd\ufffd',
    })
  })
})

describe('prefixes that the search indexes give away', () => {
  const fields = {
    checkpoint: [
      'thread_id',
      'run_id',
      'checkpoint_ns',
      'checkpoint_id',
      'parent_checkpoint_id',
      'checkpoint_ts',
    ],
    write: ['thread_id', 'checkpoint_ns', 'checkpoint_id', 'task_id', 'idx', 'channel', 'type'],
    blob: ['thread_id', 'checkpoint_ns', 'channel', 'version', 'type'],
  }

  it('are told by the fields of an index, not by its name', () => {
    const prefixes = prefixesOfIndexes([
      { name: 'acme:ckpt', prefixes: ['acme:ckpt:'], fields: fields.checkpoint },
      { name: 'acme:ckpt_w', prefixes: ['acme:ckpt_w:'], fields: fields.write },
      { name: 'checkpoints_blobs', prefixes: ['acme_b'], fields: fields.blob },
      { name: 'products', prefixes: ['product:'], fields: ['name', 'price'] },
    ])
    expect(prefixes).toEqual({
      checkpoint: ['checkpoint', 'acme:ckpt'],
      checkpointWrite: ['checkpoint_write', 'acme:ckpt_w'],
      checkpointBlob: ['checkpoint_blob', 'acme_b'],
    })
  })

  it('add nothing twice and nothing empty', () => {
    const index = { name: 'checkpoints', prefixes: ['checkpoint:', ':', ''], fields: fields.checkpoint }
    expect(prefixesOfIndexes([index, index])).toEqual(DEFAULT_PREFIXES)
  })
})
