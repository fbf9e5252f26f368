/** Where each of very many keys stands in a snapshot: 22 bytes a key, in memory while they are few, in a temporary file beyond. */
import { hash } from 'node:crypto'
import { SpillFile } from '../spill-file.js'

/** A record of the snapshot that may be the key's. */
export interface Place {
  readonly at: number
  readonly length: number
  /** About how many bytes the value takes once it is read. */
  readonly valueBytes: number
}

/** Hash, position, length of the record, bytes of the value. */
const ENTRY = { bytes: 22, hash: 0, at: 6, length: 12, valueBytes: 17 } as const
const HASH_BITS = 48
/** 350,000 keys. */
const MAX_BYTES = 350_000 * ENTRY.bytes
const FIRST_ENTRIES = 1024
const PARTS = 256
/** Entries that one look-up reads. */
const PAGE_ENTRIES = 128
const PAGE_BYTES = PAGE_ENTRIES * ENTRY.bytes

export class KeyIndex {
  /** Entries that are not sorted yet. */
  #recent = Buffer.allocUnsafeSlow(FIRST_ENTRIES * ENTRY.bytes)
  #used = 0
  readonly #maxBytes: number
  #file: SpillFile | null = null
  /** Sorted runs in the file, each with where its parts end. */
  readonly #runs: { readonly at: number; readonly ends: readonly number[] }[] = []
  /** The first hash of each page, in order. */
  #pages = new Float64Array(0)
  /** All entries by hash: in memory, or where they begin in the file. */
  #sorted: Buffer | number = 0
  #bytes = 0

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = Math.max(maxBytes, ENTRY.bytes)
  }

  /** What it takes in memory. */
  get memoryBytes(): number {
    return (
      this.#recent.length + this.#pages.byteLength + (Buffer.isBuffer(this.#sorted) ? this.#sorted.length : 0)
    )
  }

  /** Gives a promise only where it has to be waited for. */
  add(key: Buffer, { at, length, valueBytes }: Place): Promise<void> | null {
    const entry = this.#used
    this.#used += ENTRY.bytes
    if (this.#used > this.#recent.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#recent.length * 2, this.#maxBytes + ENTRY.bytes))
      this.#recent.copy(larger)
      this.#recent = larger
    }
    this.#recent.writeUIntBE(hashOf(key), entry + ENTRY.hash, 6)
    this.#recent.writeUIntBE(at, entry + ENTRY.at, 6)
    this.#recent.writeUIntBE(length, entry + ENTRY.length, 5)
    this.#recent.writeUIntBE(Math.min(valueBytes, 2 ** 40 - 1), entry + ENTRY.valueBytes, 5)
    return this.#used >= this.#maxBytes ? this.#spill() : null
  }

  /** After the last key, before the first look-up. */
  async finish(): Promise<void> {
    if (this.#file === null) {
      this.#sorted = sortedByHash(this.#recent.subarray(0, this.#used))
      this.#bytes = this.#used
      this.#pages = Float64Array.from(firstHashes(this.#sorted, 0))
    } else {
      await this.#spill()
      await this.#merge(this.#file)
    }
    this.#recent = Buffer.alloc(0)
    this.#used = 0
  }

  /** Records whose keys have the same hash: one, nearly always; the caller compares. */
  async find(key: Buffer): Promise<Place[]> {
    const wanted = hashOf(key)
    const places: Place[] = []
    for (let page = this.#pageBefore(wanted); page < this.#pages.length; page++) {
      if (this.#pages[page]! > wanted) break
      const stored = this.#page(page)
      const entries = Buffer.isBuffer(stored) ? stored : await stored
      for (let at = 0; at < entries.length; at += ENTRY.bytes) {
        if (entries.readUIntBE(at + ENTRY.hash, 6) !== wanted) continue
        places.push({
          at: entries.readUIntBE(at + ENTRY.at, 6),
          length: entries.readUIntBE(at + ENTRY.length, 5),
          valueBytes: entries.readUIntBE(at + ENTRY.valueBytes, 5),
        })
      }
    }
    return places
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  /** The last page that begins before the hash; equal hashes may span two. */
  #pageBefore(wanted: number): number {
    let low = 0
    let high = this.#pages.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#pages[middle]! < wanted) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }

  #page(page: number): Buffer | Promise<Buffer> {
    const from = page * PAGE_BYTES
    const length = Math.min(PAGE_BYTES, this.#bytes - from)
    if (Buffer.isBuffer(this.#sorted)) return this.#sorted.subarray(from, from + length)
    return this.#file!.read({ at: this.#sorted + from, length })
  }

  async #spill(): Promise<void> {
    const run = sortedByHash(this.#recent.subarray(0, this.#used))
    this.#used = 0
    this.#file ??= await SpillFile.create()
    const { at } = await this.#file.append([run])
    const ends: number[] = []
    let end = 0
    for (let part = 0; part < PARTS; part++) {
      // The first byte of the hash says which part.
      while (end < run.length && run[end]! <= part) end += ENTRY.bytes
      ends.push(end)
    }
    this.#runs.push({ at, ends })
  }

  /** One part of all runs after the other: no more than that is in memory. */
  async #merge(file: SpillFile): Promise<void> {
    const pages: number[] = []
    let begun: number | null = null
    for (let part = 0; part < PARTS; part++) {
      const pieces: Buffer[] = []
      for (const { at, ends } of this.#runs) {
        const from = part === 0 ? 0 : ends[part - 1]!
        const length = ends[part]! - from
        if (length > 0) pieces.push(await file.read({ at: at + from, length }))
      }
      const sorted = sortedByHash(Buffer.concat(pieces))
      for (const first of firstHashes(sorted, this.#bytes)) pages.push(first)
      const { at } = await file.append([sorted])
      begun ??= at
      this.#bytes += sorted.length
    }
    this.#pages = Float64Array.from(pages)
    this.#sorted = begun ?? 0
    this.#runs.length = 0
  }
}

const hashOf = (key: Buffer): number => hash('sha1', key, 'buffer').readUIntBE(0, HASH_BITS / 8)

function sortedByHash(entries: Buffer): Buffer {
  const count = entries.length / ENTRY.bytes
  const hashes = new Float64Array(count)
  const order = new Uint32Array(count)
  for (let at = 0; at < count; at++) {
    hashes[at] = entries.readUIntBE(at * ENTRY.bytes, 6)
    order[at] = at
  }
  order.sort((a, b) => hashes[a]! - hashes[b]!)
  const sorted = Buffer.allocUnsafeSlow(entries.length)
  for (let to = 0; to < count; to++) {
    const from = order[to]! * ENTRY.bytes
    entries.copy(sorted, to * ENTRY.bytes, from, from + ENTRY.bytes)
  }
  return sorted
}

/** Hashes at which pages begin, of entries that stand `before` bytes after the first of all. */
function* firstHashes(sorted: Buffer, before: number): Generator<number> {
  const gap = (PAGE_BYTES - (before % PAGE_BYTES)) % PAGE_BYTES
  for (let at = gap; at < sorted.length; at += PAGE_BYTES) yield sorted.readUIntBE(at, 6)
}
