/** Walks over whole snapshots: the same however the bytes arrive, and never another end than a right one or a decode error. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import { type Bytes, RdbInput } from '../../../src/codec/rdb/input.js'
import { unpackLzf } from '../../../src/codec/rdb/lzf.js'
import {
  type RdbRecord,
  readKeyHead,
  readRecordValue,
  readVersion,
  recordsOf,
} from '../../../src/codec/rdb/records.js'
import { checksumOf } from './dump.js'
import { length, raw, textScore, ziplist } from './encodings.js'
import { about, database, expires, functions, idle, key, rdbFile, sizes, text, used } from './file.js'

const items = [Buffer.from('a'), Buffer.from('70000')]
const snapshot = rdbFile(
  11,
  about('redis-ver', '6.2.14'),
  functions('code'),
  database(0),
  sizes(5, 2),
  text('large', 'x'.repeat(3000), expires.atMs(1_700_000_000_123)),
  key('list', 14, Buffer.concat([length(2), raw(ziplist(items)), raw(ziplist(items))]), idle(7)),
  key(
    'zset',
    3,
    Buffer.concat([length(2), raw('m'), textScore(1.5), raw('n'), textScore(Infinity)]),
    used(4),
  ),
  database(300),
  sizes(1, 0),
  key('hash', 4, Buffer.concat([length(1), raw('field'), raw('value')])),
)

function walked(input: RdbInput): RdbRecord[] {
  readVersion(input)
  return [...recordsOf(input)]
}

/** Bytes that arrive in pieces of these sizes, over and over. */
function inPieces(all: Buffer, pieces: readonly number[]): Bytes {
  let next = 0
  return {
    size: all.length,
    read: (into, at) => all.copy(into, 0, at, at + Math.min(into.length, pieces[next++ % pieces.length]!)),
  }
}

describe('a walk', () => {
  test('gives every record with its place, and each value from there', () => {
    const records = walked(RdbInput.over(snapshot))
    expect(records.map(({ kind }) => kind)).toEqual([
      'about',
      'database',
      'key',
      'key',
      'key',
      'database',
      'key',
      'end',
    ])
    const values = records.flatMap((record) => {
      if (record.kind !== 'key') return []
      const input = RdbInput.over(snapshot.subarray(record.at, record.at + record.length))
      const head = readKeyHead(input)
      const value = readRecordValue(input, head, 0)
      expect(input.left).toBe(0)
      return [[head.key.toString(), head.expiresAtMs, value?.type]]
    })
    expect(values).toEqual([
      ['large', 1_700_000_000_123, 'string'],
      ['list', null, 'list'],
      ['zset', null, 'zset'],
      ['hash', null, 'hash'],
    ])
  })

  test('is the same however the bytes arrive, and shows each byte once to who watches', () => {
    const right = walked(RdbInput.over(snapshot))
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 8 }), (pieces) => {
        const seen: Buffer[] = []
        const input = new RdbInput(inPieces(snapshot, pieces), (passed) => seen.push(Buffer.from(passed)))
        expect(walked(input)).toEqual(right)
        input.flush()
        expect(Buffer.concat(seen).equals(snapshot.subarray(0, -8))).toBe(true)
        expect(walked(new RdbInput(inPieces(snapshot, pieces)))).toEqual(right)
      }),
      { numRuns: 50, seed: 4 },
    )
  })

  test('over damaged bytes ends, and never otherwise than right or with a decode error', () => {
    const change = fc.tuple(fc.nat(snapshot.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = Buffer.from(snapshot)
        for (const [place, byte] of changes) damaged[place] = byte
        try {
          walked(RdbInput.over(damaged))
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
        }
      }),
      { numRuns: 3000, seed: 5 },
    )
  })
})

test('the checksum is that of Redis', () => {
  expect(checksumOf(Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can)
  expect(checksumOf(Buffer.alloc(0))).toBe(0n)
})

test('LZF unpacks exactly what is announced, or not at all', () => {
  // Three letters as they are, then nine bytes from three back.
  const packed = Buffer.from([2, 0x61, 0x62, 0x63, 0xe0, 0, 2])
  expect(unpackLzf(packed, 12).toString()).toBe('abcabcabcabc')
  for (const wrong of [0, 11, 13, 2 ** 40]) expect(() => unpackLzf(packed, wrong)).toThrow(DecodeError)
  expect(() => unpackLzf(Buffer.from([0x20, 0]), 3)).toThrow(DecodeError)
  expect(() => unpackLzf(Buffer.from([5, 1]), 6)).toThrow(DecodeError)
})
