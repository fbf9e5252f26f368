/** Reads values in one round trip: one multi-key call for strings, one for documents, the rest pipelined, with what each has left to live. */
import type { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import type { ReadResult, RedisValue } from '../../model/redis-value.js'
import type { Measure } from '../read-stream.js'
import type { KeyOfType } from '../source.js'
import { isDenied, isUnknownCommand } from './errors.js'
import { Questions } from './questions.js'
import { buffersOf, isValueType, sizeOf, VALUE_COMMANDS, type ValueType } from './value-commands.js'

/** A key that is being read, and what has come back for it so far. */
interface Look {
  readonly place: number
  readonly key: Buffer
  readonly type: ValueType
  value: RedisValue | null
  pttlMs: number
}

/**
 * See `Source.read`. A TYPE that is none of `RedisValue`'s is not read: `type-changed`. What has been asked already, at the same places,
 * is not asked again.
 */
export async function readValues(
  client: Redis,
  endpoint: RedisEndpoint,
  requests: readonly KeyOfType[],
  measures: readonly Measure[] = [],
): Promise<ReadResult[]> {
  const results: ReadResult[] = []
  const looks: Look[] = []
  for (const [place, { key, type }] of requests.entries()) {
    results.push({ state: 'type-changed', type })
    if (isValueType(type)) looks.push({ place, key, type, value: null, pttlMs: -1 })
  }
  const questions = new Questions(client, endpoint)
  for (const ofType of byType(looks)) askForValues(questions, ofType)
  for (const look of looks) if (!tellsLife(look, measures[look.place])) askForPttl(questions, look)
  await questions.answers()
  let missing: Look[] = []
  for (const look of looks) {
    const result = resultOf(look)
    if (result === null) missing.push(look)
    else results[look.place] = result
  }
  for (let time = 1; missing.length > 0; time++) {
    missing = await lookAgain(client, endpoint, missing, results, time === MAX_LOOKS)
  }
  return results
}

function byType(looks: readonly Look[]): Look[][] {
  const groups = new Map<ValueType, Look[]>()
  for (const look of looks) {
    const group = groups.get(look.type)
    if (group === undefined) groups.set(look.type, [look])
    else group.push(look)
  }
  return [...groups.values()]
}

function askForValues(questions: Questions, looks: readonly Look[]): void {
  const { multi, decode } = VALUE_COMMANDS[looks[0]!.type]
  if (multi === undefined) {
    for (const look of looks) askForValue(questions, look)
    return
  }
  questions.ask(multi.command, [...looks.map(({ key }) => key), ...multi.after], (reply) => {
    for (const [at, value] of buffersOf(reply).entries()) looks[at]!.value = decode(value)
  })
}

function askForValue(questions: Questions, look: Look): void {
  const { command, after, decode } = VALUE_COMMANDS[look.type]
  questions.ask(command, [look.key, ...after], (reply) => {
    look.value = decode(reply)
  })
}

function askForPttl(questions: Questions, look: Look): void {
  questions.ask('PTTL', [look.key], (reply) => {
    look.pttlMs = Number(reply)
  })
}

/** Time has passed since. A key that was not there then may be a new one now. */
function tellsLife(look: Look, measure: Measure | undefined): boolean {
  const { pttlMs = -2, askedAtMs = 0 } = measure?.life ?? {}
  if (pttlMs === -2) return false
  look.pttlMs = pttlMs < 0 ? pttlMs : Math.max(0, Math.round(pttlMs - (performance.now() - askedAtMs)))
  return true
}

/** PTTL says −2 where the key expired between the value and the question: it had no time left. */
const resultOf = ({ value, pttlMs }: Look): ReadResult | null =>
  value === null
    ? null
    : { state: 'read', value, pttlMs: pttlMs === -2 ? 0 : pttlMs, sizeBytes: sizeOf(value) }

/** How often a key is asked for that has the right TYPE and yet gives no value: somebody deletes and writes it all the time. */
const MAX_LOOKS = 5

/**
 * A nil from a multi-key call proves nothing: the key may be absent, of another TYPE, or back again. Gives the keys for which even
 * this says nothing; the last time they are taken for gone.
 */
async function lookAgain(
  client: Redis,
  endpoint: RedisEndpoint,
  looks: readonly Look[],
  results: ReadResult[],
  isLastTime: boolean,
): Promise<Look[]> {
  const types: string[] = []
  const questions = new Questions(client, endpoint)
  for (const look of looks) {
    askForValue(questions, look)
    askForPttl(questions, look)
    questions.ask('TYPE', [look.key], (reply) => types.push(String(reply)))
  }
  await questions.answers()
  return looks.filter((look, at) => {
    const type = types[at]!
    const isBack = type === look.type && !isLastTime
    const elsewhere: ReadResult =
      type === 'none' || type === look.type ? { state: 'gone' } : { state: 'type-changed', type }
    const result = resultOf(look)
    results[look.place] = result ?? elsewhere
    return result === null && isBack
  })
}

/**
 * How much memory the server needs for each value (exactly its length for strings), 0 for a key that is gone, null where it
 * does not say. No value is sent for it.
 */
export async function measureValues(
  client: Redis,
  endpoint: RedisEndpoint,
  requests: readonly KeyOfType[],
): Promise<(number | null)[]> {
  const sizes = new Array<number | null>(requests.length).fill(null)
  const questions = new Questions(client, endpoint, (error) => isDenied(error) || isUnknownCommand(error))
  for (const [place, { key, type }] of requests.entries()) {
    const take = (reply: unknown): void => {
      sizes[place] = Number(reply ?? 0)
    }
    if (type === 'string') questions.ask('STRLEN', [key], take)
    // SAMPLES 0 counts every field: of a checkpoint's few, one holds nearly everything.
    else questions.ask('MEMORY', ['USAGE', key, 'SAMPLES', '0'], take)
  }
  await questions.answers()
  return sizes
}
