/** What may happen to the wires and the servers behind them while a command runs. Real servers, their own words. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresServer } from '../../scripts/services/postgres.mjs'
import { sql } from '../services/postgres.js'
import type { Direction, Ending, Fault, Proxy as WireProxy } from '../services/proxy.js'
import type { Chance } from './random.js'
import type { Place } from './scenarios.js'
import type { SmallDisk } from './small-disk.js'

/** One command, about to be hurt. */
export interface Patient {
  readonly place: Place
  readonly toRedis: WireProxy
  readonly toPostgres: WireProxy
  readonly postgres: PostgresServer
  readonly chance: Chance
  /** Calls `act` once, before a piece by chance passes that wire. */
  atPiece(wire: 'redis' | 'postgres', act: () => Promise<void> | void): void
  readonly targetDisk: SmallDisk | null
  readonly archiveDisk: SmallDisk | null
}

export interface Injury {
  readonly name: string
  /** Sets the fault up; what it returns makes everything well again, after the command has ended. */
  readonly inflict: (patient: Patient) => Promise<Heal | undefined> | Heal | undefined
  /** The command must come to its end all the same: nothing was away for longer than it waits. */
  readonly mustPass?: true
  /** Where the data lies; by default the server's own disk. */
  readonly on?: 'targetDisk' | 'archiveDisk'
}
type Heal = () => Promise<void> | void

const cuts = (wire: 'toRedis' | 'toPostgres', direction: Direction, most: number): Injury => ({
  name: `${wire === 'toRedis' ? 'Redis' : 'Postgres'}: cut after N bytes ${direction === 'toServer' ? 'sent' : 'received'}`,
  inflict: (patient) => {
    const { chance } = patient
    const how = chance.of<Ending>(['close', 'reset', 'half'])
    const cutAfter = { direction, bytes: chance.between(1, most), how }
    patient[wire].set({ cutAfter })
    const healed = setTimeout(() => patient[wire].set({}), chance.between(50, 2500))
    return () => clearTimeout(healed)
  },
})

const gone = (wire: 'redis' | 'postgres'): Injury => ({
  name: `${wire === 'redis' ? 'Redis' : 'Postgres'}: nobody answers for a while`,
  inflict: ({ toRedis, toPostgres, atPiece, chance }) => {
    const proxy = wire === 'redis' ? toRedis : toPostgres
    const forMs = chance.between(1, 1500)
    atPiece(wire, () => {
      proxy.set({ refuse: true })
      proxy.endAll(chance.of<Ending>(['close', 'reset']))
      setTimeout(() => proxy.set({}), forMs)
    })
    return () => proxy.set({})
  },
})

const redisSays = (name: string, orders: readonly string[], back: readonly string[]): Injury => ({
  name: `Redis: ${name}`,
  inflict: ({ place, atPiece, chance }) => {
    const { client } = place.world
    const say = async (lines: readonly string[]) => {
      for (const line of lines) await client.call(...(line.split(' ') as [string, ...string[]]))
    }
    const forMs = chance.of([300, 60_000])
    let healing: NodeJS.Timeout | undefined
    atPiece('redis', async () => {
      await say(orders)
      healing = setTimeout(() => void say(back), forMs)
    })
    return async () => {
      clearTimeout(healing)
      await say(back)
    }
  },
})

/** Ends the server in the middle and starts it again; healed when it has started. */
function restarts(name: string, wire: 'redis' | 'postgres', signals: readonly NodeJS.Signals[]): Injury {
  return {
    name,
    inflict: ({ place, postgres, atPiece, chance }) => {
      const server = wire === 'redis' ? place.world.redis : postgres
      const signal = chance.of(signals)
      const awayMs = chance.between(0, 800)
      let back: Promise<void> | undefined
      atPiece(wire, () => {
        const away = server.halt(signal)
        back = away.then(() => sleep(awayMs)).then(() => server.start())
        return away
      })
      return () => back
    },
  }
}

export const INJURIES: readonly Injury[] = [
  cuts('toPostgres', 'toServer', 150_000),
  cuts('toPostgres', 'toClient', 60_000),
  cuts('toRedis', 'toServer', 20_000),
  cuts('toRedis', 'toClient', 300_000),
  gone('postgres'),
  gone('redis'),
  {
    name: 'both: every piece late',
    mustPass: true,
    inflict: ({ toRedis, toPostgres, chance }) => {
      const fault: Fault = { delayMs: chance.between(1, 6) }
      toRedis.set(fault)
      toPostgres.set(fault)
      return undefined
    },
  },
  {
    name: 'Postgres: sessions ended by pg_terminate_backend',
    inflict: ({ place, atPiece }) => {
      atPiece('postgres', async () => {
        await sql(
          place.url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'cp-migrate' AND datname = current_database()`,
        )
      })
      return undefined
    },
  },
  restarts('Postgres: stopped and started', 'postgres', ['SIGINT', 'SIGQUIT']),
  {
    name: 'Postgres: read-only, as after a failover',
    inflict: ({ place, atPiece, chance }) => {
      const name = new URL(place.url).pathname.slice(1)
      const say = (what: string) => sql(place.world.server, `ALTER DATABASE ${name} ${what}`)
      const forMs = chance.of([300, 60_000])
      let healing: NodeJS.Timeout | undefined
      atPiece('postgres', async () => {
        await say('SET default_transaction_read_only = on')
        await sql(
          place.url,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'cp-migrate' AND datname = current_database()`,
        )
        healing = setTimeout(() => void say('RESET default_transaction_read_only'), forMs)
      })
      return async () => {
        clearTimeout(healing)
        await say('RESET default_transaction_read_only')
      }
    },
  },
  {
    name: 'Postgres: disk full',
    on: 'targetDisk',
    inflict: async ({ targetDisk, chance }) => {
      await targetDisk?.fill(chance.between(0, 1_200_000))
      return () => targetDisk?.empty()
    },
  },
  {
    name: 'archive: disk full',
    on: 'archiveDisk',
    inflict: async ({ archiveDisk, chance }) => {
      await archiveDisk?.fill(chance.between(0, 300_000))
      return () => archiveDisk?.empty()
    },
  },
  {
    name: 'Redis: CLIENT KILL',
    inflict: ({ place, atPiece, chance }) => {
      atPiece('redis', async () => {
        const { client } = place.world
        for (let times = chance.between(1, 3); times > 0; times--) {
          await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
          await sleep(chance.between(0, 100))
        }
      })
      return undefined
    },
  },
  restarts('Redis: stopped and started, -LOADING', 'redis', ['SIGKILL', 'SIGTERM']),
  redisSays('-OOM', ['CONFIG SET maxmemory 1'], ['CONFIG SET maxmemory 0']),
  redisSays('-READONLY', ['REPLICAOF 127.0.0.1 1'], ['REPLICAOF NO ONE']),
  redisSays(
    '-MASTERDOWN',
    ['REPLICAOF 127.0.0.1 1', 'CONFIG SET replica-serve-stale-data no'],
    ['CONFIG SET replica-serve-stale-data yes', 'REPLICAOF NO ONE'],
  ),
]
