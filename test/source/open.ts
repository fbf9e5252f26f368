/** Sources over test servers. */
import { parseRedisUrl } from '../../src/commands/endpoint-url.js'
import type { Certificates } from '../../src/model/endpoint.js'
import { explain, Failure } from '../../src/model/failure.js'
import type { RedisConnectionOptions } from '../../src/source/redis/connection.js'
import { RedisSource } from '../../src/source/redis/redis.js'
import { atEndOfFile } from '../services/each-file.js'

/** A source over a URL as a user would write it, closed after the file. */
export function sourceOf(
  url: string,
  options: RedisConnectionOptions = {},
  certificates: Certificates = {},
): RedisSource {
  const source = new RedisSource({ ...parseRedisUrl(url), certificates }, options)
  atEndOfFile(() => source.close())
  return source
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** The failure that a promise ends in, with everything a user could come to see of it. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ id: string; what: string; next: string; exit: number; everything: string }> {
  const failure = await promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error,
  )
  if (!(failure instanceof Failure)) throw failure
  const { cause } = failure
  const own = cause instanceof Error ? Object.getOwnPropertyNames(cause) : []
  const everything = JSON.stringify([
    explain(failure),
    failure.stack,
    cause,
    cause && own.map((name) => cause[name as keyof typeof cause]),
  ])
  return { ...explain(failure), everything }
}
