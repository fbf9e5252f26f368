/** Groups all keys of a source by thread. What does not fit into memory goes to a file, so that any number of keys needs the same. */
import type { Claim, ClaimedKey } from '../layouts/layout.js'
import type { RedisType } from '../model/redis-value.js'
import type { KeyOfType } from '../source/source.js'
import { SpillFile } from '../source/spill-file.js'
import { AmbiguousKeys, type ResolveClaims } from './inventory/ambiguous.js'
import { InventoryCounts } from './inventory/counts.js'
import { hashOf, MAX_LEVELS, type Part, Partitions } from './inventory/partitions.js'
import { RecordCodec, recordsIn } from './inventory/record.js'

/** All keys of one thread, sorted by their bytes, each once. */
export interface ThreadKeys {
  readonly threadId: string
  readonly keys: readonly ClaimedKey[]
}

export interface InventoryOptions {
  /** What the layouts say of a key; null for a key of somebody else. */
  claim(key: Buffer, type: RedisType): Claim | null
  /** Asked about ambiguous claims; without it they are taken as they are. */
  readonly resolve?: ResolveClaims
  /** How keys that no layout claims are told apart. */
  readonly beginningOf?: (key: Buffer) => string
  /** Threads that are not wanted are counted and not kept. */
  wants?(threadId: string): boolean
  /** What the keys may take in memory; they go to a file beyond. */
  readonly maxBytes: number
  /** Where that file is made; the system's folder for temporary files unless it is named. */
  readonly temporaryFolder?: string
  /** Called after each page with all keys seen so far. */
  onProgress?(keysScanned: number): void
}

/** The part of the budget that one partition may take while its threads are handed out. */
const PARTITION_SHARE = 1 / 4

export class Inventory {
  readonly counts: InventoryCounts
  readonly #options: InventoryOptions
  readonly #codec = new RecordCodec()
  readonly #ambiguous: AmbiguousKeys
  readonly #partitions = new Partitions(0)
  #file: SpillFile | null = null
  #handedOut = false

  private constructor(options: InventoryOptions) {
    this.#options = options
    this.counts = new InventoryCounts(options.beginningOf)
    this.#ambiguous = new AmbiguousKeys(options.resolve ?? (async (keys) => keys), (key, claimed) =>
      claimed === null ? this.counts.foreign(key) : this.#keep(claimed, claimed),
    )
  }

  /** Takes all pages. Close the inventory when its threads are no longer needed. */
  static async of(pages: AsyncIterable<readonly KeyOfType[]>, options: InventoryOptions): Promise<Inventory> {
    const inventory = new Inventory(options)
    try {
      for await (const page of pages) await inventory.#take(page)
      await inventory.#ambiguous.ask()
      // Once there is a file it holds everything, and the memory is free for the values.
      if (inventory.#file !== null) {
        await inventory.#partitions.spill(inventory.#file)
        inventory.#partitions.freeMemory()
      }
      return inventory
    } catch (error) {
      await inventory.close()
      throw error
    }
  }

  /** True once keys went to the temporary file. */
  get spilled(): boolean {
    return this.#file !== null
  }

  /** The number of threads; reads what was spilled once more. Before `threads`. */
  async countThreads(): Promise<number> {
    let threads = 0
    for (const part of this.#partitions.parts()) {
      const ids = new Set<string>()
      for await (const piece of part.pieces(this.#file))
        for (const record of recordsIn(piece)) ids.add(this.#codec.threadIdOf(record))
      threads += ids.size
    }
    return threads
  }

  /**
   * One thread after another, in the order of their ids' hashes: the same in every run, whatever the budget. Frees what it has
   * handed out, so it can be asked for once.
   */
  async *threads(): AsyncGenerator<ThreadKeys, void, undefined> {
    if (this.#handedOut) throw new Error('the threads of an inventory can be asked for once')
    this.#handedOut = true
    yield* this.#threadsOf(this.#partitions)
  }

  /** Removes the temporary file. */
  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  async #take(page: readonly KeyOfType[]): Promise<void> {
    for (const found of page) {
      this.counts.scan(found)
      const claim = this.#options.claim(found.key, found.type)
      if (claim === null) {
        this.counts.foreign(found)
        continue
      }
      if (!claim.ambiguous) this.#keep(claim, found)
      else if (this.#ambiguous.take({ ...claim, key: found.key, type: found.type }))
        await this.#ambiguous.ask()
    }
    if (this.#partitions.memoryBytes > this.#options.maxBytes)
      await this.#partitions.spill(await this.#spillFile())
    this.#options.onProgress?.(this.counts.scanned)
  }

  #keep(claim: Claim, found: KeyOfType): void {
    if (this.#options.wants?.(claim.threadId) === false) {
      this.counts.leftOut++
      return
    }
    this.counts.claim(claim, found)
    this.#partitions.add(hashOf(claim.threadId), this.#codec.encode(claim, found))
  }

  async *#threadsOf(partitions: Partitions): AsyncGenerator<ThreadKeys, void, undefined> {
    for (const part of partitions.parts()) {
      const level = partitions.level + 1
      if (part.bytes > this.#options.maxBytes * PARTITION_SHARE && level < MAX_LEVELS) {
        yield* this.#threadsOf(await this.#divided(part, level))
      } else {
        yield* this.#threadsIn(part)
      }
    }
  }

  /** A partition that is too large, in 256 smaller ones. One thread alone stays together whatever its size. */
  async #divided(part: Part, level: number): Promise<Partitions> {
    const smaller = new Partitions(level)
    for await (const piece of part.pieces(this.#file)) {
      for (const record of recordsIn(piece)) {
        smaller.add(hashOf(this.#codec.threadIdOf(record)), record)
        if (smaller.memoryBytes > this.#options.maxBytes) await smaller.spill(await this.#spillFile())
      }
    }
    part.forget()
    return smaller
  }

  async *#threadsIn(part: Part): AsyncGenerator<ThreadKeys, void, undefined> {
    const threads = new Map<string, Buffer[]>()
    for await (const piece of part.pieces(this.#file)) {
      for (const record of recordsIn(piece)) {
        const threadId = this.#codec.threadIdOf(record)
        const records = threads.get(threadId)
        if (records === undefined) threads.set(threadId, [record])
        else records.push(record)
      }
    }
    part.forget()
    const ordered = [...threads.keys()]
      .map((threadId) => ({ threadId, hash: hashOf(threadId) }))
      .sort((a, b) => a.hash - b.hash || (a.threadId < b.threadId ? -1 : 1))
    for (const { threadId } of ordered) {
      const records = threads.get(threadId)!
      threads.delete(threadId)
      yield { threadId, keys: this.#distinct(records) }
    }
  }

  /** SCAN may name a key twice; where its TYPE changed in between, the later one counts. */
  #distinct(records: readonly Buffer[]): ClaimedKey[] {
    const keys = records.map((record) => this.#codec.decode(record))
    keys.sort((a, b) => a.key.compare(b.key)) // stable: equal keys stay in the order they came
    return keys.filter((key, at) => {
      const isLast = !keys[at + 1]?.key.equals(key.key)
      if (!isLast) this.counts.duplicate(key)
      return isLast
    })
  }

  async #spillFile(): Promise<SpillFile> {
    this.#file ??= await SpillFile.create(this.#options.temporaryFolder)
    return this.#file
  }
}
