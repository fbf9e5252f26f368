/** The way back, killed and on broken wires: the two parts of the way there over the other direction. */
import { faultsOver } from './faults.js'
import { SCENARIOS_BACK } from './scenarios.js'

export const run = faultsOver({ scenarios: SCENARIOS_BACK, part: 'back' }, 60)
