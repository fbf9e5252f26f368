/** Pickles of real savers become the bytes that the official serializer writes; hostile ones are refused by name, soon, and inertly. */
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import { digestOf } from '../../../src/codec/digest.js'
import { MsgpackWriter } from '../../../src/codec/msgpack/write.js'
import { asText, asTextDict, asTuple, classOf, field } from '../../../src/codec/pickle/navigate.js'
import type { PickleNode } from '../../../src/codec/pickle/node.js'
import { readPickle } from '../../../src/codec/pickle/read.js'
import { pickleValue } from '../../../src/codec/pickle/value.js'
import { shown, treeOfPickle } from './oracle.js'

interface Row {
  readonly table: string
  readonly thread_id: string
  readonly channel: string
  readonly version: string
  readonly type: string
  readonly blob: string | null
}

const fixture = (path: string) => new URL(`../../../fixtures/pickle/${path}`, import.meta.url)
const lines = <T>(path: string): T[] =>
  readFileSync(fixture(path), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
const stringsOf = (name: string) =>
  lines<{ name: string | null; type: string; value: string }>(`${name}/redis.jsonl`)
    .filter(({ type }) => type === 'string')
    .map(({ name: key, value }) => ({ key: key ?? '', bytes: Buffer.from(value, 'base64') }))

function msgpackOf(node: PickleNode): Buffer {
  const writer = new MsgpackWriter()
  pickleValue(node).emit(writer)
  return Buffer.from(writer.view())
}

/** Blobs of the official saver for a thread's channel, by the integer part of their version. */
function officialBlobs(name: string): Map<string, Set<string>> {
  const blobs = new Map<string, Set<string>>()
  for (const row of lines<Row>(`${name}/golden.pg.jsonl`)) {
    if (row.table !== 'checkpoint_blobs' || row.type !== 'msgpack' || row.blob === null) continue
    const key = `${row.thread_id} ${row.channel} ${Number.parseInt(row.version, 10)}`
    blobs.set(key, (blobs.get(key) ?? new Set()).add(Buffer.from(row.blob, 'base64').toString('hex')))
  }
  return blobs
}

/** What the target keeps of a value where the official saver keeps less; its bytes differ for that reason alone. */
const KEEPS_MORE = ['python types é/data']

describe('a pickled checkpoint', () => {
  it.each(['f1-protocol4', 'f1-protocol2-old'])(
    'becomes the bytes of the official serializer: %s',
    (name) => {
      const official = officialBlobs(name)
      const differing = new Set<string>()
      let equal = 0
      for (const { bytes } of stringsOf(name)) {
        if (bytes[0] !== 0x80) continue
        const node = readPickle(bytes)
        expect(classOf(node)).toBe('langgraph.checkpoint.base.CheckpointTuple')
        const [config, checkpoint] = asTuple(node)!
        const threadId = asText(field(field(config!, 'configurable')!, 'thread_id')!)
        const versions = asTextDict(field(checkpoint!, 'channel_versions')!)!
        for (const [channel, value] of asTextDict(field(checkpoint!, 'channel_values')!)!) {
          const version = versions.get(channel)
          const key = `${threadId} ${channel} ${version?.kind === 'int' ? version.value : ''}`
          const blobs = official.get(key)
          if (blobs === undefined) continue
          if (blobs.has(msgpackOf(value).toString('hex'))) equal++
          else differing.add(`${threadId}/${channel}`)
        }
      }
      expect([...differing].filter((path) => !KEEPS_MORE.includes(path))).toEqual([])
      expect(equal).toBeGreaterThan(10)
    },
  )

  it('reads every payload of the other pickle savers', () => {
    let values = 0
    for (const { bytes } of ['f2', 'f3', 'f4', 'f6', 'f8'].flatMap(stringsOf)) {
      if (bytes[0] !== 0x80) continue
      expect(digestOf(pickleValue(readPickle(bytes)))).toHaveLength(20)
      values++
    }
    expect(values).toBeGreaterThan(100)
  })

  it('has one digest in every protocol, whatever its memo and the order of its sets', () => {
    const early = '\x80\x02}(U\x01ac__builtin__\nset\n](K\x01K\x02e\x85RU\x01bK\x03u.'
    const late = '\x80\x04}(\x8c\x01b\x94K\x03\x8c\x01a\x94\x8f(K\x02K\x01\x90u.'
    const [a, b] = [early, late].map((text) => digestOf(pickleValue(readPickle(Buffer.from(text, 'latin1')))))
    expect(a!.equals(b!)).toBe(true)
  })
})

describe('a hostile pickle', () => {
  const errorOf = (bytes: Buffer): DecodeError => {
    try {
      treeOfPickle(bytes)
    } catch (error) {
      if (error instanceof DecodeError) return error
      throw error
    }
    throw new Error('it was read')
  }
  const hostile = new Map(
    stringsOf('f1-hostile').map(({ key, bytes }) => [key.replace(/^checkpoint:|:1f1e.*$/g, ''), bytes]),
  )

  it.each([
    ['evil-system', 'unsupported-value', 'posix.system'],
    ['evil-eval', 'unsupported-value', 'builtins.eval'],
    ['evil-p0', 'unsupported-value', 'os.system'],
    ['evil-inst', 'unsupported-value', 'os.system'],
    ['evil-nested', 'unsupported-value', 'subprocess.Popen'],
    ['evil-build', 'unsupported-value', 'second state'],
    ['bomb', 'too-large', 'shared parts'],
    ['deep', 'too-large', 'deep'],
    ['hugelen', 'undecodable', 'bytes are wanted'],
  ])('is refused: %s', (name, reason, message) => {
    expect(errorOf(hostile.get(name)!)).toMatchObject({ reason, message: expect.stringContaining(message) })
  })

  it('runs nothing', () => {
    const trace = join(tmpdir(), `cp-migrate-pickle-${process.pid}`)
    const command = `touch ${trace}`
    const payloads = [
      `cposix\nsystem\n(S'${command}'\ntR.`,
      `(S'${command}'\nios\nsystem\n.`,
      `c__main__\nX\n)\x81}S'__setstate__'\ncos\nsystem\nsbS'${command}'\nb.`,
      `csubprocess\nPopen\n(]S'sh'\naS'-c'\naS'${command}'\natR.`,
    ]
    for (const payload of payloads)
      expect(errorOf(Buffer.from(payload, 'latin1'))).toBeInstanceOf(DecodeError)
    expect(existsSync(trace)).toBe(false)
  })

  it('is refused where it holds itself, by whatever way', () => {
    const cycles = [
      '\x80\x04]\x94h\x00a.',
      '\x80\x04}\x94\x8c\x01ah\x00s.',
      '\x80\x04]\x94(K\x01}(K\x02h\x00ue.',
      '\x80\x04\x8c\x09app.state\x8c\x04Node\x93)\x81\x94}\x8c\x04nexth\x00sb.',
    ]
    for (const cycle of cycles) {
      expect(errorOf(Buffer.from(cycle, 'latin1')).reason).toBe('recursive-value')
    }
  })

  it('is refused where copies of one long text would fill the memory', () => {
    const text = Buffer.alloc(1_000_000, 0x61)
    const head = Buffer.from('\x80\x04]\x94(X\x40\x42\x0f\x00', 'latin1')
    const copies = Buffer.from('\x94'.concat('h\x01'.repeat(100_000), 'e.'), 'latin1')
    expect(errorOf(Buffer.concat([head, text, copies])).reason).toBe('too-large')
  })

  it('names no attribute of JavaScript itself', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(errorOf(Buffer.from(`c${name}\n${name}\n.`)).message).toBe(`a reference to ${name}.${name}`)
      expect(errorOf(Buffer.from(`F${name}\n.`)).message).toBe('a float that is none')
    }
    expect(shown(treeOfPickle(Buffer.from('\x80\x04}\x8c\x09__proto__K\x01s.', 'latin1')))).toBe(
      '{"__proto__": 1}',
    )
  })

  it('1,000 levels deep is still read', () => {
    const nested = `${'('.repeat(999)}${'l'.repeat(999)}.`
    expect(shown(treeOfPickle(Buffer.from(nested)))).toBe('['.repeat(999) + ']'.repeat(999))
  })

  it('stays within the limits it is given', () => {
    const limits = { maxDepth: 2, maxItems: 10 }
    const emit = (text: string) => digestOf(pickleValue(readPickle(Buffer.from(text, 'latin1'), limits)))
    expect(emit('\x80\x04]]a.')).toHaveLength(20)
    expect(() => emit('\x80\x04]]]aa.')).toThrow('deep')
    expect(() => emit('\x80\x04](](K\x01K\x02K\x03e\x94h\x00h\x00e.')).toThrow('more than 10 values')
  })
})
