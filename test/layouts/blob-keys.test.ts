/** Keys of channel values: the thread is found whatever channel stands behind it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blobKeyParser } from '../../src/layouts/blob-keys.js'
import { NODE, TASK, version } from './plain/plain-values.js'

const parse = blobKeyParser('lg:blob', '')
const split = (key: string) => {
  const parts = parse(key)
  return parts && [parts.threadId, parts.checkpointNs]
}

const word = fc.string({ unit: fc.constantFrom(...'abcXYZ019_- .$é😀'), minLength: 1, maxLength: 12 })
/** Free text; a thread that ends in a colon, or in what looks like a namespace, is its own undoing. */
const threadId = fc
  .array(fc.oneof(word, fc.constantFrom(':', '::', '|', 'branch:to:')), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''))
  .filter((text) => !text.startsWith(':') && !text.endsWith(':') && !/branch:|\|/.test(text))
const channel = fc.oneof(
  word,
  fc.constantFrom('__start__', '__pregel_tasks', 'messages'),
  word.map((node) => `branch:to:${node}`),
  fc.tuple(word, word).map(([node, target]) => `branch:${node}:condition:${target}`),
  fc.tuple(word, word).map(([nodes, end]) => `join:${nodes}:${end}`),
  word.map((node) => `start:${node}`),
)
const namespace = fc.constantFrom('', NODE, `${NODE}|inner:${TASK}`, `${NODE}|1`, `bare|${NODE}`)
const versions = fc.oneof(fc.nat(500).map(String), fc.nat(500).map(version))

describe('the key of a channel value', () => {
  it('names its thread and namespace, also where the channel holds colons', () => {
    fc.assert(
      fc.property(threadId, namespace, channel, versions, (thread, ns, name, number) => {
        expect(split(`lg:blob:${thread}:${ns}:${name}:${number}`)).toEqual([thread, ns])
      }),
    )
  })

  it('takes a single name for a namespace where nothing else separates thread and channel', () => {
    expect(split('lg:blob:user:42:node:branch:to:x:3')).toEqual(['user:42', 'node'])
    expect(split('lg:blob:t:node:messages:3')).toEqual(['t', 'node'])
  })

  it('is none where a part is missing', () => {
    expect(split('lg:blob:t:3')).toBeNull()
    expect(split('lg:blob:t')).toBeNull()
  })
})
