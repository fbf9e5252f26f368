/** Layout files: what is wrong in one is said in one sentence, with the place where it stands. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseLayoutFile } from '../../../src/layouts/generic/layout-file.js'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const FILES = join(ROOT, 'fixtures', 'layout-files')

/** A file that is right, with some members of its checkpoints or itself replaced. */
const file = (checkpoints: object, more: object = {}) =>
  JSON.stringify({
    id: 'mine',
    checkpoints: { key: 'c:{thread}:{id}', type: 'hash', checkpoint: 'checkpoint', ...checkpoints },
    ...more,
  })

const problemOf = (text: string) => {
  try {
    parseLayoutFile(text)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

describe('the three files in docs/layout-files.md', () => {
  it('are those that the tests migrate', () => {
    const text = readFileSync(join(ROOT, 'docs', 'layout-files.md'), 'utf8')
    const shown = [...text.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, json]) => JSON.parse(json!))
    const tested = readdirSync(FILES).map((name) => JSON.parse(readFileSync(join(FILES, name), 'utf8')))
    const byId = (files: readonly { id: string }[]) => new Map(files.map((one) => [one.id, one]))
    expect(byId(shown)).toEqual(byId(tested))
    expect(shown).toHaveLength(3)
  })
})

describe('a layout file', () => {
  it('may say very little', () => {
    expect(parseLayoutFile(file({}))).toMatchObject({
      id: 'mine',
      title: 'mine',
      dialect: 'python',
      checkpoints: { key: 'c:{thread}:{id}', type: 'hash', checkpoint: { at: ['checkpoint'] } },
    })
  })

  it('may name a place by a bare name, by steps, or by an object', () => {
    const { checkpoints } = parseLayoutFile(
      file({
        metadata: { at: 'meta', decode: ['base64', 'typed'], type: { is: 'json' } },
        parent: { at: 'config', decode: ['json'], inside: ['configurable', 0] },
        thread: { at: 'config', inside: 'thread_id' },
      }),
    )
    expect(checkpoints.metadata).toEqual({ at: ['meta'], decode: ['base64', 'typed'], type: { is: 'json' } })
    expect(checkpoints.parent).toEqual({ at: ['config'], decode: ['json'], inside: ['configurable', 0] })
    expect(checkpoints.thread).toEqual({ at: ['config'], inside: ['thread_id'] })
  })

  it.each<[string, string]>([
    ['{', 'it is no JSON: '],
    ['[]', 'an object is needed'],
    ['{}', 'id: is missing'],
    [file({}, { id: 'My saver' }), 'id: an id is made of small letters, digits, dots and dashes'],
    [file({}, { dialect: 'go' }), 'dialect: python or js is needed'],
    [file({}, { escaping: 'url' }), 'escaping: none, percent or braces is needed'],
    [file({}, { nodes: [] }), 'unknown member "nodes" (there are id, title, '],
    [file({ key: undefined }), 'checkpoints.key: is missing'],
    [file({ key: 'c:{id}' }), 'checkpoints.key: {thread} is missing in it, and "thread" is not given'],
    [file({ key: 'c:{thread}{id}' }), 'checkpoints.key: no text between {thread} and {id}'],
    [file({ type: 'set' }), 'checkpoints.type: one of string, hash, list, ReJSON is needed'],
    [file({ checkpoint: undefined }), 'checkpoints.checkpoint: is missing'],
    [file({ metadata: 7 }), 'checkpoints.metadata: a name or an object is needed'],
    [
      file({ metadata: { decod: [] } }),
      'checkpoints.metadata: unknown member "decod" (there are at, decode, ',
    ],
    [
      file({ metadata: { decode: ['gzipp'] } }),
      'checkpoints.metadata.decode[0]: "gzipp" is no codec (there are ',
    ],
    [file({ metadata: { at: [-1] } }), 'checkpoints.metadata.at[0]: a name or a number from 0 is needed'],
    [file({ metadata: { at: ['a', 'b'] } }), 'checkpoints.metadata.at: a hash has fields, one name each'],
    [
      file({ type: 'string', field: '{id}' }),
      'checkpoints.field: only a hash has fields, and type is string',
    ],
    [file({ decode: ['json'] }), 'checkpoints.decode: the fields of a hash are decoded one by one: '],
    [
      file({ channels: { field: 'chan:{name}' } }),
      'checkpoints.channels.field: {name} is no part (there are ',
    ],
    [
      file({}, { writes: { key: 'w:{thread}:{id}', type: 'hash', value: 'v' } }),
      'writes.key: {channel} is missing in it, and "channel" is not given',
    ],
    [
      file({}, { writes: { key: 'w:{thread}', type: 'hash', channel: 'c', value: 'v' } }),
      'writes.key: {id} is missing in it, and "id" is not given',
    ],
    [
      file({}, { blobs: { key: 'b:{thread}:{channel}', type: 'string', value: {} } }),
      'blobs.key: {version} is missing in it',
    ],
    [file({}, { index: ['i:{any}'] }), 'index[0]: {thread} is missing in it'],
  ])('%s: %s', (text, problem) => {
    expect(problemOf(text).startsWith(problem), problemOf(text)).toBe(true)
  })

  it('is shown complete three times, as it is tested', () => {
    const guide = readFileSync(join(ROOT, 'docs', 'layout-files.md'), 'utf8')
    const shown = [...guide.matchAll(/```json\n(.*?)```/gs)].map((match) => match[1])
    const tested = readdirSync(FILES)
      .sort()
      .map((name) => readFileSync(join(FILES, name), 'utf8'))
    expect(tested).toHaveLength(3)
    for (const one of tested) {
      expect(problemOf(one)).toBe('')
      expect(shown).toContain(one)
    }
  })
})
