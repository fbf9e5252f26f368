/** Runs one target: makes payloads, reads them, has them compared by the thousand, and gathers what must never happen. */
import type { Item, Peer } from './peer.js'
import { Random } from './random.js'
import { smallest } from './smallest.js'
import type { Outcome, Target } from './target.js'

export interface Failure {
  readonly what: string
  /** Makes the payload again: `--seed`, `--only`, `--from`. */
  readonly index: number
  readonly payload: Buffer
}

export interface Tally {
  readonly target: string
  payloads: number
  decoded: number
  compared: number
  /** Differences that are meant, by why. */
  readonly meant: Map<string, number>
  readonly failures: Failure[]
  /** How often each kind of failure was seen. */
  readonly repeats: Map<string, number>
}

export interface RunOptions {
  readonly seed: number
  /** The first payload's number. */
  readonly from: number
  readonly count: number
  onProgress?(tally: Tally): void
  /** Hears of every payload before it is read. */
  onPayload?(index: number): void
}

const BATCH = 2000
const BATCH_BYTES = 8 * 1024 ** 2
const MAX_FAILURES = 10
/** Everything this process ever held; the payloads are small, and so must be what is made of them. */
const MAX_RESIDENT_KIB = 2 * 1024 ** 2

export async function runTarget(target: Target, peer: Peer, options: RunOptions): Promise<Tally> {
  const { seed, from, count, onProgress, onPayload } = options
  const tally: Tally = {
    target: target.name,
    payloads: 0,
    decoded: 0,
    compared: 0,
    meant: new Map(),
    failures: [],
    repeats: new Map(),
  }
  let answering: Promise<void> = Promise.resolve()
  let batch: Question[] = []
  let bytes = 0
  const ask = async () => {
    const questions = batch
    batch = []
    bytes = 0
    await answering
    answering = judge(target, peer, questions, tally)
    answering.catch(() => {})
  }
  for (let index = from; tally.payloads < count && tally.failures.length < MAX_FAILURES; index++) {
    onPayload?.(index)
    const payload = target.payload(new Random(seed, target.name, index))
    const outcome = outcomeOf(target, payload)
    if (outcome instanceof Error) {
      tally.payloads++
      if (isKnown(tally, outcome.message)) continue
      const small = smallest(target, payload, (other) => sameError(outcomeOf(target, other), outcome))
      tally.failures.push({ what: outcome.stack ?? outcome.message, index, payload: small })
      continue
    }
    tally.payloads += outcome.state === 'decoded' ? (outcome.payloads ?? 1) : 1
    if (outcome.state === 'decoded') tally.decoded += outcome.decoded ?? 1
    batch.push({ index, payload, outcome })
    bytes += payload.length
    if (batch.length >= BATCH || bytes >= BATCH_BYTES) {
      await ask()
      onProgress?.(tally)
      const resident = process.resourceUsage().maxRSS
      if (resident > MAX_RESIDENT_KIB)
        throw new Error(`${target.name}: ${resident} KiB of memory near payload ${index}`)
    }
  }
  await ask()
  await answering
  return tally
}

/** The same failure over and over would hide the others; it is counted. */
function isKnown({ repeats }: Tally, message: string): boolean {
  const name = shapeOf(message)
  const times = repeats.get(name) ?? 0
  repeats.set(name, times + 1)
  return times > (message === 'different' ? MAX_FAILURES : 0)
}

interface Question {
  readonly index: number
  readonly payload: Buffer
  readonly outcome: Outcome
}

function outcomeOf(target: Target, payload: Buffer): Outcome | Error {
  try {
    return target.read(payload)
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

const sameError = (outcome: Outcome | Error, error: Error): boolean =>
  outcome instanceof Error &&
  outcome.name === error.name &&
  shapeOf(outcome.message) === shapeOf(error.message)
const shapeOf = (message: string): string => message.replaceAll(/"[^"]*"|[0-9a-f]{2,}|\d/g, '#').slice(0, 80)

async function judge(
  target: Target,
  peer: Peer,
  questions: readonly Question[],
  tally: Tally,
): Promise<void> {
  const { peer: operation } = target
  if (operation === undefined) return
  const answers = await peer.ask(operation, questions.map(itemOf))
  for (const [at, { verdict, text }] of answers.entries()) {
    const { index, payload, outcome } = questions[at]!
    const why = outcome.state === 'refused' ? outcome.reason : ''
    if (verdict === 'equal') {
      tally.compared++
    } else if (verdict === 'different') {
      tally.compared++
      const ours = spellingOf(outcome)
      if (isKnown(tally, 'different')) continue
      tally.failures.push({ what: `different: ours ${JSON.stringify(ours)}, theirs ${text}`, index, payload })
    } else if (verdict === 'ours-alone') {
      if (target.meant?.oursAlone?.test(text))
        count(tally.meant, `read although Python refuses: ${briefly(text)}`)
      else if (!isKnown(tally, text))
        tally.failures.push({ what: `decoded, but Python refuses it: ${text}`, index, payload })
    } else if (verdict === 'theirs-alone') {
      if (target.meant?.theirsAlone?.test(why))
        count(tally.meant, `refused although Python reads it: ${briefly(why)}`)
      else if (!isKnown(tally, why))
        tally.failures.push({ what: `refused, but Python reads it: ${why}`, index, payload })
    }
  }
}

function itemOf({ payload, outcome }: Question): Item {
  if (outcome.state === 'refused') return { payload, state: 'refused' }
  const { state, spelling } = outcome
  return spelling === undefined ? { payload, state: 'uncompared' } : { payload, state, spelling }
}

const spellingOf = (outcome: Outcome): string =>
  outcome.state === 'refused' ? '' : (outcome.spelling?.subarray(0, 300).toString('latin1') ?? '')
const briefly = (text: string): string => text.replaceAll(/\d+/g, 'N').slice(0, 60)
const count = (counts: Map<string, number>, name: string) =>
  void counts.set(name, (counts.get(name) ?? 0) + 1)
