/**
 * Kills: a process of the tool ends by SIGKILL right before a COMMIT, right after one, or while any piece of bytes is on its way; or it is
 * asked to end, and does so in order. Then the same command runs again, or one that undoes what was begun.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ends } from '../acceptance/command-line.js'
import { type Fault, proxyTo } from '../services/proxy.js'
import { type Order, type Outcome, reproduction, type Violation } from './part.js'
import { Chance } from './random.js'
import { doneWell, type Place, prepare, SCENARIOS, type Scenario } from './scenarios.js'
import { stillRunning, untilAlone } from './truth.js'
import { World, type WorldOptions } from './world.js'

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'cp-migrate.js')

/** Accepted: what the official savers' own mistakes account for, as in the acceptance tests. */
export const WORLDS: readonly WorldOptions[] = [
  { fixture: 'python/0.5.2-full', accepted: 3 },
  { fixture: 'pickle/f3', accepted: 0 },
  { fixture: 'js/1.0.9-full', accepted: 0 },
]
const FULL_RUN = 252
const HANGS_AFTER_MS = 90_000

type Moment =
  | { readonly at: 'commit'; readonly commit: number; readonly moment: 'before' | 'after' }
  /** The piece with this number, over both wires: it is lost, or passes and the process dies a little later. */
  | { readonly at: 'piece'; readonly piece: number; readonly laterMs: number | null; readonly by: Signal }
type Signal = 'SIGKILL' | 'SIGINT' | 'SIGTERM'

/** How a process ends that was asked to. */
const ENDS: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 }

/** What a run without faults does on its wires. */
interface Size {
  readonly commits: number
  readonly pieces: number
}

export const run = (order: Order): Promise<Outcome> => runIn(WORLDS, order)

/** In other worlds. */
export async function runIn(
  options: readonly WorldOptions[],
  { seed, count = FULL_RUN, log }: Order,
  { scenarios = SCENARIOS, part = 'kill' } = {},
): Promise<Outcome> {
  const worlds = new Map<WorldOptions, World>()
  const sizes = new Map<string, Size>()
  const counts: Record<string, number> = {}
  const violations: Violation[] = []
  const add = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  for (let at = seed; at < seed + count; at++) {
    const { scenario, option, round } = caseOf(at, options, scenarios)
    let world = worlds.get(option)
    if (world === undefined) {
      world = await World.make(option)
      worlds.set(option, world)
    }
    await scenario.setUp?.(world)
    const id = `${scenario.name} of ${world.name}`
    let size = sizes.get(id)
    if (size === undefined) {
      size = await measured(world, scenario)
      sizes.set(id, size)
    }
    const chance = new Chance(at)
    const moment = momentOf(round, size, chance)
    const { how, broken, second } = await killedOnce(world, scenario, moment, chance)
    add(`${scenario.name}: ${how}`)
    add(`then ${second}`)
    for (const what of broken) {
      const text = `${id}, killed ${inWords(moment)}, then ${second}: ${what}`
      violations.push({ what: text, reproduce: reproduction(part, { seed: at, count: 1 }) })
      log(`VIOLATION ${at}: ${text}`)
    }
    const done = at - seed + 1
    if (done % 20 === 0) log(`${done} of ${count}, ${violations.length} violations`)
  }
  return { cases: count, counts, violations, skipped: [] }
}

/** By the number of the case alone, so that any case can be had alone. Neighbours differ in the command, then in the world. */
function caseOf(at: number, options: readonly WorldOptions[], scenarios: readonly Scenario[]) {
  const scenario = scenarios[at % scenarios.length]!
  const rest = Math.floor(at / scenarios.length)
  // The small worlds have few COMMITs: every other case is the large one's.
  const worldAt = rest % 2 === 0 ? 0 : 1 + (Math.floor(rest / 2) % (options.length - 1))
  return { scenario, option: options[worldAt] ?? options[0]!, round: Math.floor(rest / 2) }
}

/** Half of the kills walk over all COMMITs, before and after each; the others are anywhere. */
function momentOf(round: number, size: Size, chance: Chance): Moment {
  if (round % 2 === 0 && size.commits > 0) {
    const turn = Math.floor(round / 2) % (size.commits * 2)
    return {
      at: 'commit',
      commit: 1 + Math.floor(turn / 2),
      moment: turn % 2 === 0 ? 'before' : 'after',
    }
  }
  const laterMs = chance.next() < 0.5 ? null : chance.between(0, 20)
  const piece = chance.between(1, size.pieces)
  const by = laterMs === null ? 'SIGKILL' : chance.of<Signal>(['SIGKILL', 'SIGKILL', 'SIGINT', 'SIGTERM'])
  return { at: 'piece', piece, laterMs, by }
}

const inWords = (moment: Moment): string =>
  moment.at === 'commit'
    ? `right ${moment.moment} COMMIT ${moment.commit}`
    : `at piece ${moment.piece}${moment.laterMs === null ? ', which is lost' : `, ${moment.laterMs} ms later, by ${moment.by}`}`

async function measured(world: World, scenario: Scenario): Promise<Size> {
  const target = await world.target(scenario.stage)
  const place = await prepare(world, scenario, target)
  const wires = await wiresOf(place)
  const failed = await doneWell(wires.through, scenario.line(wires.through))
  if (failed.length > 0)
    throw new Error(`${scenario.name} of ${world.name} without a fault: ${failed.join()}`)
  wires.close()
  await target.drop()
  return wires.seen
}

async function killedOnce(world: World, scenario: Scenario, moment: Moment, chance: Chance) {
  const target = await world.target(scenario.stage)
  const place = await prepare(world, scenario, target)
  const wires = await wiresOf(place)
  const { ended, kill: end } = wires.run(scenario.line(wires.through), (kill) => {
    wires.on = (seen, what) => {
      if (moment.at === 'commit') {
        if (what !== moment.moment || seen.commits !== moment.commit) return undefined
        kill()
        return 'reset'
      }
      if (what !== 'piece' || seen.pieces !== moment.piece) return undefined
      if (moment.laterMs === null) kill()
      else setTimeout(() => kill(moment.by), moment.laterMs)
      return moment.laterMs === null ? 'reset' : undefined
    }
  })
  let hangs = false
  const late = setTimeout(() => {
    hangs = true
    end('SIGKILL')
  }, HANGS_AFTER_MS)
  const { code, signal, err } = await ended
  clearTimeout(late)
  const by = moment.at === 'piece' ? moment.by : 'SIGKILL'
  // Before it listens for signals, one ends it as any other program.
  const wasStopped = by !== 'SIGKILL' && (code === ENDS[by] || signal === by)
  const wasKilled = signal === 'SIGKILL' || wasStopped
  if (!wasKilled && code !== 0) throw new Error(`${scenario.name} failed before it was killed: ${err}`)
  wires.close()
  await untilAlone(place.url)
  const broken = await scenario.between(place)
  if (hangs) broken.push('it does not end')
  if (code === ENDS[by]) {
    broken.push(...(await stillRunning(place.url)))
    if (!/same command again/i.test(err)) broken.push(`it does not say how to go on: ${err}`)
  }
  const isInstead = chance.next() < 0.25
  if (isInstead) broken.push(...(await scenario.instead(place)))
  else {
    broken.push(...(await doneWell(place, scenario.line(place))))
    if (broken.length === 0) broken.push(...(await scenario.end(place)))
  }
  await target.drop()
  const how = !wasKilled ? 'ended before its kill' : wasStopped ? 'stopped by a signal' : 'killed'
  return { how, broken, second: isInstead ? 'another command' : 'the same again' }
}

type Watch = (seen: Size, what: 'before' | 'after' | 'piece') => 'reset' | undefined

/** Proxies on both wires that count together, and a process of the tool behind them. */
async function wiresOf(place: Place) {
  const seen = { commits: 0, pieces: 0 }
  let confirmed = 0
  const wires = {
    seen: seen as Size,
    /** The same ends, behind the proxies. */
    get through(): Place {
      return { ...place, redisUrl: toRedis.url(place.redisUrl), url: toPostgres.url(place.url) }
    },
    on: (() => undefined) as Watch,
    close: () => {
      for (const proxy of proxies) proxy.close()
    },
    /** `arm` is given what kills the process. */
    run(line: string, arm: (kill: (by?: Signal) => void) => void) {
      const { redisUrl, url } = wires.through
      const child = spawn(process.execPath, [PROGRAM, ...line.split(' ')], {
        cwd: place.world.folder,
        env: { ...process.env, ...ends(redisUrl, url) },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let err = ''
      child.stderr.on('data', (chunk) => {
        err += chunk
      })
      arm((by = 'SIGKILL') => child.kill(by))
      const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, err }))
      return { ended, kill: (by: Signal) => child.kill(by) }
    },
  }
  const onPiece: Fault['onPiece'] = () => {
    seen.pieces++
    return wires.on(seen, 'piece')
  }
  const [toRedis, toPostgres] = [
    await proxyTo(place.redisUrl, { onPiece }),
    await proxyTo(place.url, {
      onPiece,
      atCommit: (moment) => {
        if (moment === 'before') seen.commits++
        else confirmed++
        return wires.on({ ...seen, commits: moment === 'before' ? seen.commits : confirmed }, moment)
      },
    }),
  ]
  const proxies = [toRedis, toPostgres]
  return wires
}
