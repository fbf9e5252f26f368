/** A thread of Postgres as the keys of the official RedisSaver: for each checkpoint its writes, their registry and its document. */
import { DecodeError, EncodeError } from '../../codec/bytes.js'
import type { CheckpointKeys } from '../../model/redis-write.js'
import type { WriteRow } from '../../model/rows.js'
import type { ThreadRows } from '../../model/thread-rows.js'
import { ChannelTexts, RefusedByRedis } from './channel-texts.js'
import type { RedisDialect, ValueText } from './dialect.js'
import { JsKeys } from './js.js'
import type { RedisKeysOptions } from './options.js'
import { OrderedWrites } from './ordered-writes.js'
import { parentSends } from './parent-sends.js'
import { PythonKeys } from './python.js'
import { partsOf, type StoredParts, tellsOfDeltas } from './stored.js'
import { ThreadLosses } from './thread-losses.js'
import { WriteKeys } from './write-keys.js'

const REMEMBERED_BYTES = 8 * 1024 * 1024
/** How many checkpoints share the questions for their writes, and for the Sends of their parents. */
const TOGETHER = 250

/**
 * Thread after thread, each from its oldest checkpoint of a namespace to the newest, then the pointer to it. A checkpoint with many
 * writes comes in several parts, its registry and document in the last. A thread whose newest checkpoint of some namespace Redis
 * cannot hold yields nothing, and says so in a finding before anything of it could be written. Buffers are never used again.
 */
export async function* redisKeysOf(
  rows: ThreadRows,
  options: RedisKeysOptions,
): AsyncGenerator<CheckpointKeys, void, undefined> {
  yield* new RedisKeys(rows, redisDialect(options), options).all()
}

export const redisDialect = ({
  dialect,
  prefixes,
  keepDocument,
}: Pick<RedisKeysOptions, 'dialect' | 'prefixes' | 'keepDocument'>): RedisDialect =>
  dialect === 'python' ? new PythonKeys(prefixes, keepDocument) : new JsKeys(prefixes, keepDocument)

class RedisKeys {
  private readonly texts: ChannelTexts
  private readonly losses = new ThreadLosses()
  private newest: StoredParts | undefined

  constructor(
    private readonly rows: ThreadRows,
    private readonly dialect: RedisDialect,
    private readonly options: RedisKeysOptions,
  ) {
    this.texts = new ChannelTexts(rows, dialect, options.rememberedBytes ?? REMEMBERED_BYTES)
  }

  async *all(): AsyncGenerator<CheckpointKeys, void, undefined> {
    const leftOut = await this.threadsToLeave()
    for await (const page of this.rows.checkpoints()) {
      const wanted = page.filter(({ threadId }) => !leftOut.has(threadId))
      for (let from = 0; from < wanted.length; from += TOGETHER)
        yield* this.some(wanted.slice(from, from + TOGETHER).map(partsOf))
    }
    yield* this.pointer(undefined)
    for (const [threadId, count] of await this.rows.orphans())
      this.options.onFinding({ reason: 'orphan-write-in-postgres', threadId, detail: `${count} writes` })
  }

  /** Threads that would open at an older state. */
  private async threadsToLeave(): Promise<ReadonlySet<string>> {
    const leave = new Set<string>()
    const deltas = new Set<string>()
    for await (const page of this.rows.heads()) {
      const heads = page.map(partsOf)
      const sends = await this.sendsOf(heads)
      const writes = this.dialect.writesAreText ? new OrderedWrites(this.rows.writes(page)) : undefined
      for (const [at, head] of heads.entries()) {
        if (tellsOfDeltas(head)) deltas.add(head.row.threadId)
        const isHeld = await this.isHeld(head, async () => {
          await this.valuesOf(heads, at, sends)
          await this.tryWrites(writes?.of(head.row) ?? [])
        })
        if (isHeld || leave.has(head.row.threadId)) continue
        leave.add(head.row.threadId)
        this.options.onFinding({ reason: 'older-head-in-redis', threadId: head.row.threadId })
      }
    }
    for (const threadId of leave) deltas.delete(threadId)
    for await (const threadId of this.brokenDeltas(deltas)) leave.add(threadId)
    return leave
  }

  /** Values of delta channels are rebuilt from the checkpoints before: without one of those they would be others. */
  private async *brokenDeltas(threads: ReadonlySet<string>): AsyncGenerator<string, void, undefined> {
    if (threads.size === 0) return
    const broken = new Set<string>()
    for await (const page of this.rows.checkpoints()) {
      const stored = page.filter(({ threadId }) => threads.has(threadId)).map(partsOf)
      const sends = await this.sendsOf(stored)
      for (const [at, one] of stored.entries()) {
        const { threadId } = one.row
        if (broken.has(threadId)) continue
        const isHeld = await this.isHeld(one, async () => {
          await this.valuesOf(stored, at, sends)
        })
        if (isHeld) continue
        broken.add(threadId)
        this.options.onFinding({ reason: 'broken-delta-chain-in-redis', threadId })
        yield threadId
      }
    }
  }

  private async *some(page: readonly StoredParts[]): AsyncGenerator<CheckpointKeys, void, undefined> {
    const sends = await this.sendsOf(page)
    const writes = new OrderedWrites(this.rows.writes(page.map(({ row }) => row)))
    for (const [at, stored] of page.entries()) {
      yield* this.pointer(stored)
      this.newest = stored
      const { row } = stored
      let values: ReadonlyMap<string, ValueText> = new Map()
      const ownWrites = new WriteKeys(this.dialect)
      let areTried = !this.dialect.writesAreText
      let isHeld = await this.isHeld(stored, async () => {
        values = await this.valuesOf(page, at, sends)
      })
      // Also the writes of a checkpoint that is left out have to be gone through.
      for await (const piece of writes.of(row)) {
        isHeld &&= await this.isHeld(stored, async () => {
          ownWrites.add(piece)
          if (!ownWrites.isPart || areTried) return
          // None goes before it is known that all can.
          await this.tryWrites(this.rows.writes([row]))
          areTried = true
        })
        if (isHeld && ownWrites.isPart) yield { ...idsOf(row), keys: ownWrites.takePart() }
      }
      if (!isHeld) continue
      const parentsSends = sends.get(stored)
      const document = this.dialect.document({
        stored,
        values,
        hasWrites: ownWrites.isAny,
        ...(parentsSends !== undefined && !(parentsSends instanceof Error) && { sends: parentsSends }),
      })
      const key = Buffer.from(this.dialect.checkpointKey(row))
      yield { ...idsOf(row), keys: [...ownWrites.takeRest(row), { type: 'json', key, document }] }
    }
  }

  /** What ends a namespace, where `next` belongs to another one. */
  private async *pointer(next: StoredParts | undefined): AsyncGenerator<CheckpointKeys, void, undefined> {
    const { newest } = this
    if (newest === undefined) return
    const { threadId, checkpointNs } = newest.row
    const isSameThread = next?.row.threadId === threadId
    if (isSameThread && next.row.checkpointNs === checkpointNs) return
    this.newest = undefined
    if (this.dialect.pointerKey !== undefined) {
      const key = Buffer.from(this.dialect.pointerKey({ threadId, checkpointNs }))
      const value = Buffer.from(this.dialect.checkpointKey(newest.row))
      yield { threadId, checkpointNs, checkpointId: null, keys: [{ type: 'string', key, value }] }
    }
    const finding = isSameThread ? undefined : this.losses.finding(threadId)
    if (finding !== undefined) this.options.onFinding(finding)
  }

  /** Throws what a write throws that Redis cannot hold. */
  private async tryWrites(pieces: AsyncIterable<readonly WriteRow[]> | Iterable<never>): Promise<void> {
    for await (const piece of pieces) for (const row of piece) this.dialect.write(row, 0)
  }

  private sendsOf(page: readonly StoredParts[]): Promise<ReadonlyMap<StoredParts, ValueText | Error>> {
    return this.dialect.movesSends ? parentSends(this.rows, this.texts, page) : Promise.resolve(new Map())
  }

  /** Of the checkpoint at this place of the page. Throws `RefusedByRedis`. */
  private async valuesOf(
    page: readonly StoredParts[],
    at: number,
    sends: ReadonlyMap<StoredParts, ValueText | Error>,
  ): Promise<ReadonlyMap<string, ValueText>> {
    const stored = page[at]!
    const misfit = this.dialect.misfit(stored)
    if (misfit !== undefined) throw new RefusedByRedis(misfit)
    const parents = sends.get(stored)
    if (parents instanceof Error) throw new RefusedByRedis(`Sends of the parent: ${parents.message}`)
    const values = await this.texts.of(page, at)
    const { threadId, checkpointNs, checkpointId } = stored.row
    for (const { channel, name } of stored.keys) {
      const losses = values.get(channel)?.losses
      if (losses !== undefined) this.losses.add(threadId, name, losses)
    }
    if (parents?.losses !== undefined)
      this.losses.add(threadId, `${checkpointNs}\0${checkpointId}`, parents.losses)
    const inlined = this.dialect.inlinedLosses(stored)
    if (inlined !== undefined) this.losses.add(threadId, `${checkpointNs}\0${checkpointId}\0`, inlined)
    return values
  }

  /** False, and a finding, where Redis cannot hold the checkpoint. */
  private async isHeld(stored: StoredParts, look: () => Promise<void>): Promise<boolean> {
    try {
      await look()
      return true
    } catch (error) {
      if (!(error instanceof RefusedByRedis || error instanceof DecodeError || error instanceof EncodeError))
        throw error
      this.options.onFinding({ reason: 'refused-by-redis', ...idsOf(stored.row), detail: error.message })
      return false
    }
  }
}

const idsOf = ({ threadId, checkpointNs, checkpointId }: StoredParts['row']) => ({
  threadId,
  checkpointNs,
  checkpointId,
})
