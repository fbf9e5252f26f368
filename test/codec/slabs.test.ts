/** Bytes that are kept in shared memory: they stay what they are until they are let go, and only then is their memory used again. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlabPool, Slabs } from '../../src/codec/slabs.js'

const runs = fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 60 })

describe('kept bytes', () => {
  it('stay what they were, whatever is kept after them and whatever others let go', () => {
    fc.assert(
      fc.property(runs, runs, runs, (first, second, third) => {
        const pool = new SlabPool(256, 64, 2)
        const [own, other] = [new Slabs(pool), new Slabs(pool)]
        const kept = first.map((bytes) => own.keep(Buffer.from(bytes)))
        for (const bytes of second) other.keep(Buffer.from(bytes))
        other.letGo()
        const more = third.map((bytes) => own.keep(Buffer.from(bytes)))
        for (const bytes of second) other.keep(Buffer.alloc(bytes.length, 0xff))
        expect([...kept, ...more].map((bytes) => [...bytes])).toEqual(
          [...first, ...third].map((bytes) => [...bytes]),
        )
      }),
    )
  })

  it('are copies: what they were read from may change', () => {
    const pool = new SlabPool(256, 64, 2)
    for (const length of [10, 64, 65, 1000]) {
      const source = Buffer.alloc(length, 1)
      const kept = new Slabs(pool).keep(source)
      source.fill(2)
      expect([...kept]).toEqual(new Array(length).fill(1))
    }
  })
})

describe('memory', () => {
  it('that was let go is used again, by whoever keeps bytes next', () => {
    const pool = new SlabPool(256, 64, 2)
    const slabs = new Slabs(pool)
    const { buffer } = slabs.keep(Buffer.alloc(50))
    slabs.letGo()
    expect(new Slabs(pool).keep(Buffer.alloc(50)).buffer).toBe(buffer)
  })

  it('is shared by small runs only, and no more of it waits than the pool may hold', () => {
    const pool = new SlabPool(256, 64, 2)
    const slabs = new Slabs(pool)
    expect(slabs.keep(Buffer.alloc(64)).buffer).toBe(slabs.keep(Buffer.alloc(64)).buffer)
    expect(slabs.keep(Buffer.alloc(65)).buffer).not.toBe(slabs.keep(Buffer.alloc(64)).buffer)
    const before = new Set(Array.from({ length: 40 }, () => slabs.keep(Buffer.alloc(64)).buffer))
    // Three runs have been kept before, and four fill a piece.
    expect(before.size).toBe(11)
    slabs.letGo()
    const after = Array.from({ length: 40 }, () => slabs.keep(Buffer.alloc(64)).buffer)
    expect(new Set(after.filter((buffer) => before.has(buffer))).size).toBe(2)
  })
})
