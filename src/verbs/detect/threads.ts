/**
 * What the names of a thread's keys say when they are seen together: how many threads there are, which writes and pointers lead
 * nowhere. All threads while they fit; then an even share of them, halved as often as needed.
 */
import type { Claim } from '../../layouts/layout.js'
import type { Estimate } from '../../model/detect-findings.js'
import { hash53, hashWith } from './sampling.js'
import { NumberTable } from './table.js'

/** Names kept, some 50 bytes each. */
const MAX_ENTRIES = 300_000

/** Columns of the table of threads: bits of the kinds it has, pointers, checkpoints. */
const KINDS = 0
const POINTERS = 1
const CHECKPOINTS = 2
/** Columns of the table of checkpoint names: the thread, the namespace, whether it is there, writes that name it. */
const THREAD = 0
const NAMESPACE = 1
const IS_THERE = 2
const WRITES = 3

/** Kinds of keys that are told apart; a bit each. */
const MAX_KINDS = 48

export class ThreadNames {
  readonly #threads = new NumberTable(3)
  readonly #names = new NumberTable(4)
  /** One in so many threads is kept. */
  #every = 1

  constructor(private readonly maxEntries = MAX_ENTRIES) {}

  /** `kind` is a small number that the caller gives to keys of one layout and role. */
  add({ threadId, checkpointNs, checkpointId, role, ambiguous }: Claim, kind: number): void {
    const thread = hash53(threadId)
    if (thread % this.#every !== 0) return
    const slot = this.#threads.slotFor(thread)
    this.#threads.set(slot, KINDS, withBit(this.#threads.get(slot, KINDS), kind))
    if (role === 'pointer') this.#count(this.#threads, slot, POINTERS)
    if (role === 'checkpoint' || role === 'snapshot') this.#count(this.#threads, slot, CHECKPOINTS)
    // Of a name that can be split in several ways too little is known to call a write lost.
    if (role === 'checkpoint' || (role === 'write' && checkpointId !== '' && !ambiguous)) {
      const namespace = hashWith(thread, checkpointNs)
      // A checkpoint without an id in its name stands for its whole namespace.
      const name = checkpointId === '' ? namespace : hashWith(namespace, checkpointId)
      const at = this.#names.slotFor(name)
      this.#names.set(at, THREAD, thread)
      this.#names.set(at, NAMESPACE, namespace)
      if (role === 'checkpoint') this.#names.set(at, IS_THERE, 1)
      else this.#count(this.#names, at, WRITES)
    }
    while (this.#threads.size + this.#names.size > this.maxEntries && this.#threads.size > 1) this.#halve()
  }

  /** All threads. */
  threads(): Estimate {
    return this.#estimate(this.#threads.size)
  }

  /** Threads with keys of any of these kinds. */
  threadsWith(kinds: readonly number[]): Estimate {
    let count = 0
    for (const slot of this.#threads.slots()) {
      const bits = this.#threads.get(slot, KINDS)
      if (kinds.some((kind) => hasBit(bits, kind))) count++
    }
    return this.#estimate(count)
  }

  /** Whether the thread has a key of that kind; null where this thread is not among those kept. */
  has(threadId: string, kind: number): boolean | null {
    const thread = hash53(threadId)
    if (thread % this.#every !== 0) return null
    const slot = this.#threads.slotOf(thread)
    return slot >= 0 && hasBit(this.#threads.get(slot, KINDS), kind)
  }

  /** Writes whose checkpoint is not there. Where a namespace has a checkpoint of unknown id, its writes are not judged. */
  orphanWrites(): Estimate {
    let orphans = 0
    for (const slot of this.#names.slots()) {
      if (this.#names.get(slot, IS_THERE) === 1) continue
      const whole = this.#names.slotOf(this.#names.get(slot, NAMESPACE))
      if (whole < 0 || this.#names.get(whole, IS_THERE) === 0) orphans += this.#names.get(slot, WRITES)
    }
    return this.#estimate(orphans)
  }

  /** Pointers of threads without any checkpoint. */
  lonelyPointers(): Estimate {
    let lonely = 0
    for (const slot of this.#threads.slots()) {
      if (this.#threads.get(slot, CHECKPOINTS) === 0) lonely += this.#threads.get(slot, POINTERS)
    }
    return this.#estimate(lonely)
  }

  #count(table: NumberTable, slot: number, column: number): void {
    table.set(slot, column, table.get(slot, column) + 1)
  }

  #halve(): void {
    this.#every *= 2
    this.#threads.keep((thread) => thread % this.#every === 0)
    this.#names.keep((_, column) => column(THREAD) % this.#every === 0)
  }

  #estimate(count: number): Estimate {
    return { count: count * this.#every, exact: this.#every === 1 }
  }
}

const hasBit = (bits: number, bit: number): boolean => Math.floor(bits / 2 ** bit) % 2 === 1
const withBit = (bits: number, bit: number): number =>
  bit >= MAX_KINDS || hasBit(bits, bit) ? bits : bits + 2 ** bit
