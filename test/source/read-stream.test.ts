/** Cutting by bytes and reading ahead, over an engine that only counts. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReadResult } from '../../src/model/redis-value.js'
import { type BatchReader, type Measure, readBatches, readStream } from '../../src/source/read-stream.js'
import type { KeyOfType, ReadStreamOptions } from '../../src/source/source.js'
import { all } from './open.js'

/** Keys are named by the size of their value. */
const keysOf = (sizes: readonly number[], type = 'string'): KeyOfType[] =>
  sizes.map((size) => ({ key: Buffer.from(String(size)), type }))
const sizeOf = ({ key }: KeyOfType): number => Number(key.toString())

class CountingReader implements BatchReader {
  readonly batches: number[][] = []
  underWay = 0
  mostUnderWay = 0
  constructor(readonly measures: (size: number) => number | null = (size) => size) {}

  async read(requests: readonly KeyOfType[]): Promise<ReadResult[]> {
    const sizes = requests.map(sizeOf)
    this.batches.push(sizes)
    this.underWay += sum(sizes)
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay)
    await new Promise(setImmediate)
    return sizes.map((sizeBytes) => ({
      state: 'read',
      value: { type: 'string', bytes: Buffer.alloc(0) },
      pttlMs: -1,
      sizeBytes,
    }))
  }

  async measure(requests: readonly KeyOfType[]): Promise<Measure[]> {
    return requests.map((request) => ({ bytes: this.measures(sizeOf(request)) }))
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** What a source over this reader would give, key by key. */
const streamed = <Request extends KeyOfType>(
  requests: Iterable<Request> | AsyncIterable<Request>,
  options: ReadStreamOptions,
  reader: BatchReader,
) => readStream({ readBatches: (groups, how) => readBatches(groups, how, reader) }, requests, options)

describe('readStream', () => {
  it('keeps the order, cuts by bytes, and reads a larger value alone', async () => {
    const reader = new CountingReader()
    const sizes = [40, 40, 40, 500, 10, 10, 90, 100]
    const got = await all(streamed(keysOf(sizes), { batchBytes: 100 }, reader))
    expect(got.map(({ request }) => sizeOf(request))).toEqual(sizes)
    expect(reader.batches).toEqual([[40, 40], [40], [500], [10, 10], [90], [100]])
  })

  it('has at most two batches or one larger value in memory, whatever comes', async () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 3000 }))
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 700 }), async (sizes) => {
        const reader = new CountingReader()
        let consumed = 0
        for await (const { request } of streamed(keysOf(sizes), { batchBytes: 1000 }, reader)) {
          expect(sizeOf(request)).toBe(sizes[consumed++])
          await new Promise(setImmediate)
          reader.underWay -= sizeOf(request)
        }
        expect(consumed).toBe(sizes.length)
        expect(reader.mostUnderWay).toBeLessThanOrEqual(
          2 * 1000 + Math.max(0, ...sizes.filter((each) => each > 1000)),
        )
      }),
      { numRuns: 40 },
    )
  })

  it('asks for the next batch while this one is consumed, and no further', async () => {
    const reader = new CountingReader()
    const stream = streamed(keysOf([60, 60, 60, 60]), { batchBytes: 100 }, reader)
    await stream.next()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(reader.batches).toEqual([[60], [60]])
    await stream.return()
  })

  it('pulls keys only as they are needed', async () => {
    let pulled = 0
    function* endless() {
      for (;;) {
        pulled++
        yield* keysOf([100])
      }
    }
    const stream = streamed(endless(), { batchBytes: 1000 }, new CountingReader())
    for (let at = 0; at < 10; at++) await stream.next()
    expect(pulled).toBeLessThan(2000)
    await stream.return()
  })

  it('learns how the memory that a server names stands to the bytes it sends', async () => {
    const reader = new CountingReader((size) => size * 2)
    await all(streamed(keysOf(new Array(1000).fill(10), 'ReJSON-RL'), { batchBytes: 1000 }, reader))
    expect(reader.batches[0]).toHaveLength(50)
    expect(reader.batches.at(-2)!.length).toBeGreaterThan(90)
  })

  it('stays careful where the server does not measure: few at once, fewer after a large one', async () => {
    const reader = new CountingReader(() => null)
    const sizes = [...new Array(320).fill(100), 50_000, ...new Array(320).fill(100)]
    await all(streamed(keysOf(sizes), { batchBytes: 100_000 }, reader))
    const large = reader.batches.findIndex((batch) => batch.includes(50_000))
    const counts = reader.batches.map((batch) => batch.length)
    expect(counts.slice(0, large)).toEqual(new Array(20).fill(16))
    expect(Math.min(...counts.slice(large + 1, large + 5))).toBeLessThan(8)
  })

  it('ends with the error of the key source or of the engine, and closes the key source', async () => {
    let closed = false
    async function* failing() {
      try {
        yield* keysOf([1, 2, 3])
        throw new Error('no more keys')
      } finally {
        closed = true
      }
    }
    await expect(all(streamed(failing(), { batchBytes: 10 }, new CountingReader()))).rejects.toThrow(
      'no more keys',
    )
    expect(closed).toBe(true)
    const broken = new CountingReader()
    broken.read = async () => {
      throw new Error('broken wire')
    }
    await expect(all(streamed(keysOf([1]), { batchBytes: 10 }, broken))).rejects.toThrow('broken wire')
  })
})
