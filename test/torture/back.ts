/** The way back, killed and on broken wires: the two parts of the way there over the other direction. */
import { runIn as kill, WORLDS } from './kill.js'
import type { Order, Outcome } from './part.js'
import { SCENARIOS_BACK } from './scenarios.js'
import { runIn as wires } from './wires.js'

const FULL_RUN = 120

/** Half of the cases are kills. */
export async function run({ seed, count = FULL_RUN, log }: Order): Promise<Outcome> {
  const how = { scenarios: SCENARIOS_BACK, part: 'back' }
  const kills = await kill(WORLDS, { seed, count: Math.ceil(count / 2), log }, how)
  const cuts = await wires(
    { fixture: 'python/0.5.2-full', accepted: 3 },
    { seed, count: Math.floor(count / 2), log },
    how,
  )
  return {
    cases: kills.cases + cuts.cases,
    counts: { ...kills.counts, ...cuts.counts },
    violations: [...kills.violations, ...cuts.violations],
    skipped: [...kills.skipped, ...cuts.skipped],
  }
}
