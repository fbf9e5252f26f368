/** Migrations by several jobs, killed and on broken wires. */
import { faultsOver } from './faults.js'
import { SCENARIOS_JOBS } from './scenarios.js'

export const run = faultsOver({ scenarios: SCENARIOS_JOBS, part: 'jobs' }, 60)
