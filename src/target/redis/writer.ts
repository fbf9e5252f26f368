/** Writes keys into Redis: new ones only where there is none, others only while they hold what was seen of them. */
import type { Redis } from 'ioredis'
import type { Failure } from '../../model/failure.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { RedisKeyWrite } from '../../model/redis-write.js'
import { Reopened } from '../../model/reopened.js'
import { Parcels, type RedisCommand } from './parcel.js'

/** How the server is reached, and how its errors are worded. */
export interface RedisAccess {
  /** A connection that is ready. Throws failures. */
  open(): Promise<Redis>
  failureOf(error: unknown, command: string): Failure
}

/** `taken`: somebody made the key, or changed it, in the meantime. */
export type Written = 'written' | 'taken'

/** Bytes on their way at once: the client and the server both hold them. */
const PARCEL_BYTES = 1024 ** 2
/** Keys under one WATCH. */
const TOGETHER = 100

export class RedisWriter {
  readonly #connection = new Reopened<Redis>({
    open: () => this.access.open(),
    isAlive: ({ status }) => status === 'ready',
    close: (client) => client.disconnect(),
  })
  private readonly parcels = new Parcels()
  /** WATCH belongs to a connection: one group at a time. */
  #replacing: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly access: RedisAccess,
    /** Seconds that a key lives; null: for ever. */
    private readonly ttlSeconds: number | null = null,
  ) {}

  /** In their order. A key that is there stays as it is; only a registry that somebody makes at this very moment gets ours, too. */
  async create(writes: readonly RedisKeyWrite[]): Promise<Written[]> {
    const replies = await this.pipelined(writes.map(creationOf), weightsOf(writes))
    const written = replies.map((reply): Written => (reply === null ? 'taken' : 'written'))
    if (this.ttlSeconds !== null)
      await this.prolong(writes.filter((_, at) => written[at] === 'written').map(({ key }) => key))
    return written
  }

  /** In their order: each only if `isSeen` knows what stands there now. A registry keeps what it names already. */
  replace(
    writes: readonly RedisKeyWrite[],
    isSeen: (write: RedisKeyWrite, now: RedisValue | null) => boolean,
  ): Promise<Written[]> {
    const replacing = this.#replacing.then(() => this.replaceAll(writes, isSeen))
    this.#replacing = replacing.catch(() => {})
    return replacing
  }

  private async replaceAll(
    writes: readonly RedisKeyWrite[],
    isSeen: (write: RedisKeyWrite, now: RedisValue | null) => boolean,
  ): Promise<Written[]> {
    const written: Written[] = []
    for (let at = 0; at < writes.length; at += TOGETHER) {
      const group = writes.slice(at, at + TOGETHER)
      const done = await this.replaceTogether(group, isSeen)
      if (done !== null) written.push(...done)
      // One of them is touched all the time: the others must not wait for it.
      else
        for (const write of group) written.push((await this.replaceTogether([write], isSeen))?.[0] ?? 'taken')
    }
    return written
  }

  /** Keys that were there live as long as those that are made now, whatever they were told before. */
  async prolong(keys: readonly Buffer[]): Promise<void> {
    const { ttlSeconds } = this
    await this.pipelined(
      keys.map((key): RedisCommand => (ttlSeconds === null ? ['PERSIST', [key]] : lifeOf(key, ttlSeconds))),
    )
  }

  /** One command on the writer's connection. */
  async call(name: string, ...args: (string | Buffer)[]): Promise<unknown> {
    const client = await this.#connection.get()
    return client.callBuffer(name, args).catch((error) => {
      throw this.access.failureOf(error, name)
    })
  }

  /** What `has_writes` says in each of these documents, as a JSON list of at most one. */
  async hasWrites(documents: readonly Buffer[]): Promise<string[]> {
    const replies = await this.pipelined(
      documents.map((key): RedisCommand => ['JSON.GET', [key, '$.has_writes']]),
    )
    return replies.map(String)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** Null where somebody touched one of them. */
  private async replaceTogether(
    writes: readonly RedisKeyWrite[],
    isSeen: (write: RedisKeyWrite, now: RedisValue | null) => boolean,
  ): Promise<Written[] | null> {
    const client = await this.#connection.get()
    try {
      await client.call(
        'WATCH',
        writes.map(({ key }) => key),
      )
      const now = await this.pipelined(writes.map(questionOf))
      const going = writes.filter((write, at) => isSeen(write, standing(write, now[at])))
      const commands = going.flatMap((write) => this.replacementOf(write))
      const transaction = client.multi()
      for (const [name, args] of commands) transaction.call(name, args)
      const replies = await transaction.exec()
      if (replies === null) return null
      for (const [at, [error]] of replies.entries())
        if (error !== null) throw Object.assign(error, { at: commands[at]?.[0] })
      const gone = new Set(going)
      return writes.map((write) => (gone.has(write) ? 'written' : 'taken'))
    } catch (error) {
      // The connection may still watch: it is not used again.
      await this.close()
      throw this.access.failureOf(error, 'EXEC')
    }
  }

  private replacementOf(write: RedisKeyWrite): RedisCommand[] {
    const { key } = write
    const life = this.ttlSeconds === null ? [] : [lifeOf(key, this.ttlSeconds)]
    if (write.type === 'json') return [['JSON.SET', [key, '$', write.document]], ...life]
    if (write.type === 'string') return [['SET', [key, write.value, 'KEEPTTL']], ...life]
    return [['ZADD', [key, ...scoresOf(write.members)]], ...life]
  }

  /** Replies in the order of the commands. Throws the first error. */
  private async pipelined(
    commands: readonly RedisCommand[],
    weights?: readonly number[],
  ): Promise<unknown[]> {
    const all: unknown[] = []
    for (let at = 0; at < commands.length; ) {
      const first = at
      for (let bytes = 0; at < commands.length && (at === first || bytes < PARCEL_BYTES); at++)
        bytes += weights?.[at] ?? 100
      const together = commands.slice(first, at)
      const replies = await this.parcels.send(await this.#connection.get(), together)
      for (const [place, reply] of replies.entries()) {
        if (reply instanceof Error) throw this.access.failureOf(reply, together[place]![0])
        all.push(reply)
      }
    }
    return all
  }
}

const lifeOf = (key: Buffer, seconds: number): RedisCommand => ['EXPIRE', [key, String(seconds)]]

function creationOf(write: RedisKeyWrite): RedisCommand {
  const { key } = write
  if (write.type === 'json') return ['JSON.SET', [key, '$', write.document, 'NX']]
  if (write.type === 'string') return ['SET', [key, write.value, 'NX']]
  return ['ZADD', [key, 'NX', ...scoresOf(write.members)]]
}

function questionOf({ type, key }: RedisKeyWrite): RedisCommand {
  if (type === 'json') return ['JSON.GET', [key, '.']]
  return type === 'string' ? ['GET', [key]] : ['ZRANGE', [key, '0', '-1', 'WITHSCORES']]
}

function standing({ type }: RedisKeyWrite, reply: unknown): RedisValue | null {
  if (Buffer.isBuffer(reply))
    return type === 'json' ? { type: 'ReJSON-RL', text: reply } : { type: 'string', bytes: reply }
  if (!Array.isArray(reply) || reply.length === 0) return null
  const members: [Buffer, number][] = []
  for (let at = 0; at + 1 < reply.length; at += 2)
    members.push([reply[at] as Buffer, Number(String(reply[at + 1]))])
  return { type: 'zset', members }
}

const scoresOf = (
  members: readonly { readonly member: Buffer; readonly score: number }[],
): (string | Buffer)[] => members.flatMap(({ member, score }) => [String(score), member])

const weightsOf = (writes: readonly RedisKeyWrite[]): number[] => writes.map(bytesOf)

/** Of the key with what it holds. */
export function bytesOf(write: RedisKeyWrite): number {
  const { key } = write
  if (write.type === 'json') return key.length + write.document.length
  if (write.type === 'string') return key.length + write.value.length
  return write.members.reduce((sum, { member }) => sum + member.length + 8, key.length)
}
