/** Keys under WATCH: read and compared here, then deleted or dumped in a transaction that fails when any of them was touched meanwhile. */
import type { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import type { RedisValue } from '../../model/redis-value.js'
import { slicesBySize } from '../../model/slices.js'
import { namesIn } from '../index-names.js'
import type { DumpedKey, Examined, KeyToPurge, PurgeDigests } from '../purge.js'
import { Questions } from './questions.js'
import { typesOf } from './scan.js'
import { readValues } from './values.js'

/** Names that one command is given. */
const NAMES = 500
/** Values read at once; a larger one is read alone. */
const READ_BYTES = 4 * 1024 ** 2
/** What a value is taken for whose size the server does not say. */
const UNKNOWN_BYTES = 256 * 1024

export interface Compared extends Examined {
  /** Keys that are there and hold what they should. */
  readonly present: readonly KeyToPurge[]
  /** Of these, all but the indexes that name keys which stay. */
  readonly going: readonly KeyToPurge[]
  readonly kept: number
}

/** A connection that nothing else uses: WATCH belongs to a connection. */
export class WatchedKeys {
  constructor(
    private readonly client: Redis,
    private readonly endpoint: RedisEndpoint,
    private readonly digests: PurgeDigests,
  ) {}

  get isReady(): boolean {
    return this.client.status === 'ready'
  }

  /** Watches them and looks at what they hold. End it with `forget`, `unlink` or `dump`. */
  async compare(keys: readonly KeyToPurge[]): Promise<Compared> {
    await this.watch(keys.map(({ key }) => key))
    const types = await this.types(keys.map(({ key }) => key))
    const changed: Buffer[] = []
    const present: KeyToPurge[] = []
    const named = new Map<KeyToPurge, readonly Buffer[]>()
    let absent = 0
    const look = (key: KeyToPurge, value: RedisValue | 'absent' | 'unreadable'): void => {
      if (value === 'absent') absent++
      else if (value === 'unreadable' || !this.digests[key.use](value).equals(key.digest))
        changed.push(key.key)
      else {
        present.push(key)
        if (key.use === 'index') named.set(key, namesIn(value))
      }
    }
    const there: { readonly key: KeyToPurge; readonly type: string }[] = []
    for (const [at, key] of keys.entries()) {
      const type = types[at]
      if (type === null || type === undefined) look(key, 'absent')
      else there.push({ key, type })
    }
    for (const batch of batchesOf(there)) {
      const requests = batch.map(({ key, type }) => ({ key: key.key, type }))
      const results = await readValues(this.client, this.endpoint, requests)
      for (const [at, result] of results.entries()) {
        const { key } = batch[at]!
        if (result.state === 'read') look(key, result.value)
        else look(key, result.state === 'gone' ? 'absent' : 'unreadable')
      }
    }
    const needed = await this.neededIndexes(present, named)
    return {
      absent,
      changed,
      present,
      going: present.filter((key) => !needed.has(key)),
      kept: needed.size,
    }
  }

  async forget(): Promise<void> {
    await this.client.call('UNWATCH')
  }

  /** How many were deleted; null where somebody touched one, and none was. */
  async unlink(keys: readonly KeyToPurge[]): Promise<number | null> {
    const commands = chunksOf(keys).map((chunk): [string, Buffer[]] => [
      'UNLINK',
      chunk.map(({ key }) => key),
    ])
    const replies = await this.transaction(commands)
    return replies?.reduce((sum: number, reply) => sum + Number(reply), 0) ?? null
  }

  /** Null where somebody touched one. */
  async dump(keys: readonly KeyToPurge[]): Promise<DumpedKey[] | null> {
    const commands = keys.flatMap(({ key }): [string, Buffer[]][] => [
      ['DUMP', [key]],
      ['PTTL', [key]],
    ])
    const replies = await this.transaction(commands)
    return (
      replies &&
      keys.map(({ key }, at) => dumpedKey(key, replies[2 * at], replies[2 * at + 1])).filter(isThere)
    )
  }

  close(): void {
    this.client.disconnect()
  }

  private async watch(keys: readonly Buffer[]): Promise<void> {
    for (const chunk of chunksOf(keys)) await this.client.call('WATCH', [...chunk])
  }

  private async types(keys: readonly Buffer[]): Promise<(string | null)[]> {
    const types: (string | null)[] = []
    for (const chunk of chunksOf(keys)) types.push(...(await typesOf(this.client, this.endpoint, chunk)))
    return types
  }

  /** Indexes that name a key which is there and stays. The names are watched first, so that none can come back unseen. */
  private async neededIndexes(
    present: readonly KeyToPurge[],
    named: ReadonlyMap<KeyToPurge, readonly Buffer[]>,
  ): Promise<Set<KeyToPurge>> {
    const going = new Set(present.filter(({ use }) => use === 'content').map(({ key }) => text(key)))
    const staying = new Map(
      [...named.values()]
        .flat()
        .filter((name) => !going.has(text(name)))
        .map((name) => [text(name), name]),
    )
    const names = [...staying.values()]
    await this.watch(names)
    const types = await this.types(names)
    const found = new Set(names.filter((_, at) => types[at] !== null).map(text))
    return new Set(
      [...named].filter(([, all]) => all.some((name) => found.has(text(name)))).map(([key]) => key),
    )
  }

  private async transaction(commands: readonly [string, Buffer[]][]): Promise<unknown[] | null> {
    let replies: unknown[] | null = null
    const questions = new Questions(this.client, this.endpoint)
    questions.ask('MULTI', [], () => {})
    for (const [command, args] of commands) questions.ask(command, args, () => {})
    questions.ask('EXEC', [], (reply) => {
      replies = reply as unknown[] | null
    })
    await questions.answers()
    return replies
  }
}

const text = (key: Buffer): string => key.toString('latin1')

function dumpedKey(key: Buffer, dump: unknown, pttl: unknown): DumpedKey | null {
  return Buffer.isBuffer(dump) ? { key, dump, pttlMs: Number(pttl) } : null
}

const isThere = (key: DumpedKey | null): key is DumpedKey => key !== null

function chunksOf<T>(items: readonly T[]): T[][] {
  const chunks: T[][] = []
  for (let at = 0; at < items.length; at += NAMES) chunks.push(items.slice(at, at + NAMES))
  return chunks
}

const batchesOf = <T extends { readonly key: KeyToPurge }>(items: readonly T[]): Generator<T[]> =>
  slicesBySize(items, ({ key }) => key.bytes ?? UNKNOWN_BYTES, { size: READ_BYTES, items: NAMES })
