/**
 * Broken wires: while a command runs, a wire is cut or a server goes away, fills up or refuses. The command ends well or says what is the
 * matter, with the right exit code; once all is well again the same command ends well, and nothing is lost or doubled.
 */
import type { PostgresServer } from '../../scripts/services/postgres.mjs'
import { ownPostgres, sql } from '../services/postgres.js'
import { type Direction, proxyTo } from '../services/proxy.js'
import { INJURIES, type Injury, type Patient } from './injuries.js'
import { type Order, type Outcome, reproduction, type Violation } from './part.js'
import { Chance } from './random.js'
import { cli, doneWell, type Place, prepare, SCENARIOS, type Scenario } from './scenarios.js'
import { type SmallDisk, smallDisk } from './small-disk.js'
import { untilAlone } from './truth.js'
import { World, type WorldOptions } from './world.js'

const FULL_RUN = 238
const HANGS_AFTER_MS = 90_000

interface Hospital {
  readonly world: World
  readonly postgres: PostgresServer
  readonly targetDisk: SmallDisk | null
  readonly archiveDisk: SmallDisk | null
  /** Pieces that pass each wire where nothing happens, by scenario. */
  readonly pieces: Map<Scenario, Readonly<Record<'redis' | 'postgres', number>>>
}

export const run = (order: Order): Promise<Outcome> =>
  runIn({ fixture: 'python/0.5.2-full', accepted: 3 }, order)

/** In a world of another size. */
export async function runIn(
  options: Pick<WorldOptions, 'fixture' | 'accepted'>,
  { seed, count = FULL_RUN, log }: Order,
  { scenarios = SCENARIOS, part = 'wires' } = {},
): Promise<Outcome> {
  const hospital = await open(options)
  const counts: Record<string, number> = {}
  const violations: Violation[] = []
  const skipped = new Map<string, number>()
  const add = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  for (let at = seed; at < seed + count; at++) {
    const scenario = scenarios[at % scenarios.length]!
    const injury = INJURIES[Math.floor(at / scenarios.length) % INJURIES.length]!
    await scenario.setUp?.(hospital.world)
    if (injury.on !== undefined && hospital[injury.on] === null) {
      const why = `${injury.name}: no file system of its own can be mounted here`
      skipped.set(why, (skipped.get(why) ?? 0) + 1)
      continue
    }
    const { outcome, broken } = await hurtOnce(hospital, scenario, injury, new Chance(at))
    add(`${injury.name}: ${outcome}`)
    for (const what of broken) {
      const text = `${scenario.name}, ${injury.name}, ${outcome}: ${what}`
      violations.push({ what: text, reproduce: reproduction(part, { seed: at, count: 1 }) })
      log(`VIOLATION ${at}: ${text}`)
    }
    if ((at - seed + 1) % 20 === 0) log(`${at - seed + 1} of ${count}, ${violations.length} violations`)
  }
  const notRun = [...skipped].map(([why, times]) => `${times} × ${why}`)
  return {
    cases: count - [...skipped.values()].reduce((a, b) => a + b, 0),
    counts,
    violations,
    skipped: notRun,
  }
}

async function open(options: Pick<WorldOptions, 'fixture' | 'accepted'>): Promise<Hospital> {
  const postgres = await ownPostgres() // only processes die here, so what they wrote is safe without fsync
  const world = await World.make({
    ...options,
    server: postgres.url,
    // With data to load at every start, slowly: so that somebody meets a server that is loading.
    redisArgs: [
      ...['--appendonly', 'yes', '--appendfsync', 'no', '--auto-aof-rewrite-min-size', '3mb'],
      ...['--key-load-delay', '100', '--loading-process-events-interval-bytes', '1024'],
    ],
  })
  const targetDisk = await smallDisk(`${postgres.folder}/data`)
  if (targetDisk) await sql(postgres.url, `CREATE TABLESPACE small LOCATION '${targetDisk.folder}'`)
  return { world, postgres, targetDisk, archiveDisk: await smallDisk('/tmp'), pieces: new Map() }
}

async function hurtOnce(hospital: Hospital, scenario: Scenario, injury: Injury, chance: Chance) {
  const { world } = hospital
  const usual = hospital.pieces.get(scenario) ?? (await usualPieces(hospital, scenario))
  const target = await world.target(scenario.stage, injury.on === 'targetDisk' ? 'TABLESPACE small' : '')
  const folder = injury.on === 'archiveDisk' ? hospital.archiveDisk?.folder : undefined
  const place = await prepare(world, scenario, target, folder)
  const { patient, through, close } = await patientOf(hospital, { place, chance, usual })
  const retryFor = chance.of(['1ms', '3s', '30s'])
  const heal = await injury.inflict(patient)
  const line = `${scenario.line(through)} --retry-for ${retryFor} --connect-timeout 3s`
  const ended = await Promise.race([cli(through, line), hang()])
  await heal?.()
  close()
  const broken = ended === null ? ['it hangs'] : wrongEnd(ended, injury)
  await untilAlone(place.url)
  broken.push(...(await scenario.between(place)))
  // What a purge has lost is a question that is only asked once.
  if (broken.length === 0) broken.push(...(await doneWell(place, scenario.line(place))))
  if (broken.length === 0) broken.push(...(await scenario.end(place)))
  await target.drop()
  const outcome =
    ended === null ? 'hangs' : ended.exit === 0 ? 'done' : `${failureOf(ended)}, exit ${ended.exit}`
  return { outcome, broken }
}

/** What a wire carries when all is well: how far into it a fault may come. */
async function usualPieces(hospital: Hospital, scenario: Scenario) {
  const target = await hospital.world.target(scenario.stage)
  const place = await prepare(hospital.world, scenario, target)
  const usual = { redis: Number.POSITIVE_INFINITY, postgres: Number.POSITIVE_INFINITY }
  const { through, close, seen } = await patientOf(hospital, { place, chance: new Chance(0), usual })
  const failed = await doneWell(through, scenario.line(through))
  if (failed.length > 0) throw new Error(failed.join())
  close()
  await target.drop()
  hospital.pieces.set(scenario, seen)
  return seen
}

async function patientOf(
  { postgres, targetDisk, archiveDisk }: Hospital,
  {
    place,
    chance,
    usual,
  }: {
    readonly place: Place
    readonly chance: Chance
    readonly usual: Readonly<Record<'redis' | 'postgres', number>>
  },
) {
  const seen = { redis: 0, postgres: 0 }
  const planned: { wire: 'redis' | 'postgres'; piece: number; act: () => Promise<void> | void }[] = []
  const watch = (wire: 'redis' | 'postgres') => async (_: Direction) => {
    const number = ++seen[wire]
    for (const plan of planned) if (plan.wire === wire && plan.piece === number) await plan.act()
    return undefined
  }
  const toRedis = await proxyTo(place.redisUrl, { onPiece: watch('redis') })
  const toPostgres = await proxyTo(place.url, { onPiece: watch('postgres') })
  const patient: Patient = {
    place,
    toRedis,
    toPostgres,
    postgres,
    chance,
    targetDisk,
    archiveDisk,
    atPiece: (wire, act) => {
      planned.push({ wire, piece: chance.between(1, Math.max(1, usual[wire])), act })
    },
  }
  const through: Place = { ...place, redisUrl: toRedis.url(place.redisUrl), url: toPostgres.url(place.url) }
  const close = () => {
    toRedis.close()
    toPostgres.close()
  }
  return { patient, through, close, seen }
}

interface Ended {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** Connection trouble is 5; what somebody has to see to first is 1 or 2. Anything else, or no words, is wrong. */
function wrongEnd(ended: Ended, { mustPass, name }: Injury): string[] {
  const { exit, out, err } = ended
  if (exit === 0) return []
  const said = `exit ${exit}, ${err.slice(0, 300)}${err === '' ? out.slice(0, 300) : ''}`
  if (mustPass) return [`it does not come to its end: ${said}`]
  const id = failureOf(ended)
  const isRight = id.startsWith('no failure') ? false : (EXITS[id] ?? 5) === exit
  const isVague = id === 'unexpected' || id === 'postgres-error' || id === 'redis-error'
  const isWorded = err.includes('\n') && !/\n\s+at .*:\d+:\d+/.test(err)
  if (name.includes('disk full') && exit === 5)
    return [`a full disk is no trouble with the connection: ${said}`]
  return isRight && isWorded && !isVague ? [] : [`it ends with ${id}: ${said}`]
}

const EXITS: Readonly<Record<string, number>> = {
  'disk-full': 1,
  'memory-full': 1,
  'archive-unwritable': 1,
  'redis-keeps-keys': 1,
  'postgres-read-only': 2,
}

function failureOf({ out }: Ended): string {
  try {
    const { stoppedBy } = JSON.parse(out) as { stoppedBy?: { id: string } | null }
    return stoppedBy?.id ?? 'no failure named'
  } catch {
    return 'no failure document'
  }
}

const hang = (): Promise<null> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(null), HANGS_AFTER_MS).unref()
  })
