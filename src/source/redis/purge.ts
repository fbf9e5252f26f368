/** The purger of one Redis or Valkey server: small groups of keys by a script, large ones under WATCH on a connection of their own. */
import type { Redis } from 'ioredis'
import { describeEndpoint, type RedisEndpoint } from '../../model/endpoint.js'
import { Failure } from '../../model/failure.js'
import { Reopened } from '../../model/reopened.js'
import type { DumpedKey, Examined, KeyToPurge, PurgeDigests, Purged, Purger } from '../purge.js'
import { openRedis, type RedisConnectionOptions } from './connection.js'
import { commandFailure } from './errors.js'
import {
  decodeScriptReply,
  isScriptingOff,
  PURGE_SCRIPT,
  type ScriptMode,
  type ScriptReply,
} from './purge-script.js'
import { WatchedKeys } from './purge-watch.js'
import { measureValues } from './values.js'

/** What one script may look at: it is the only thing that the server does meanwhile, for some milliseconds. */
const SCRIPT = { keys: 500, bytes: 1024 ** 2 } as const
/** How often a group is tried for that somebody touches all the time: a refreshed TTL does that too. */
const MAX_ATTEMPTS = 5

export class RedisPurger implements Purger {
  readonly #scripts = new Reopened<Redis>({
    open: () => openRedis(this.endpoint, this.options),
    isAlive: ({ status }) => status === 'ready',
    close: (client) => client.disconnect(),
  })
  #watched: WatchedKeys | null = null
  #isScriptingOff = false
  #watching: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly endpoint: RedisEndpoint,
    private readonly digests: PurgeDigests,
    private readonly options: RedisConnectionOptions = {},
  ) {}

  get compares(): Purger['compares'] {
    return this.#isScriptingOff ? 'here' : 'on the server'
  }

  async sizes(keys: readonly Pick<KeyToPurge, 'key' | 'type'>[]): Promise<readonly (number | null)[]> {
    return measureValues(await this.#scripts.get(), this.endpoint, keys)
  }

  async examine(keys: readonly KeyToPurge[]): Promise<Examined> {
    const changed: Buffer[] = []
    let absent = 0
    for (const group of this.groupsOf(keys)) {
      const reply = this.fits(group) ? await this.script('examine', group) : null
      const examined = reply === null ? await this.underWatch(group, examineThem) : named(group, reply)
      if (examined === null) continue
      absent += examined.absent
      changed.push(...examined.changed)
    }
    return { absent, changed }
  }

  async purge(keys: readonly KeyToPurge[]): Promise<Purged> {
    const reply = this.fits(keys) ? await this.script('purge', keys) : null
    if (reply === null) return (await this.underWatch(keys, purgeThem)) ?? { state: 'busy' }
    const { deleted, absent, kept } = reply
    return reply.changed.length > 0
      ? { state: 'changed', changed: reply.changed.map((at) => keys[at]!.key) }
      : { state: 'deleted', deleted, absent, kept }
  }

  async dump(keys: readonly KeyToPurge[]): Promise<readonly DumpedKey[] | null> {
    const all: DumpedKey[] = []
    for (const group of this.groupsOf(keys)) {
      const reply = this.fits(group) ? await this.script('dump', group) : null
      const dumped = reply === null ? await this.underWatch(group, dumpThem) : dumpsOf(group, reply)
      if (dumped === null) return null
      all.push(...dumped)
    }
    return all
  }

  async close(): Promise<void> {
    await this.#scripts.close()
    this.#watched?.close()
    this.#watched = null
  }

  /** Null where scripts do not run. */
  private async script(mode: ScriptMode, keys: readonly KeyToPurge[]): Promise<ScriptReply | null> {
    const client = await this.#scripts.get()
    const facts = keys.flatMap(({ use, digest }) => [use === 'index' ? 'i' : 'c', digest.toString('hex')])
    const names = keys.map(({ key }) => key)
    try {
      return decodeScriptReply(
        await client.callBuffer('EVAL', [PURGE_SCRIPT, String(keys.length), ...names, mode, ...facts]),
      )
    } catch (error) {
      if (!isScriptingOff(error)) throw purgeFailure(error, this.endpoint, 'EVAL')
      this.#isScriptingOff = true
      return null
    }
  }

  /** Null where somebody touched the keys every time. One at a time: a connection watches for one of them only. */
  private underWatch<Done>(
    keys: readonly KeyToPurge[],
    work: (watched: WatchedKeys, keys: readonly KeyToPurge[]) => Promise<Done | null>,
  ): Promise<Done | null> {
    const mine = this.#watching.then(() => this.alone(keys, work))
    this.#watching = mine.catch(() => {})
    return mine
  }

  private async alone<Done>(
    keys: readonly KeyToPurge[],
    work: (watched: WatchedKeys, keys: readonly KeyToPurge[]) => Promise<Done | null>,
  ): Promise<Done | null> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const watched = await this.watched()
      try {
        const done = await work(watched, keys)
        if (done !== null) return done
      } catch (error) {
        // The connection may still watch: it is not used again.
        watched.close()
        this.#watched = null
        throw purgeFailure(error, this.endpoint, 'UNLINK')
      }
    }
    return null
  }

  private fits(keys: readonly KeyToPurge[]): boolean {
    if (this.#isScriptingOff || keys.length > SCRIPT.keys) return false
    let sum = 0
    for (const { bytes, type, use } of keys) {
      // Scores are numbers, and Lua prints numbers in its own way.
      if (bytes === null || (type === 'zset' && use === 'content')) return false
      sum += bytes
    }
    return sum <= SCRIPT.bytes
  }

  /** Neighbours that one script may look at; a key that is too large for one is alone. */
  private *groupsOf(keys: readonly KeyToPurge[]): Generator<readonly KeyToPurge[]> {
    let group: KeyToPurge[] = []
    for (const key of keys) {
      if (group.length > 0 && !this.fits([...group, key])) {
        yield group
        group = []
      }
      group.push(key)
    }
    if (group.length > 0) yield group
  }

  private async watched(): Promise<WatchedKeys> {
    if (this.#watched === null || !this.#watched.isReady) {
      const client = await openRedis(this.endpoint, this.options)
      this.#watched = new WatchedKeys(client, this.endpoint, this.digests)
    }
    return this.#watched
  }
}

async function examineThem(watched: WatchedKeys, keys: readonly KeyToPurge[]): Promise<Examined> {
  const { absent, changed } = await watched.compare(keys)
  await watched.forget()
  return { absent, changed }
}

async function purgeThem(watched: WatchedKeys, keys: readonly KeyToPurge[]): Promise<Purged | null> {
  const { absent, changed, going, kept } = await watched.compare(keys)
  if (changed.length > 0) {
    await watched.forget()
    return { state: 'changed', changed }
  }
  const deleted = await watched.unlink(going)
  return deleted === null ? null : { state: 'deleted', deleted, absent, kept }
}

async function dumpThem(watched: WatchedKeys, keys: readonly KeyToPurge[]): Promise<DumpedKey[] | null> {
  const { changed, present } = await watched.compare(keys)
  if (changed.length === 0) return watched.dump(present)
  await watched.forget()
  return null
}

const named = (keys: readonly KeyToPurge[], { absent, changed }: ScriptReply): Examined => ({
  absent,
  changed: changed.map((at) => keys[at]!.key),
})

function dumpsOf(keys: readonly KeyToPurge[], { changed, dumps }: ScriptReply): DumpedKey[] | null {
  if (changed.length > 0) return null
  return dumps.map(({ at, dump, pttlMs }) => ({ key: keys[at]!.key, dump, pttlMs }))
}

/** What a server says that answers and takes no changes for now. */
const KEEPS_KEYS = /^-?(READONLY|OOM|MISCONF|NOREPLICAS)\b|READONLY|OOM command not allowed/

/** As for reading, but what was changed before stays changed. */
export function purgeFailure(error: unknown, endpoint: RedisEndpoint, command: string): Failure {
  const failure = commandFailure(error, endpoint, command)
  const problem = String(failure.facts.problem ?? '')
  if (failure.id !== 'redis-error' || !KEEPS_KEYS.test(problem)) return failure
  return new Failure('redis-keeps-keys', { endpoint: describeEndpoint(endpoint), problem }, failure.cause)
}
