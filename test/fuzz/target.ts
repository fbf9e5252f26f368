/** What is fuzzed: a way to make payloads, a reader that must decode or refuse each of them, and who is asked for a second opinion. */
import type { Random } from './random.js'

/** What came of one payload. */
export type Outcome =
  | {
      readonly state: 'decoded'
      /** For the peer; absent where it cannot be compared. */
      readonly spelling?: Buffer
      /** How many payloads there were in one, and how many of them were decoded; 1 and 1 unless told. */
      readonly payloads?: number
      readonly decoded?: number
    }
  /** What stands there is clear, but no value is made of it: an object that no reader could build. */
  | { readonly state: 'understood'; readonly spelling?: Buffer }
  | { readonly state: 'refused'; readonly reason: string }

export interface Target {
  readonly name: string
  payload(random: Random): Buffer
  /** Throws for whatever must never happen. */
  read(payload: Buffer): Outcome
  /** The operation of the peer that reads the same payloads. */
  readonly peer?: string
  /** The same with something left out; without it any bytes are. */
  smaller?(payload: Buffer): Iterable<Buffer>
  /**
   * Differences that are meant: we decode and the peer's error is one of these (`ours-alone`), or we refuse for one of these reasons
   * what the peer reads (`theirs-alone`).
   */
  readonly meant?: { readonly oursAlone?: RegExp; readonly theirsAlone?: RegExp }
}

/** Something that must never happen, with all that is needed to see it again. */
export class Broken extends Error {}
