/**
 * Races between a purge and an application that has not heard of the cutover: its graphs stand still with their state loaded, and go on
 * writing while their keys are deleted. Whatever it ever wrote is afterwards in Redis or in Postgres, and every thread goes on from there.
 */
import { type Order, type Outcome, reproduction, type Violation } from './part.js'
import { FARMS, Farm, type Kind } from './race-farm.js'
import { type Lap, lapOf } from './race-monitor.js'
import { Chance } from './random.js'

/** Races in which the write fell between the purge's look at Redis and its hand on the keys. */
const FULL_RUN = 10_000
const THREADS = 150
/** A thread that was purged may still be written to in the next lap; one that wins all the time has its end, too. */
const LAPS = 5

interface Racer {
  readonly thread: string
  readonly kind: Kind
  laps: number
}

export async function run({ seed, count = FULL_RUN, log }: Order): Promise<Outcome> {
  const counts: Record<string, number> = {}
  const violations: Violation[] = []
  const add = (name: string, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by
  }
  const chance = new Chance(seed)
  let races = 0
  for (const [at, options] of FARMS.entries()) {
    const farm = await Farm.make(options)
    const share = at === FARMS.length - 1 ? count : Math.ceil((count * (at + 1)) / FARMS.length)
    const size = Math.min(THREADS, Math.max(24, Math.ceil(share / 3)))
    const field = new Field(farm, chance.fork(), size)
    while (races < share) {
      const { lap, broken } = await field.lap()
      for (const name of ['before', 'after', 'purged', 'left', 'unseen'] as const)
        add(NAMES[name], lap[name].size)
      for (const thread of lap.before) add(`  ${kindIn(thread)}: between plan and delete`)
      races += lap.before.size
      for (const what of broken) {
        violations.push({ what, reproduce: reproduction('race', { seed, count }) })
        log(`VIOLATION ${what}`)
      }
      log(
        `${farm.name}: ${races} of ${count} races, ${lap.purged.size} purged, ${lap.left.size} left, ${violations.length} violations`,
      )
      if (violations.length > 20) break
    }
    for (const [name, by] of Object.entries(field.resumed)) add(name, by)
    await farm.close()
  }
  return { cases: races, counts, violations, skipped: [] }
}

const NAMES = {
  before: 'a write between plan and delete',
  after: 'a write after the delete',
  unseen: '  of these: new keys that the delete did not touch',
  purged: 'purged',
  left: 'left alone',
} as const

/** What a report of verify says of threads that differ. */
function differencesIn(out: string): string {
  const { differences = [], stoppedBy } = JSON.parse(out || '{}')
  return JSON.stringify({ differences: differences.slice(0, 3), stoppedBy }).slice(0, 1200)
}

const kindIn = (thread: string): string => /:([a-z]+)/.exec(thread)?.[1] ?? ''

/** The threads of a farm, lap after lap. */
class Field {
  /** Threads that were resumed, by where. */
  readonly resumed: Record<string, number> = {}
  private racers: Racer[] = []
  private next = 0

  constructor(
    private readonly farm: Farm,
    private readonly chance: Chance,
    private readonly size: number,
  ) {}

  async lap(): Promise<{ readonly lap: Lap; readonly broken: string[] }> {
    const { farm, chance } = this
    await this.refill()
    const broken: string[] = []
    const expectRun = async (line: string, ...exits: number[]) => {
      const { exit, out, err } = await farm.cli(line)
      if (!exits.includes(exit)) broken.push(`${line} ended with ${exit}: ${(out + err).slice(-1500)}`)
    }
    await expectRun('migrate --quiet', 0)
    const verified = await farm.cli('verify --json')
    if (verified.exit !== 0) broken.push(`verify ended with ${verified.exit}: ${differencesIn(verified.out)}`)
    const acts = this.racers.map(({ thread, kind }) => [thread, farm.actOf(kind, chance)] as const)
    const isHeld = chance.next() < 0.8
    // A purge that runs free meets few writes. One that is held with its hand on a thread meets as many as there are meanwhile.
    const shown = isHeld ? chance.between(1, Math.ceil(this.size / 3)) : null
    const early = acts.filter(() => chance.next() < (isHeld ? 0.8 : 0.5))
    const errors: string[] = []
    const write = async (these: typeof acts, spanMs: number) => {
      const timed = these.map(([thread, act]) => [thread, act, Math.floor(chance.next() * spanMs)] as const)
      errors.push(...(await farm.race(timed)))
    }
    const watch = await farm.watch()
    const purge = () => expectRun('purge-redis --yes --quiet --older-than 0', 0)
    const late = acts.filter((act) => !early.includes(act))
    if (shown === null) {
      const purging = purge()
      await watch.planned
      await write(acts, 500)
      await purging
      await purge()
    } else {
      await farm.held(shown, () => write(early, 0), purge)
      await write(late, 0)
    }
    const lap = lapOf(await watch.end(), new Set(this.racers.map(({ thread }) => thread)))
    broken.push(...errors.map((error) => `the application failed: ${error}`))

    await expectRun('migrate --quiet', 0)
    for (const lost of await farm.check()) broken.push(`lost: ${JSON.stringify(lost).slice(0, 1500)}`)
    broken.push(...(await this.goOn(lap)))
    return { lap, broken }
  }

  /** Most of the purged are resumed from Postgres; of those that were left alone, the ones that have raced long enough from Redis. */
  private async goOn(lap: Lap): Promise<string[]> {
    const ending = this.racers.filter(({ thread, laps }) =>
      lap.purged.has(thread) ? this.chance.next() < 0.8 : laps + 1 >= LAPS || this.chance.next() < 0.05,
    )
    const threads = ending.map(({ thread }) => thread)
    await this.farm.settle(threads)
    const broken: string[] = []
    for (const on of ['postgres', 'redis'] as const) {
      // A thread that was ever purged is whole in Postgres alone.
      const here = threads.filter(
        (thread) => (this.farm.wasPurged.has(thread) || !this.farm.goesOnFromRedis) === (on === 'postgres'),
      )
      for (const differing of await this.farm.goOn(on, here)) {
        broken.push(`goes on differently from ${on}: ${JSON.stringify(differing).slice(0, 1500)}`)
      }
      const name = `went on from ${on}`
      this.resumed[name] = (this.resumed[name] ?? 0) + here.length
    }
    await this.farm.remove(threads)
    for (const racer of this.racers) racer.laps++
    this.racers = this.racers.filter((racer) => !ending.includes(racer))
    return broken
  }

  private async refill(): Promise<void> {
    const { kinds } = this.farm
    const fresh: Racer[] = []
    while (this.racers.length < this.size) {
      const at = this.next++
      const kind = kinds[at % kinds.length]!
      const racer = { thread: `race:${kind}${at}`, kind, laps: 0 }
      this.racers.push(racer)
      fresh.push(racer)
    }
    await this.farm.begin(fresh)
  }
}
