/** Puts keys back from what DUMP gave. Never overwrites: a key that is there stays as it is. */
import type { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import { Reopened } from '../../model/reopened.js'
import type { DumpedKey } from '../purge.js'
import { openRedis, type RedisConnectionOptions } from './connection.js'
import { isReplyError, replyCodeOf } from './errors.js'
import { purgeFailure } from './purge.js'

/** `refused`: this server cannot read the dump: it is older, or lacks the module. */
export type Restored = 'restored' | 'exists' | 'refused'

export class RedisRestorer {
  readonly #connection = new Reopened<Redis>({
    open: () => openRedis(this.endpoint, this.options),
    isAlive: ({ status }) => status === 'ready',
    close: (client) => client.disconnect(),
  })

  constructor(
    private readonly endpoint: RedisEndpoint,
    private readonly options: RedisConnectionOptions = {},
  ) {}

  /** In their order. A key lives on as long as it had left when it was dumped. */
  async restore(keys: readonly DumpedKey[]): Promise<readonly Restored[]> {
    const client = await this.#connection.get()
    const pipeline = client.pipeline()
    // A key that had expired in that very millisecond still had one.
    for (const { key, dump, pttlMs } of keys) {
      pipeline.call('RESTORE', [key, pttlMs < 0 ? '0' : String(Math.max(1, pttlMs)), dump])
    }
    const replies = (await pipeline.exec()) ?? []
    return replies.map(([error]) => {
      if (error === null) return 'restored'
      if (isReplyError(error) && replyCodeOf(error) === 'BUSYKEY') return 'exists'
      if (isReplyError(error) && /DUMP payload|Bad data format|module/i.test(error.message)) return 'refused'
      throw purgeFailure(error, this.endpoint, 'RESTORE')
    })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }
}
