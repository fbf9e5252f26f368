/** Channel values as they stand in documents: each is read and written once, and remembered for the documents that repeat it. */
import { DecodeError, EncodeError } from '../../codec/bytes.js'
import type { BlobRow } from '../../model/rows.js'
import type { BlobKey, ThreadRows } from '../../model/thread-rows.js'
import { MAX_DEPTH, type RedisDialect, VALUE_DEPTH, type ValueText } from './dialect.js'
import type { StoredParts, ValueKey } from './stored.js'

/** A checkpoint that Redis cannot hold. The message says why, without payload. */
export class RefusedByRedis extends Error {}

/** How many values are asked for ahead. */
const MOST_KEYS = 2000

export class ChannelTexts {
  /** Least recently used first; null: the channel has no value. */
  private readonly remembered = new Map<string, ValueText | RefusedByRedis | null>()
  private rememberedBytes = 0

  constructor(
    private readonly rows: ThreadRows,
    private readonly dialect: RedisDialect,
    private readonly maxBytes: number,
  ) {}

  /**
   * Of the checkpoint at this place of the page: by channel, those that have one. What the checkpoints after it need comes along. Throws
   * `RefusedByRedis`.
   */
  async of(page: readonly StoredParts[], place: number): Promise<ReadonlyMap<string, ValueText>> {
    const stored = page[place]!
    const found = new Map<string, ValueText | RefusedByRedis | null>()
    const missing: NamedKey[] = []
    for (const key of stored.keys) {
      const held = this.recall(key.name)
      if (held === undefined) missing.push(keyOf(stored, key))
      else found.set(key.channel, held)
    }
    for (let keys = this.withFollowing(missing, page, place + 1), own = missing.length; own > 0; ) {
      const { rows, next } = await this.rows.blobs(keys)
      this.take(keys.slice(0, next), rows, (key, text, at) => {
        if (at < own) found.set(key.channel, text)
      })
      own -= Math.min(own, next)
      keys = keys.slice(next)
    }
    const values = new Map<string, ValueText>()
    // In the order of the row, whatever was remembered: the same checkpoint has the same text in every run.
    for (const { channel } of stored.keys) {
      const text = found.get(channel)
      if (text instanceof RefusedByRedis) throw new RefusedByRedis(`channel ${channel}: ${text.message}`)
      if (text != null) values.set(channel, text)
    }
    return values
  }

  /** Throws `RefusedByRedis`. */
  textOf(row: Pick<BlobRow, 'type' | 'blob'>, place?: string): ValueText | null {
    try {
      const text = this.dialect.valueText(row, place) ?? null
      if (text !== null && text.depth + VALUE_DEPTH > MAX_DEPTH)
        throw new RefusedByRedis(`${text.depth} containers inside each other`)
      return text
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof EncodeError)) throw error
      throw new RefusedByRedis(error.message)
    }
  }

  private withFollowing(
    missing: readonly NamedKey[],
    page: readonly StoredParts[],
    from: number,
  ): NamedKey[] {
    const keys = [...missing]
    if (keys.length === 0) return keys
    const names = new Set(keys.map(({ name }) => name))
    for (let at = from; at < page.length && keys.length < MOST_KEYS; at++) {
      const stored = page[at]!
      for (const key of stored.keys) {
        if (names.has(key.name) || this.remembered.has(key.name)) continue
        names.add(key.name)
        keys.push(keyOf(stored, key))
      }
    }
    return keys
  }

  private take(
    keys: readonly NamedKey[],
    rows: readonly BlobRow[],
    tell: (key: NamedKey, text: ValueText | RefusedByRedis | null, at: number) => void,
  ): void {
    let row = 0
    keys.forEach((key, at) => {
      const here = rows[row]
      const isHere = here !== undefined && nameOf(here) === key.name
      if (isHere) row++
      const text = isHere ? this.written(here) : null
      this.remember(key.name, text)
      tell(key, text, at)
    })
  }

  private written(row: BlobRow): ValueText | RefusedByRedis | null {
    try {
      return this.textOf(row, `${row.threadId}\0${row.checkpointNs}\0${row.channel}`)
    } catch (error) {
      if (error instanceof RefusedByRedis) return error
      throw error
    }
  }

  private recall(name: string): ValueText | RefusedByRedis | null | undefined {
    const text = this.remembered.get(name)
    if (text === undefined) return undefined
    this.remembered.delete(name)
    this.remembered.set(name, text)
    return text
  }

  private remember(name: string, text: ValueText | RefusedByRedis | null): void {
    this.remembered.set(name, text)
    this.rememberedBytes += bytesOf(name, text)
    for (const [oldest, old] of this.remembered) {
      // However large the last one is: the next document may repeat it.
      if (this.rememberedBytes <= this.maxBytes || oldest === name) break
      this.remembered.delete(oldest)
      this.rememberedBytes -= bytesOf(oldest, old)
    }
  }
}

interface NamedKey extends BlobKey {
  readonly name: string
}

const keyOf = ({ row }: StoredParts, { channel, version, name }: ValueKey): NamedKey => ({
  threadId: row.threadId,
  checkpointNs: row.checkpointNs,
  channel,
  version,
  name,
})

const nameOf = ({ threadId, checkpointNs, channel, version }: BlobKey): string =>
  `${threadId}\0${checkpointNs}\0${channel}\0${version}`

/** With what a map needs around them. */
const bytesOf = (name: string, text: ValueText | Error | null): number =>
  200 + 2 * name.length + (text !== null && 'text' in text ? text.text.length : 0)
