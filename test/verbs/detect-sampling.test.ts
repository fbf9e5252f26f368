/** Counting in bounded memory: what is kept is even, exact while it fits, and close where it does not. */
import { describe, expect, it } from 'vitest'
import type { Claim, KeyRole } from '../../src/layouts/layout.js'
import { hash53, hashOfKey, Samples } from '../../src/verbs/detect/sampling.js'
import { NumberTable } from '../../src/verbs/detect/table.js'
import { ThreadNames } from '../../src/verbs/detect/threads.js'

const claim = (role: KeyRole, threadId: string, checkpointId = '', checkpointNs = ''): Claim => ({
  layout: 'python-full',
  role,
  threadId,
  checkpointNs,
  checkpointId,
})

describe('a sample', () => {
  it('holds each item once, however often it comes, and the same ones in every order', () => {
    const names = Array.from({ length: 1000 }, (_, at) => `key:${at}`)
    const sample = (of: readonly string[]) => {
      const samples = new Samples<string>(20)
      for (const name of of) samples.add(hashOfKey(Buffer.from(name)), () => name)
      return samples.items
    }
    const forwards = sample([...names, ...names])
    expect(new Set(forwards).size).toBe(20)
    expect(sample([...names].reverse())).toEqual(forwards)
    // Spread over all of them, not the first or the last.
    const places = forwards.map((name) => Number(name.slice(4)))
    expect(Math.min(...places)).toBeLessThan(200)
    expect(Math.max(...places)).toBeGreaterThan(800)
  })

  it('tells similar names apart', () => {
    const hashes = new Set(Array.from({ length: 100_000 }, (_, at) => hash53(`thread-${at}`)))
    expect(hashes.size).toBe(100_000)
  })
})

describe('a table of numbers', () => {
  it('grows, finds what it was given, and forgets what does not pass', () => {
    const table = new NumberTable(1)
    const hashes = Array.from({ length: 5000 }, (_, at) => hash53(`entry ${at}`))
    for (const [at, hash] of hashes.entries()) table.set(table.slotFor(hash), 0, at)
    expect(table.size).toBe(5000)
    table.keep((_, column) => column(0) % 2 === 0)
    expect(table.size).toBe(2500)
    expect(table.get(table.slotOf(hashes[4998]!), 0)).toBe(4998)
    expect(table.slotOf(hashes[4999]!)).toBe(-1)
  })
})

describe('threads by the names of their keys', () => {
  it('are exact while they fit: writes without checkpoint and pointers without thread are found', () => {
    const threads = new ThreadNames()
    threads.add(claim('checkpoint', 'a', 'c1'), 0)
    threads.add(claim('write', 'a', 'c1'), 1)
    threads.add(claim('write', 'a', 'gone'), 1)
    threads.add(claim('write', 'a', 'gone'), 1)
    threads.add(claim('write', 'a', 'c1', 'another namespace'), 1)
    threads.add(claim('pointer', 'a'), 2)
    threads.add(claim('pointer', 'left'), 2)
    expect(threads.orphanWrites()).toEqual({ count: 3, exact: true })
    expect(threads.lonelyPointers()).toEqual({ count: 1, exact: true })
    expect(threads.threadsWith([0])).toEqual({ count: 1, exact: true })
    expect(threads.has('a', 2)).toBe(true)
    expect(threads.has('left', 0)).toBe(false)
  })

  it('do not judge writes beside a checkpoint whose name holds no id', () => {
    const threads = new ThreadNames()
    threads.add(claim('checkpoint', 'a'), 0)
    threads.add(claim('write', 'a', 'c1'), 1)
    threads.add(claim('write', 'a', 'c1', 'child'), 1)
    expect(threads.orphanWrites()).toEqual({ count: 1, exact: true })
  })

  it('are estimated within a few percent once they do not fit', () => {
    const threads = new ThreadNames(4000)
    for (let thread = 0; thread < 20_000; thread++) {
      threads.add(claim('checkpoint', `user ${thread}`, 'c1'), 0)
      threads.add(claim('write', `user ${thread}`, thread % 4 === 0 ? 'gone' : 'c1'), 1)
    }
    const { count, exact } = threads.threads()
    expect(exact).toBe(false)
    expect(count / 20_000).toBeCloseTo(1, 0)
    expect(Math.abs(count - 20_000)).toBeLessThan(2500)
    expect(Math.abs(threads.orphanWrites().count - 5000)).toBeLessThan(1200)
  })
})
