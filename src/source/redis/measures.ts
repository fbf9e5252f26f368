/** What can be asked of many keys at once without reading their values. */
import type { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import { isDenied, isUnknownCommand } from './errors.js'
import { Questions } from './questions.js'

/** See `Source.memoryOf`. */
export async function memoryOf(
  client: Redis,
  endpoint: RedisEndpoint,
  keys: readonly Buffer[],
): Promise<(number | null)[]> {
  const sizes = new Array<number | null>(keys.length).fill(null)
  const questions = new Questions(client, endpoint, (error) => isDenied(error) || isUnknownCommand(error))
  for (const [at, key] of keys.entries()) {
    questions.ask('MEMORY', ['USAGE', key], (reply) => {
      sizes[at] = Number(reply ?? 0)
    })
  }
  await questions.answers()
  return sizes
}

/** See `Source.timesToLive`. */
export async function timesToLive(
  client: Redis,
  endpoint: RedisEndpoint,
  keys: readonly Buffer[],
): Promise<number[]> {
  const times: number[] = []
  const questions = new Questions(client, endpoint)
  for (const key of keys) questions.ask('PTTL', [key], (reply) => times.push(Number(reply)))
  await questions.answers()
  return times
}
