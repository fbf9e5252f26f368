/** What a walk over all keys has met: by layout and role, by TYPE, and what no layout knows. */
import type { Claim, ClaimedKey, KeyRole } from '../../layouts/layout.js'
import type { RedisType } from '../../model/redis-value.js'
import type { KeyOfType } from '../../source/source.js'

/** Keys that no layout claims, by how they begin. */
export interface ForeignGroup {
  /** Up to the first separator or digit: `bull:`, `sess_`; empty for the rest, once there are too many beginnings. */
  readonly prefix: string
  keys: number
  /** The first few. */
  readonly samples: KeyOfType[]
}

/** Foreign prefixes told apart; a database without any order in its keys would fill the memory otherwise. */
const MAX_PREFIXES = 1000
const MAX_SAMPLES = 3
const MAX_CLAIMED_SAMPLES = 8
const MAX_PREFIX_BYTES = 64
/** A sample this long names no key any more. */
const MAX_SAMPLE_BYTES = 1024

export class InventoryCounts {
  /** Every name the source gave, with those it gave twice. */
  scanned = 0
  /** Names that came a second time; known only for threads that were handed out. */
  duplicates = 0
  /** Claimed keys of threads that were not wanted. */
  leftOut = 0
  /** Claimed and wanted keys: layout → role → keys. */
  readonly claimed = new Map<string, Map<KeyRole, number>>()
  /** Every scanned key by TYPE. */
  readonly types = new Map<RedisType, number>()
  readonly #foreign = new Map<string, ForeignGroup>()
  readonly #samples = new Map<string, ClaimedKey[]>()

  constructor(private readonly beginningOf = keyBeginning) {}

  scan({ type }: KeyOfType): void {
    this.scanned++
    this.types.set(type, (this.types.get(type) ?? 0) + 1)
  }

  claim(claim: Claim, { key, type }: KeyOfType): void {
    const { layout, role } = claim
    this.#add(layout, role, 1)
    if (role !== 'checkpoint') return
    const samples = this.#samples.get(layout)
    if (samples !== undefined && samples.length === MAX_CLAIMED_SAMPLES) return
    // A copy: the name would keep the whole reply it came in.
    const sample: ClaimedKey = { ...claim, key: Buffer.from(key), type }
    if (samples === undefined) this.#samples.set(layout, [sample])
    else samples.push(sample)
  }

  /** The first few checkpoint keys of each layout that claimed any, as SCAN named them: in the order of a hash. */
  samples(): ClaimedKey[] {
    return [...this.#samples.values()].flat()
  }

  duplicate({ layout, role, type }: ClaimedKey): void {
    this.duplicates++
    this.scanned--
    this.types.set(type, (this.types.get(type) ?? 0) - 1)
    this.#add(layout, role, -1)
  }

  foreign(key: KeyOfType): void {
    let prefix = this.beginningOf(key.key)
    if (!this.#foreign.has(prefix) && this.#foreign.size >= MAX_PREFIXES) prefix = ''
    let group = this.#foreign.get(prefix)
    if (group === undefined) {
      group = { prefix, keys: 0, samples: [] }
      this.#foreign.set(prefix, group)
    }
    group.keys++
    if (group.samples.length >= MAX_SAMPLES) return
    // A copy: the name would keep the whole reply it came in.
    group.samples.push({ key: Buffer.from(key.key.subarray(0, MAX_SAMPLE_BYTES)), type: key.type })
  }

  /** Largest group first. */
  foreignGroups(): ForeignGroup[] {
    return [...this.#foreign.values()].sort((a, b) => b.keys - a.keys || (a.prefix < b.prefix ? -1 : 1))
  }

  /** Claimed and wanted keys. */
  get claimedKeys(): number {
    let sum = 0
    for (const roles of this.claimed.values()) for (const keys of roles.values()) sum += keys
    return sum
  }

  get foreignKeys(): number {
    let sum = 0
    for (const { keys } of this.#foreign.values()) sum += keys
    return sum
  }

  #add(layout: string, role: KeyRole, keys: number): void {
    let roles = this.claimed.get(layout)
    if (roles === undefined) {
      roles = new Map()
      this.claimed.set(layout, roles)
    }
    roles.set(role, (roles.get(role) ?? 0) + keys)
  }
}

/** Where the constant part of a name usually ends: behind its first separator, or before its first number. */
export function keyBeginning(key: Buffer): string {
  const name = key.toString('latin1', 0, MAX_PREFIX_BYTES)
  const end = /[:/|$#{\d]/.exec(name)
  const length = end === null ? 0 : /\d/.test(end[0]) ? end.index : end.index + 1
  return key.toString('utf8', 0, length)
}
