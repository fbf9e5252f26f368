/** A few seconds of `npm run torture`, with seeds that stay: each command is killed once, and meets a few of the broken wires. */
import { expect, test } from 'vitest'
import { runIn as kill } from './kill.js'
import { SCENARIOS_BACK, SCENARIOS_JOBS } from './scenarios.js'
import { runIn as wires } from './wires.js'

const log = () => {}
/** The acceptance tests judge it. */
const SMALL = [{ fixture: 'pickle/f3', accepted: null }] as const

test('each command, killed once: the same again or another brings it to its end, and nothing is lost or doubled', async () => {
  const { cases, counts, violations } = await kill(SMALL, { seed: 7, count: 7, log })
  expect(violations).toEqual([])
  expect(cases).toBe(7)
  expect(Object.keys(counts).filter((name) => name.endsWith(': killed')).length).toBeGreaterThan(4)
})

test('commands on wires that break, with servers that go away: done or a worded failure, then the same end', async () => {
  // All sessions in Postgres are ended: once for each command.
  const { violations, cases } = await wires(SMALL[0], { seed: 49, count: 7, log })
  expect(violations).toEqual([])
  expect(cases).toBe(7)
})

const back = { scenarios: SCENARIOS_BACK, part: 'back' }

test('the way back, killed: no key that nobody knows of, and the same again or a rollback brings it to its end', async () => {
  const { counts, violations } = await kill(SMALL, { seed: 3, count: 4, log }, back)
  expect(violations).toEqual([])
  expect(Object.keys(counts).some((name) => name.endsWith(': killed'))).toBe(true)
})

test('the way back on wires that break', async () => {
  // Redis: cut while keys are sent, and while answers come.
  const { cases, violations } = await wires(SMALL[0], { seed: 4, count: 4, log }, back)
  expect(violations).toEqual([])
  expect(cases).toBe(4)
})

test('several jobs, killed and on wires that break: the end that one alone comes to', async () => {
  const jobs = { scenarios: SCENARIOS_JOBS, part: 'jobs' }
  const killed = await kill(SMALL, { seed: 1, count: 1, log }, jobs)
  const cut = await wires(SMALL[0], { seed: 6, count: 1, log }, jobs)
  expect([...killed.violations, ...cut.violations]).toEqual([])
  expect(killed.cases + cut.cases).toBe(2)
})
