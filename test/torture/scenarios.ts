/** The commands that faults happen to: what they begin with, and what must be true when they have run again to their end. */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unpackKeys } from '../../src/target/ledger/pack.js'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import { sql } from '../services/postgres.js'
import { changedKeys, putState, type RedisState } from './redis-state.js'
import { falseLedger, otherRows, stillRunning } from './truth.js'
import type { Stage, World } from './world.js'

/** One target at one stage, for one fault. */
export interface Place {
  readonly world: World
  readonly redisUrl: string
  readonly url: string
  /** Of this place alone; a purge writes it, a restore reads it. */
  readonly archive: string
}

/** Sentences about what is not as it should be. */
type Broken = Promise<string[]>

export interface Scenario {
  readonly name: string
  readonly stage: Stage
  /** What the world needs beyond its usual stages. */
  readonly setUp?: (world: World) => Promise<unknown>
  /** What Redis holds at the beginning. */
  readonly keys: (world: World) => RedisState
  readonly line: (place: Place) => string
  /** After the fault, before anything else has run: what is there is whole or on record. */
  readonly between: (place: Place) => Broken
  /** After the same command has come to its end. */
  readonly end: (place: Place) => Broken
  /** Another command that may come right after the fault, and what must be true then. */
  readonly instead: (place: Place) => Broken
}

const NAMED = '--source-name lab'
/** So little memory makes several batches of so small a world. */
const SMALL = '--memory 300KB'

export const cli = (place: Pick<Place, 'redisUrl' | 'url'>, line: string): Promise<CommandRun> =>
  commandLine(line, ends(place.redisUrl, place.url))

/** What it said, if it did not end well. */
export async function doneWell(place: Place, line: string): Broken {
  const { exit, err, out } = await cli(place, line)
  return exit === 0 ? [] : [`${line}: exit ${exit}, ${(err || out).slice(0, 400)}`]
}

const rowsAre = async ({ world, url }: Place, stage: Stage): Broken => [
  ...(await otherRows(url, world.rows.get(stage) ?? [])),
  ...(await falseLedger(url)),
  ...(await stillRunning(url)),
]

const keysAre = async ({ world }: Place, state: RedisState): Broken =>
  (await changedKeys(world.client, state)).map((what) => `in Redis ${what}`)

/** The committed part of a run that was cut off is on record, and nobody says that it is still at work. */
async function betweenRuns(place: Place): Broken {
  const { out } = await cli(place, 'status --json')
  const { runs } = JSON.parse(out) as { runs: { id: number; state: string }[] }
  const running = runs.filter(({ state }) => state === 'running')
  return [
    ...(await falseLedger(place.url)),
    ...running.map(({ id }) => `status says that run ${id} is at work, and nobody is`),
  ]
}

const moves = (name: string, stage: Stage, end: Stage, flags = ''): Scenario => ({
  name,
  stage,
  keys: (world) => world.last,
  line: () => `migrate --json ${SMALL} ${NAMED} ${flags}`.trim(),
  between: async (place) => [...(await betweenRuns(place)), ...(await keysAre(place, place.world.last))],
  end: async (place) => [
    ...(await rowsAre(place, end)),
    ...(await doneWell(place, `verify --quiet ${NAMED}`)),
  ],
  // The interrupted run can be undone as it is; where it left nothing, the one before it is the last.
  instead: async (place) => {
    const runs = await sql<{ id: number }>(place.url, 'SELECT id FROM cp_migrate.runs ORDER BY id')
    const before = stage === 'bare' ? 0 : 1
    if (runs.length > before) {
      const failed = await doneWell(place, `rollback --yes --quiet --run ${runs.at(-1)!.id}`)
      if (failed.length > 0) return failed
    }
    return rowsAre(place, stage)
  },
})

const verifies: Scenario = {
  name: 'verify',
  stage: 'moved',
  keys: (world) => world.last,
  line: () => `verify --json ${SMALL} ${NAMED}`,
  between: async (place) => [
    ...(await otherRows(place.url, place.world.rows.get('moved')!)),
    ...(await betweenRuns(place)),
  ],
  end: async (place) => {
    const unproven = await sql(
      place.url,
      `SELECT 1 FROM cp_migrate.current_threads WHERE progress <> 'verified'`,
    )
    return [
      ...(await rowsAre(place, 'moved')),
      ...(await keysAre(place, place.world.last)),
      ...(unproven.length > 0 ? [`${unproven.length} threads are not called verified`] : []),
    ]
  },
  // What a verification had found proves something only once it has ended.
  instead: async (place) => {
    const ended = await sql(place.url, 'SELECT 1 FROM cp_migrate.verifications WHERE finished_at IS NOT NULL')
    const failed = await doneWell(
      place,
      `purge-redis --yes --quiet --older-than 0 --archive ${place.archive} ${NAMED}`,
    )
    if (failed.length > 0) return failed
    const lost = await keysAre(place, place.world.last)
    return ended.length === 0 ? lost.map((what) => `not proven, but ${what}`) : []
  },
}

const undoes = (name: string, flags: string, end: Stage): Scenario => ({
  name,
  stage: 'moved',
  keys: (world) => world.last,
  line: () => `rollback --yes --json ${flags}`.trim(),
  between: betweenRuns,
  // The second of two runs of `rollback` must not take the run before the one that was meant.
  end: async (place) => [...(await rowsAre(place, end)), ...(await keysAre(place, place.world.last))],
  instead: async (place) => [
    ...(await doneWell(place, `migrate --quiet ${NAMED}`)),
    ...(await otherRows(place.url, place.world.rows.get('moved')!)),
    ...(await falseLedger(place.url)),
    ...(await stillRunning(place.url)),
    ...(await doneWell(place, `verify --quiet ${NAMED}`)),
  ],
})

/** A key that is gone belongs to a thread that is on record as going or gone. */
async function unaccounted({ world, url }: Place): Broken {
  const going = await sql<{ id: string }>(
    url,
    `SELECT DISTINCT thread_id AS id FROM cp_migrate.threads WHERE progress IN ('purging', 'purged')`,
  )
  const there = new Set((await world.client.keysBuffer('*')).map((key) => key.toString('latin1')))
  const lost = [...world.last.keys()].filter(
    (key) => !there.has(key) && !going.some(({ id }) => key.includes(Buffer.from(id).toString('latin1'))),
  )
  return lost.slice(0, 3).map((key) => `${key} is gone, and no thread of it is called purging or purged`)
}

const restoresAll = async (place: Place): Broken => [
  ...(await doneWell(place, `restore-archive ${place.archive} --quiet ${NAMED}`)),
  ...(await keysAre(place, place.world.last)),
]

const purges: Scenario = {
  name: 'purge-redis',
  stage: 'proven',
  keys: (world) => world.last,
  line: ({ archive }) => `purge-redis --yes --json --older-than 0 --archive ${archive} ${NAMED}`,
  between: async (place) => [
    ...(await otherRows(place.url, place.world.rows.get('moved')!)),
    ...(await unaccounted(place)),
  ],
  end: async (place) => {
    const left = await sql(place.url, `SELECT 1 FROM cp_migrate.current_threads WHERE progress <> 'purged'`)
    return [
      ...(await rowsAre(place, 'moved')),
      ...(left.length > 0 ? [`${left.length} threads are not called purged`] : []),
      ...(await restoresAll(place)),
    ]
  },
  instead: async (place) => {
    const deleted = (await place.world.client.dbsize()) < place.world.last.size
    return deleted ? restoresAll(place) : keysAre(place, place.world.last)
  },
}

const restores: Scenario = {
  name: 'restore-archive',
  stage: 'purged',
  keys: (world) => world.left,
  line: ({ archive }) => `restore-archive ${archive} --json ${NAMED}`,
  between: async (place) => otherRows(place.url, place.world.rows.get('moved')!),
  end: async (place) => [
    ...(await keysAre(place, place.world.last)),
    ...(await rowsAre(place, 'moved')),
    ...(await doneWell(place, `verify --quiet ${NAMED}`)),
  ],
  // What is back is purged again, what is not stays purged.
  instead: async (place) => [
    ...(await doneWell(place, `verify --quiet ${NAMED}`)),
    ...(await otherRows(place.url, place.world.rows.get('moved')!)),
    ...(await restoresAll(place)),
  ],
}

export const SCENARIOS: readonly Scenario[] = [
  moves('migrate', 'bare', 'whole'),
  moves('migrate, second pass', 'first', 'moved'),
  verifies,
  undoes('rollback', '--run 2', 'first'),
  undoes('rollback --all', '--all', 'bare'),
  purges,
  restores,
]

/** The same, by several jobs. */
export const SCENARIOS_JOBS: readonly Scenario[] = [
  moves('migrate by two jobs', 'bare', 'whole', '--jobs 2'),
  moves('migrate by three jobs, second pass', 'first', 'moved', '--jobs 3'),
]

const backwards = ({ redisUrl, url }: Place): string => `--from ${url} --to ${redisUrl} ${NAMED}`

/** Every key in Redis is one that a run has on record, and every pointer names a document that is there. */
async function strangers({ world, url }: Place): Broken {
  const packed = await sql<{ keys: Buffer | null }>(url, 'SELECT source_keys AS keys FROM cp_migrate.threads')
  const known = new Set(
    packed.flatMap(({ keys }) => [...unpackKeys(keys ?? Buffer.alloc(0))].map(({ key }) => String(key))),
  )
  const keys = await world.client.keys('*')
  const there = new Set(keys)
  const broken = keys.filter((key) => !known.has(key)).map((key) => `${key} is in Redis and not on record`)
  for (const key of keys.filter((name) => name.startsWith('checkpoint_latest:'))) {
    const named = await world.client.get(key)
    if (named !== null && !there.has(named)) broken.push(`${key} names ${named}, which is not there`)
  }
  return broken.slice(0, 3)
}

const rowsStay = (place: Place): Broken => otherRows(place.url, place.world.rows.get('moved')!)

const movesBack: Scenario = {
  name: 'migrate, back',
  stage: 'moved',
  setUp: (world) => world.goBack(),
  keys: () => new Map(),
  line: (place) => `migrate --json ${SMALL} ${backwards(place)}`,
  between: async (place) => [...(await strangers(place)), ...(await rowsStay(place))],
  end: async (place) => [
    ...(await keysAre(place, place.world.back)),
    ...(await rowsStay(place)),
    ...(await stillRunning(place.url)),
    ...(await doneWell(place, `verify --quiet ${backwards(place)}`)),
  ],
  instead: async (place) => [
    ...(await doneWell(place, `rollback --yes --quiet --all ${backwards(place)}`)),
    ...(await keysAre(place, new Map())),
    ...(await rowsStay(place)),
  ],
}

const undoesBack: Scenario = {
  name: 'rollback, back',
  stage: 'back',
  setUp: (world) => world.goBack(),
  keys: (world) => world.back,
  line: (place) => `rollback --yes --json --all ${backwards(place)}`,
  between: rowsStay,
  end: async (place) => [...(await keysAre(place, new Map())), ...(await rowsStay(place))],
  instead: async (place) => [
    ...(await doneWell(place, `migrate --quiet ${backwards(place)}`)),
    ...(await keysAre(place, place.world.back)),
    ...(await doneWell(place, `verify --quiet ${backwards(place)}`)),
  ],
}

/** The other direction: a part of its own, so that the seeds of the others stay. */
export const SCENARIOS_BACK: readonly Scenario[] = [movesBack, undoesBack]

/** Puts both ends where the scenario begins; `folder` is where its archive is. */
export async function prepare(
  world: World,
  scenario: Scenario,
  target: { readonly url: string },
  folder = world.folder,
): Promise<Place> {
  await putState(world.client, scenario.keys(world))
  const name = new URL(target.url).pathname.slice(1)
  const archive = join(folder, `${name}.cpmarc`)
  if (scenario.stage === 'purged') await copyFile(world.archive, archive)
  return { world, redisUrl: world.redisUrl, url: target.url, archive }
}
