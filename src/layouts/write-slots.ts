/** The writes of one checkpoint: one a task and index, numbered as the Postgres saver numbers them when it is given a task's writes. */
import type { PendingWrite } from '../model/thread.js'

interface Slot {
  readonly write: PendingWrite
  readonly position: number
}

export class WriteSlots {
  private readonly slots = new Map<string, Slot>()

  /**
   * Of two ordinary writes the first stays, of two special ones (negative index) the last, as the Postgres saver has it; the other one is
   * returned. `position` is the index as stored: where special channels had none of their own, it tells which came last.
   */
  add(write: PendingWrite, position: number): PendingWrite | undefined {
    const slot = `${write.taskId}\0${write.idx}`
    const held = this.slots.get(slot)
    if (held === undefined) {
      this.slots.set(slot, { write, position })
      return undefined
    }
    if (write.idx >= 0 || position < held.position) return write
    this.slots.set(slot, { write, position })
    return held.write
  }

  /**
   * Hands the writes out and forgets them, each task's in their order. An ordinary write's index is its place among all of its
   * task's: a write that was lost leaves no hole, and a resumed task's writes come after its interrupt.
   */
  *drain(): Generator<PendingWrite> {
    const places = new Map<string, number>()
    for (const { write } of [...this.slots.values()].sort((a, b) => a.position - b.position)) {
      const place = places.get(write.taskId) ?? 0
      places.set(write.taskId, place + 1)
      yield write.idx < 0 ? write : { ...write, idx: place }
    }
    this.slots.clear()
  }
}
