/**
 * An application that has not heard of the cutover writes to its threads while they are purged, round after round. Every checkpoint and
 * every write it ever made is afterwards in Redis, or equal in Postgres.
 */
import { beforeAll, expect, test } from 'vitest'
import { type PurgeEnds, purgeEnds } from './purge-setup.js'

const THREADS = 30
const ROUNDS = 8

let here: PurgeEnds
/** Thread → checkpoint id → task ids that wrote to it. */
const written = new Map<string, Map<string, Set<string>>>()
let nextTask = 0

beforeAll(async () => {
  here = await purgeEnds()
})

function note(thread: string, checkpoint: string, task?: string): void {
  const ofThread = written.get(thread) ?? new Map<string, Set<string>>()
  written.set(thread, ofThread)
  const tasks = ofThread.get(checkpoint) ?? new Set()
  ofThread.set(checkpoint, task === undefined ? tasks : tasks.add(task))
}

const newTask = (): string => `${String(++nextTask).padStart(8, '0')}-1111-1111-1111-111111111111`

/** What an application does to a thread, chosen by chance; told apart by what may be lost. */
async function act(thread: string, chance: number): Promise<'put' | 'write' | 'touch'> {
  const { both, redis } = here
  if (chance < 0.5) {
    note(thread, await both.put('redis', thread, { n: Math.floor(chance * 1000), log: [String(chance)] }))
    return 'put'
  }
  if (chance < 0.8) {
    // The application has the checkpoint in its hands already, whatever becomes of it in Redis meanwhile.
    const id = [...written.get(thread)!.keys()].sort().at(-1)!
    const task = newTask()
    await both.writes('redis', thread, [['n', 1]], { task, id })
    note(thread, id, task)
    return 'write'
  }
  for (const key of await here.keysOf(thread)) await redis.pexpire(key, 10_000_000)
  return 'touch'
}

/** Every checkpoint and write is somewhere. */
async function expectNothingLost(): Promise<void> {
  const keys = new Set(await here.redis.keys('*'))
  const inPostgres = new Set(
    (
      await here.both.sql<{ name: string }>(
        `SELECT thread_id || ' ' || checkpoint_id AS name FROM checkpoints
         UNION SELECT thread_id || ' ' || checkpoint_id || ' ' || task_id FROM checkpoint_writes`,
      )
    ).map(({ name }) => name),
  )
  const lost: string[] = []
  for (const [thread, checkpoints] of written) {
    for (const [id, tasks] of checkpoints) {
      if (!inPostgres.has(`${thread} ${id}`) && !keys.has(`checkpoint:${thread}:__empty__:${id}`)) {
        lost.push(`${thread} ${id}`)
      }
      for (const task of tasks) {
        const isThere = keys.has(`checkpoint_write:${thread}:__empty__:${id}:${task}:0`)
        if (!isThere && !inPostgres.has(`${thread} ${id} ${task}`)) lost.push(`${thread} ${id} ${task}`)
      }
    }
  }
  expect(lost).toEqual([])
}

test(`${THREADS * ROUNDS} races between a writer and a purge lose nothing`, async () => {
  const threads = Array.from({ length: THREADS }, (_, at) => `race:${at}`)
  const outcomes = { purged: 0, left: 0, put: 0, write: 0, touch: 0 }
  // A seed of its own: a failure can be had again.
  let seed = 20_240_611
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return seed / 2 ** 31
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const thread of threads) {
      for (const n of [1, 2]) {
        const id = await here.both.put('redis', thread, { n, log: [`${round}`] })
        const task = newTask()
        await here.both.writes('redis', thread, [['n', n + 1]], { task, id })
        note(thread, id, task)
      }
    }
    await here.both.migrate('--on-existing merge')
    await here.both.cli('verify --quiet')
    const purging = here.purge()
    let isOver = false
    const writing = (async () => {
      for (const thread of [...threads].sort(() => random() - 0.5)) {
        if (isOver) return
        outcomes[await act(thread, random())]++
      }
    })()
    const report = await purging
    isOver = true
    await writing
    expect(report.stoppedBy).toBeNull()
    outcomes.purged += report.threads.purged
    outcomes.left += report.threads.left
    await expectNothingLost()
  }
  // Both sides have to win some of the races, or they were none.
  expect(outcomes.purged).toBeGreaterThan(THREADS)
  expect(outcomes.left).toBeGreaterThan(5)
  expect(outcomes.put).toBeGreaterThan(10)

  // The last pass brings what was written late; the official saver finds all of it in Postgres.
  await here.both.migrate('--on-existing merge')
  for (const thread of threads) {
    const tuples = await here.both.read('postgres', thread)
    const ids = new Set(tuples.map(({ id }) => id))
    expect([...written.get(thread)!.keys()].filter((id) => !ids.has(id))).toEqual([])
  }
})
