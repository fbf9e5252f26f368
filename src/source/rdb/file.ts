/** A snapshot's file: read at any place, and known to be still the one that was opened. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Bytes } from '../../codec/rdb/input.js'

/**
 * Reads at once and not by promises: from the system's cache that takes microseconds, a promise takes ten times as long. A name that
 * comes to mean another file changes nothing here.
 */
export class SnapshotFile implements Bytes {
  readonly size: number
  readonly #file: number
  readonly #modifiedMs: number
  #isOpen = true

  /** Throws what the system says where it cannot be opened. */
  constructor(path: string) {
    this.#file = openSync(path, 'r')
    const { size, mtimeMs } = fstatSync(this.#file)
    this.size = size
    this.#modifiedMs = mtimeMs
  }

  read(into: Buffer, at: number): number {
    return readSync(this.#file, into, 0, into.length, at)
  }

  /** False once somebody has written into it. */
  isUnchanged(): boolean {
    const { size, mtimeMs } = fstatSync(this.#file)
    return size === this.size && mtimeMs === this.#modifiedMs
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#file)
    this.#isOpen = false
  }
}
