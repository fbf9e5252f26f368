/**
 * Random sequences of what an application, time and an operator do: writes, expiry, migrate, verify, rollback, purge-redis, restore-archive,
 * some of them killed half-way. After each step one thing must hold: every checkpoint the application ever wrote is readable in Redis, or
 * equal in Postgres, or named in a report, unless the application or a rollback has given it up.
 */
import { ModelLab } from './model-lab.js'
import { Remembered } from './model-memory.js'
import { type Step, stepsOf } from './model-steps.js'
import { type Order, type Outcome, reproduction, type Violation } from './part.js'
import { Chance } from './random.js'

const FULL_RUN = 60
const STEPS = 30
/** Shorter sequences that are tried in search of the shortest that still breaks. */
const TRIES = 40

export async function run({ seed, count = FULL_RUN, log }: Order): Promise<Outcome> {
  const lab = await ModelLab.make()
  const counts: Record<string, number> = {}
  const violations: Violation[] = []
  for (let at = seed; at < seed + count; at++) {
    const steps = stepsOf(new Chance(at), STEPS)
    const broken = await play(lab, steps, counts)
    if (broken !== undefined) {
      log(`${at}: ${broken.what}; looking for fewer steps`)
      const shortest = await shrunk(lab, steps.slice(0, broken.at + 1))
      const what = `${shortest.what} after ${shortest.steps.map(inWords).join(', ')}`
      violations.push({ what, reproduce: reproduction('model', { seed: at, count: 1 }) })
      log(`VIOLATION ${at}: ${what}`)
    }
    const done = at - seed + 1
    if (done % 10 === 0) log(`${done} of ${count} sequences, ${violations.length} violations`)
  }
  return { cases: count, counts, violations, skipped: [] }
}

interface Broken {
  readonly what: string
  /** The step after which it is so. */
  readonly at: number
}

async function play(
  lab: ModelLab,
  steps: readonly Step[],
  counts: Record<string, number> = {},
): Promise<Broken | undefined> {
  await lab.empty()
  const memory = new Remembered()
  for (const [at, step] of steps.entries()) {
    const done = await lab.take(step)
    counts[done.name] = (counts[done.name] ?? 0) + 1
    const [what] = [...done.broken, ...memory.after(step, done, await lab.look())]
    if (what !== undefined) return { what, at }
  }
  return undefined
}

/** Leaves out what is not needed, the longest stretches first. What is killed at another moment may not break again. */
async function shrunk(
  lab: ModelLab,
  steps: readonly Step[],
): Promise<{ readonly steps: readonly Step[]; readonly what: string }> {
  let shortest = steps
  let what = (await play(lab, steps))?.what
  if (what === undefined) return { steps, what: 'what was seen once is not so in a second run' }
  let tries = 0
  for (let size = Math.max(1, steps.length >> 1); size >= 1; size = size >> 1) {
    for (let from = 0; from + size < shortest.length && tries < TRIES; tries++) {
      const fewer = [...shortest.slice(0, from), ...shortest.slice(from + size)]
      const broken = await play(lab, fewer)
      if (broken === undefined) from += size
      else {
        shortest = fewer.slice(0, broken.at + 1)
        what = broken.what
      }
    }
  }
  return { steps: shortest, what }
}

const inWords = (step: Step): string =>
  Object.entries(step)
    .map(([name, value]) => (name === 'do' ? value : `${name} ${JSON.stringify(value)}`))
    .join(' ')
