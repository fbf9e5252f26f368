import { expect, test } from 'vitest'
import { CheckpointDays, dayOfUuid6 } from '../../../src/model/checkpoint-days.js'
import type { ThreadFacts } from '../../../src/model/run.js'
import { timeOfUuid6 } from '../../../src/model/uuid6.js'
import { GrowthCount } from '../../../src/verbs/survey/growth.js'
import { SurveyCount } from '../../../src/verbs/survey/survey.js'

const NOW = Date.UTC(2026, 10, 20, 12)
const DAY_MS = 24 * 3600 * 1000
const today = Math.floor(NOW / DAY_MS)

/** A version 6 UUID of that time. */
function idAt(ms: number): string {
  const steps = (BigInt(ms) * 10_000n + 0x01b21dd213814000n).toString(16).padStart(15, '0')
  return `${steps.slice(0, 8)}-${steps.slice(8, 12)}-6${steps.slice(12)}-8000-000000000000`
}

const thread = (
  threadId: string,
  change: Partial<ThreadFacts> & { days?: [number, number][] } = {},
): ThreadFacts => ({
  threadId,
  layouts: ['python-full'],
  completeness: 'whole',
  checkpoints: 4,
  writes: 0,
  blobs: 0,
  sourceBytes: 100,
  targetBytes: 0,
  sourceKeys: [],
  unreadKeys: [],
  longestPttlMs: -1,
  heads: new Map(),
  findings: [],
  isPart: false,
  seen: {
    shortestPttlMs: null,
    days: new Map(change.days ?? [[today, 4]]),
    classes: new Set(),
    valuesSeen: 9,
    waitsAtInterrupt: false,
  },
  ...change,
})

test('the day in a checkpoint id is the day of its time, to the millisecond around midnight', () => {
  for (const ms of [
    Date.UTC(2026, 2, 1),
    Date.UTC(2026, 2, 1) - 1,
    NOW,
    Date.UTC(2024, 1, 29, 23, 59, 59, 999),
  ]) {
    expect(timeOfUuid6(idAt(ms), NOW)).toBe(ms)
    expect(dayOfUuid6(idAt(ms))).toBe(Math.floor(ms / DAY_MS))
  }
})

test('ids that are no version 6 UUID have no day', () => {
  const ids = [
    '',
    'x',
    '1f0c2a90-0000-4000-8000-000000000000',
    '0x0c2a90-0000-6000-8000-00000000000z',
    'a'.repeat(1e6),
  ]
  const days = new CheckpointDays()
  for (const id of ids) days.add(id)
  expect([...days.days]).toEqual([[-1, ids.length]])
})

test('days become weeks and months as time goes on; none is left out between the first and the last', () => {
  const growthOf = (days: readonly number[]) => {
    const growth = new GrowthCount(NOW)
    for (const day of days) growth.add(day, { checkpoints: 2, newThreads: 1, bytes: 10.4 })
    return growth.result()
  }
  expect(growthOf([today, today - 2]).steps).toEqual([
    { from: '2026-11-18', checkpoints: 2, newThreads: 1, bytes: 10 },
    { from: '2026-11-19', checkpoints: 0, newThreads: 0, bytes: 0 },
    { from: '2026-11-20', checkpoints: 2, newThreads: 1, bytes: 10 },
  ])
  const weeks = growthOf([today, today - 100])
  expect(weeks.step).toBe('week')
  expect(weeks.steps.map(({ from }) => new Date(from).getUTCDay())).toEqual(weeks.steps.map(() => 1))
  expect(weeks.steps.length).toBe(15)
  const months = growthOf([today, today - 700])
  expect(months.step).toBe('month')
  expect(months.steps.at(-1)).toMatchObject({ from: '2026-11-01', checkpoints: 2 })
  expect(months.steps.length).toBe(24)
})

test('times that cannot be are counted as undated, whatever they would make of a chart', () => {
  const growth = new GrowthCount(NOW)
  for (const day of [-1, 0, 5000, today + 2, 500_000])
    growth.add(day, { checkpoints: 3, newThreads: 0, bytes: 0 })
  growth.checkpoint(today)
  growth.checkpoint(today)
  expect(growth.result()).toEqual({
    step: 'day',
    steps: [{ from: '2026-11-20', checkpoints: 2, newThreads: 0, bytes: 0 }],
    undated: 15,
  })
})

test('of a million threads the twenty largest are kept, and every one is in a class of size', () => {
  const survey = new SurveyCount(NOW)
  const facts = thread('t')
  for (let at = 0; at < 20_000; at++) {
    survey.thread({ ...facts, threadId: `t-${at}`, sourceBytes: ((at * 7919) % 20_000) * 100 })
  }
  const { largest, sizes, threads } = survey.result()
  expect(threads).toBe(20_000)
  expect(largest.map(({ bytes }) => bytes)).toEqual(
    Array.from({ length: 20 }, (_, at) => (19_999 - at) * 100),
  )
  expect(sizes.reduce((sum, size) => sum + size.threads, 0)).toBe(20_000)
  expect(sizes.reduce((sum, size) => sum + size.bytes, 0)).toBe((19_999 * 20_000 * 100) / 2)
  expect(sizes.find(({ upToBytes }) => upToBytes === 64 * 1024)?.threads).toBe(
    Math.floor(65_536 / 100) - Math.floor(16_384 / 100),
  )
})

test('a thread expires with its first key; the list begins with those that go first', () => {
  const survey = new SurveyCount(NOW)
  const hours = [200, 3, 0.5, 90 * 24 + 1, 26]
  for (const [at, hour] of hours.entries()) {
    const facts = thread(`t-${at}`, { longestPttlMs: at === 1 ? -1 : hour * 3.6e6 + 1000 })
    survey.thread({ ...facts, seen: { ...facts.seen!, shortestPttlMs: hour * 3.6e6 } })
  }
  survey.thread(thread('for ever'))
  const { expiry } = survey.result()
  expect(expiry.never).toBe(1)
  expect(expiry.classes.map(({ threads }) => threads)).toEqual([1, 1, 1, 1, 0, 1])
  expect(expiry.soonest.map(({ threadId }) => threadId)).toEqual(['t-2', 't-1', 't-4', 't-0', 't-3'])
  expect(expiry.soonest[0]).toEqual({
    threadId: 't-2',
    firstAt: '2026-11-20T12:30:00.000Z',
    lastAt: '2026-11-20T12:30:01.000Z',
  })
  expect(expiry.soonest[1]?.lastAt).toBeNull()
})

test('classes are counted by thread, and no payload can make the list long', () => {
  const survey = new SurveyCount(NOW)
  const withClasses = (threadId: string, classes: string[]) => {
    const facts = thread(threadId)
    survey.thread({ ...facts, seen: { ...facts.seen!, classes: new Set(classes) } })
  }
  withClasses('a', ['app.Cart', 'app.Money'])
  withClasses('b', ['app.Money'])
  withClasses(
    'c',
    Array.from({ length: 5000 }, (_, at) => `evil.C${at}`),
  )
  const { classes, moreClasses } = survey.result()
  expect(classes.slice(0, 2)).toEqual([
    { name: 'app.Money', threads: 2 },
    { name: 'app.Cart', threads: 1 },
  ])
  expect(classes.length + moreClasses).toBe(5002)
  expect(classes.length).toBe(500)
})
