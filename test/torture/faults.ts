/** Both kinds of faults, kills and broken wires, over scenarios of one's own. */
import { runIn as kill, WORLDS } from './kill.js'
import type { Part } from './part.js'
import type { Scenario } from './scenarios.js'
import { runIn as wires } from './wires.js'

/** `count` cases of either kind, so that one seed names both of its cases. */
export const faultsOver =
  (how: { readonly scenarios: readonly Scenario[]; readonly part: string }, fullRun: number): Part =>
  async ({ seed, count = fullRun, log }) => {
    const order = { seed, count, log }
    const kills = await kill(WORLDS, order, how)
    const cuts = await wires({ fixture: 'python/0.5.2-full', accepted: 3 }, order, how)
    return {
      cases: kills.cases + cuts.cases,
      counts: { ...kills.counts, ...cuts.counts },
      violations: [...kills.violations, ...cuts.violations],
      skipped: [...kills.skipped, ...cuts.skipped],
    }
  }
