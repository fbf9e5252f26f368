/** Commands that go out together in one pipeline, each with what is to happen to its reply. */
import type { ChainableCommander, Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import { commandFailure, isWrongType } from './errors.js'

export class Questions {
  readonly #endpoint: RedisEndpoint
  readonly #pipeline: ChainableCommander
  readonly #commands: string[] = []
  readonly #takers: ((reply: unknown) => void)[] = []
  readonly #mayRefuse: (error: Error) => boolean

  /** A key of another TYPE than expected leaves its question unanswered, like an error that `mayRefuse` accepts; others throw. */
  constructor(client: Redis, endpoint: RedisEndpoint, mayRefuse: (error: Error) => boolean = () => false) {
    this.#endpoint = endpoint
    this.#pipeline = client.pipeline()
    this.#mayRefuse = mayRefuse
  }

  /** Bulk replies come to `take` as Buffers. */
  ask(command: string, args: readonly (string | Buffer)[], take: (reply: unknown) => void): void {
    this.#pipeline.callBuffer(command, [...args])
    this.#commands.push(command)
    this.#takers.push(take)
  }

  /** Sends them all and hands out the replies. */
  async answers(): Promise<void> {
    if (this.#commands.length === 0) return
    const replies = (await this.#pipeline.exec()) ?? []
    for (const [at, [error, reply]] of replies.entries()) {
      if (error === null) this.#takers[at]?.(reply)
      else if (!isWrongType(error) && !this.#mayRefuse(error)) {
        throw commandFailure(error, this.#endpoint, this.#commands[at] ?? '')
      }
    }
  }
}
