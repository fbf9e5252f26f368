/** Threads that are migrated and verified, and looks at what a purge left of them. */
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import type { PurgeReport } from '../../src/model/purge-report.js'
import { redisClient } from '../services/redis.js'
import { type Ends, freshEnds } from './migrate-setup.js'

export interface Purged extends Omit<PurgeReport, 'stoppedBy'> {
  readonly exit: number
  readonly err: string
  readonly stoppedBy: { readonly id: string } | null
}

export class PurgeEnds {
  readonly redis: Redis
  constructor(readonly both: Ends) {
    this.redis = redisClient(both.redis)
  }

  /** As if nothing had been; the search indexes of the saver stay. */
  async empty(): Promise<void> {
    const keys = await this.redis.keys('*')
    if (keys.length > 0) await this.redis.del(keys)
    const ours = ['threads', 'runs', 'inserted', 'replaced', 'findings', 'verifications']
    await this.both.sql(
      `TRUNCATE checkpoints, checkpoint_blobs, checkpoint_writes, ${ours.map((table) => `cp_migrate.${table}`).join(', ')}`,
    )
  }

  /** Acts, whatever the age of the threads, unless the flags say something else. */
  async purge(flags = '', { yes = true, olderThan = '0' } = {}): Promise<Purged> {
    const line = `purge-redis --json --older-than ${olderThan} ${yes ? '--yes' : ''} ${flags}`
    const { exit, out, err } = await this.both.cli(line.trim().replace(/ +/g, ' '))
    if (out === '') throw new Error(`no report: ${err}`)
    return { ...(JSON.parse(out) as Omit<Purged, 'exit' | 'err'>), exit, err }
  }

  /** A thread of three checkpoints, each with writes; its checkpoint ids. */
  async thread(thread: string): Promise<string[]> {
    const { both } = this
    const ids: string[] = []
    for (const n of [1, 2, 3]) {
      ids.push(
        await both.put('redis', thread, { n, log: Array.from({ length: n }, (_, at) => `line ${at}`) }),
      )
      await both.writes('redis', thread, [
        ['n', n + 1],
        ['log', [`line ${n}`]],
      ])
    }
    return ids
  }

  /** The same, and it is verified in Postgres. */
  async verified(...threads: string[]): Promise<void> {
    for (const thread of threads) await this.thread(thread)
    await this.migrate()
  }

  async migrate(): Promise<void> {
    expect((await this.both.migrate()).exit).toBe(0)
    expect((await this.both.cli('verify --quiet')).exit).toBe(0)
  }

  /** Keys that name the thread, sorted. */
  async keysOf(thread: string): Promise<string[]> {
    return (await this.redis.keys(`*:${thread}:*`)).sort()
  }

  async progressOf(thread: string): Promise<string[]> {
    const rows = await this.both.sql<{ progress: string }>(
      'SELECT progress FROM cp_migrate.threads WHERE thread_id = $1 ORDER BY run_id',
      [thread],
    )
    return rows.map(({ progress }) => progress)
  }

  /** Every key with what DUMP says and when it ends; of a hash its fields in order, because a server keeps none. */
  async dumps(): Promise<Map<string, { readonly dump: string; readonly expires: number }>> {
    const found = new Map<string, { dump: string; expires: number }>()
    const keys = await this.redis.keysBuffer('*')
    for (const key of keys.sort(Buffer.compare)) {
      const expires = await this.redis.pttl(key)
      found.set(key.toString('latin1'), { dump: await this.dump(key), expires })
    }
    return found
  }

  private async dump(key: Buffer): Promise<string> {
    if ((await this.redis.type(key)) !== 'hash')
      return (await this.redis.dumpBuffer(key))?.toString('hex') ?? ''
    const flat = (await this.redis.callBuffer('HGETALL', [key])) as Buffer[]
    const fields = flat.flatMap((field, at) => (at % 2 === 0 ? [Buffer.concat([field, flat[at + 1]!])] : []))
    return `hash ${fields.map((field) => field.toString('hex')).sort()}`
  }
}

export async function purgeEnds(): Promise<PurgeEnds> {
  return new PurgeEnds(await freshEnds())
}
