/** Detection by value: each layout knows its own values, in every case, and nobody else's. */
import { describe, expect, it } from 'vitest'
import { LAYOUTS } from '../../src/layouts/index.js'
import type { KeyRole } from '../../src/layouts/layout.js'
import { fixture, fixtures } from '../corpus/cases.js'
import { keysOf, prefixesOf } from './read-case.js'

/** How often each evidence was given for checkpoint keys that a layout recognised. */
function recognised(name: string, role: KeyRole = 'checkpoint') {
  const from = fixture(name)
  const evidences: Record<string, Set<string>> = {}
  for (const { key, value } of keysOf(from)) {
    for (const layout of LAYOUTS) {
      const claim = layout.claim(key, value.type, prefixesOf(from))
      if (claim?.role !== role) continue
      const { yes, evidence } = layout.recognises({ ...claim, key, type: value.type }, value)
      if (!yes) continue
      evidences[layout.id] ??= new Set()
      evidences[layout.id]!.add(evidence)
    }
  }
  return Object.fromEntries(Object.entries(evidences).map(([id, all]) => [id, [...all]]))
}

const FULL = 'document has checkpoint_ts and parent_checkpoint_id'

describe('the layout of a case', () => {
  it.each([
    [
      'python/0.0.8-full',
      {
        'python-full-0.0': [
          'document has one id as checkpoint_id and parent_checkpoint_id, and no checkpoint_ts',
        ],
      },
    ],
    ['python/0.1.3-full', { 'python-full': [FULL] }],
    ['python/0.5.2-full', { 'python-full': [FULL] }],
    ['python/0.5.2-prefixes-ttl', { 'python-full': [FULL] }],
    ['python/0.5.2-store-noise', { 'python-full': [FULL] }],
    [
      'python/0.5.2-shallow-sync',
      { 'python-shallow': ['document has no parent_checkpoint_id, its metadata is an object'] },
    ],
    [
      'python/0.5.2-shallow-async',
      { 'python-shallow': ['document has no parent_checkpoint_id, its metadata is a string'] },
    ],
    [
      'pickle/f1-protocol4',
      { 'pickle-redis-saver': ['pickle of langgraph.checkpoint.base.CheckpointTuple'] },
    ],
    [
      'pickle/f1-protocol2-old',
      { 'pickle-redis-saver': ['pickle of langgraph.checkpoint.base.CheckpointTuple'] },
    ],
    ['js/1.0.11-full', { 'js-redis-saver': ['checkpoint has no type, has_writes is text'] }],
    ['js/1.0.11-shallow', { 'js-shallow': ['checkpoint has no type, has_writes is text'] }],
    ['plain/d1-valkey', { valkey: ['JSON has checkpoint_id, type and checkpoint'] }],
    ['pickle/f2', { 'pickle-parent-triple': ['pickled tuple of checkpoint, metadata and parent id'] }],
    ['pickle/f3', { 'pickle-pair': ['pickled tuple of checkpoint and metadata'] }],
    ['pickle/f4', { 'pickle-config-triple': ['pickled tuple of checkpoint, metadata and config'] }],
    [
      'pickle/f6',
      { 'pickle-dict-writes': ['pickled dict of checkpoint, metadata, parent_config and pending_writes'] },
    ],
  ])('%s is told by its checkpoints alone', (name, expected) => {
    expect(recognised(name)).toEqual(expected)
  })

  it('is told by the form of its pointers too', () => {
    expect(Object.keys(recognised('python/0.5.2-full', 'pointer'))).toEqual(['python-full'])
    expect(Object.keys(recognised('pickle/f1-protocol4', 'pointer'))).toEqual(['pickle-redis-saver'])
  })

  it('of pickling savers is told by their writes too, and by snapshots', () => {
    expect(Object.keys(recognised('pickle/f2', 'write'))).toEqual(['pickle-parent-triple'])
    expect(Object.keys(recognised('pickle/f3', 'write'))).toEqual(['pickle-pair'])
    expect(Object.keys(recognised('pickle/f4', 'write'))).toEqual(['pickle-config-triple'])
    expect(Object.keys(recognised('pickle/f6', 'write'))).toEqual(['pickle-dict-writes'])
    expect(recognised('pickle/f8', 'snapshot')).toEqual({
      'memory-snapshot': ['pickled dict of storage, writes and blobs'],
    })
  })

  it('is not told by write documents, which look alike in all versions; those of JavaScript differ', () => {
    expect(Object.keys(recognised('python/0.5.2-full', 'write'))).toHaveLength(3)
    expect(Object.keys(recognised('js/1.0.11-full', 'write'))).toEqual(['js-redis-saver', 'js-shallow'])
  })
})

describe('the table of layouts', () => {
  it('has ids and titles of its own for each, and readers that exist', () => {
    const ids = LAYOUTS.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(LAYOUTS.map(({ title }) => title)).size).toBe(ids.length)
    for (const { readBy } of LAYOUTS) if (readBy !== undefined) expect(ids).toContain(readBy)
  })

  it('never throws on a value of another layout', () => {
    for (const from of fixtures()) {
      for (const { key, value } of keysOf(from)) {
        for (const layout of LAYOUTS) {
          const about = {
            layout: layout.id,
            role: 'checkpoint',
            threadId: 't',
            checkpointNs: '',
            checkpointId: '',
          } as const
          expect(layout.recognises({ ...about, key, type: value.type }, value).evidence).not.toBe('')
        }
      }
    }
  })
})
