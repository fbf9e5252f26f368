/** What may happen in a sequence, and how it is chosen. A step says all it needs by itself: others can be left out around it. */
import type { Chance } from './random.js'

export type Kind = 'full' | 'shallow'

interface Place {
  readonly thread: string
  readonly kind: Kind
  readonly ns: string
  /** How far behind the newest checkpoint that Redis has. */
  readonly back: number
}

export type Step =
  | ({ readonly do: 'put' | 'expire' | 'go-on' } & Place)
  | ({ readonly do: 'writes'; readonly again: boolean } & Place)
  | {
      readonly do: 'migrate' | 'verify' | 'rollback' | 'purge' | 'restore'
      readonly flags: string
      /** Milliseconds after which the process is killed; null: it comes to its end. */
      readonly killedAfterMs: number | null
    }

const THREADS: readonly (readonly [string, Kind])[] = [
  ['user:1', 'full'],
  ['user:2', 'full'],
  ['chat', 'shallow'],
  ['chat:2', 'shallow'],
]

/** Name and weight. */
const WEIGHTS = [
  ['put', 30],
  ['writes', 16],
  ['expire', 7],
  ['go-on', 3],
  ['migrate', 16],
  ['verify', 9],
  ['purge', 9],
  ['rollback', 6],
  ['restore', 2],
] as const

export function stepsOf(chance: Chance, length: number): Step[] {
  const steps: Step[] = []
  while (steps.length < length) {
    const step = stepOf(chance)
    steps.push(step)
    // A purge wants a thread that is migrated and verified: chance alone would seldom bring the three together.
    if (step.do === 'purge') steps.splice(-1, 0, whole('migrate'), whole('verify'))
  }
  return [...steps, whole('migrate'), whole('verify')]
}

const whole = (name: 'migrate' | 'verify'): Step => ({ do: name, flags: '', killedAfterMs: null })

function stepOf(chance: Chance): Step {
  const name = weighted(chance)
  switch (name) {
    case 'put':
    case 'expire':
    case 'go-on':
      return { do: name, ...placeOf(chance) }
    case 'writes':
      return { do: name, ...placeOf(chance), again: chance.next() < 0.4 }
    default:
      return {
        do: name,
        flags: flagsOf(name, chance),
        killedAfterMs: chance.next() < 0.3 ? chance.between(150, 900) : null,
      }
  }
}

function placeOf(chance: Chance): Place {
  const [thread, kind] = chance.of(THREADS)
  const ns = kind === 'full' && chance.next() < 0.25 ? 'inner:7' : ''
  return { thread, kind, ns, back: kind === 'full' && chance.next() < 0.2 ? chance.between(1, 3) : 0 }
}

function flagsOf(name: 'migrate' | 'verify' | 'rollback' | 'purge' | 'restore', chance: Chance): string {
  if (name === 'rollback') return chance.next() < 0.3 ? '--all' : ''
  if (name === 'purge') return chance.next() < 0.5 ? '--archive' : ''
  return ''
}

function weighted(chance: Chance): (typeof WEIGHTS)[number][0] {
  const sum = WEIGHTS.reduce((total, [, weight]) => total + weight, 0)
  let drawn = chance.next() * sum
  for (const [name, weight] of WEIGHTS) {
    drawn -= weight
    if (drawn < 0) return name
  }
  return 'put'
}
