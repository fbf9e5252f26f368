/** Key grammars of the pickling savers: whatever thread ids hold, a claim gives back what the key was made of. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PREFIXES } from '../../../src/layouts/layout.js'
import { claimPickleKey } from '../../../src/layouts/pickle/keys.js'

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const uuid = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((groups) => groups.join('-'))
/** Checkpoint ids are of version 6; task ids are digests. */
const uuid6 = uuid.map((id) => `${id.slice(0, 14)}6${id.slice(15, 19)}8${id.slice(20)}`)
const special = fc.constantFrom(
  ':',
  '::',
  '$',
  '|',
  '\\',
  ' ',
  '{',
  '}',
  'checkpoint:',
  'writes',
  '|1',
  'node',
  '-3',
  'é',
  '🧵',
)
const thread = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc
      .array(fc.oneof(special, fc.string({ maxLength: 4 })), { minLength: 1, maxLength: 10 })
      .map((parts) => parts.join('')),
    fc.string({ minLength: 1000, maxLength: 1000 }),
  )
  // An empty namespace is nothing between two colons, and braces round the thread id are another saver's.
  .filter(
    (text) =>
      text !== '' && !text.startsWith('{') && !text.endsWith(':') && Buffer.from(text).toString() === text,
  )
const namespace = fc.oneof(
  fc.constant(''),
  uuid.map((task) => `node:${task}`),
  fc.tuple(uuid, uuid).map(([outer, inner]) => `a b:${outer}|inner:${inner}`),
)

const claim = (key: string, type = 'string') =>
  claimPickleKey('pickle', Buffer.from(key), type, DEFAULT_PREFIXES)

describe('a key of a pickling saver', () => {
  it('without namespaces gives back any thread id', () => {
    fc.assert(
      fc.property(thread, uuid6, uuid, (threadId, checkpointId, task) => {
        const ids = { threadId, checkpointNs: '', checkpointId }
        expect(claim(`langgraph:checkpoint:${threadId}:${checkpointId}`)).toMatchObject({
          role: 'checkpoint',
          ...ids,
        })
        expect(claim(`checkpoint:${threadId}:${checkpointId}`)).toMatchObject({ role: 'checkpoint', ...ids })
        expect(claim(`langgraph:writes:${threadId}:${checkpointId}`)).toMatchObject({ role: 'write', ...ids })
        expect(claim(`writes:${threadId}:${checkpointId}:${task}`)).toMatchObject({ role: 'write', ...ids })
        expect(claim(`checkpoint_latest:${threadId}`)).toMatchObject({ role: 'pointer', threadId })
        expect(claim(`langgraph:thread:${threadId}`, 'list')).toMatchObject({ role: 'index', threadId })
        expect(claim(`langgraph_thread:${threadId}`)).toMatchObject({ role: 'snapshot', threadId })
      }),
    )
  })

  it('with namespaces gives both back', () => {
    fc.assert(
      fc.property(thread, namespace, uuid6, uuid, (threadId, checkpointNs, checkpointId, task) => {
        const ids = { threadId, checkpointNs }
        const key = `checkpoint:${threadId}:${checkpointNs}`
        expect(claim(`${key}:${checkpointId}`)).toMatchObject({ role: 'checkpoint', ...ids, checkpointId })
        expect(claim(`${key}:${checkpointId}:writes:${task}`)).toMatchObject({
          role: 'write',
          ...ids,
          checkpointId,
        })
        expect(claim(`${key}:latest`)).toMatchObject({ role: 'pointer', ...ids })
        expect(claim(`${key}:latest:list`, 'zset')).toMatchObject({ role: 'index', ...ids })
      }),
    )
  })

  it('is nobody’s thread without an id at its end, until a value says so', () => {
    expect(claim('checkpoint:user:42')).toMatchObject({
      role: 'snapshot',
      threadId: 'user:42',
      ambiguous: true,
    })
  })
})
