/** The two servers of a measurement: Redis Stack filled by the generator, and a Postgres that keeps what it confirms. */
import { readdir, readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres, systemPostgres } from '../scripts/services/postgres.mjs'
import { officialPython } from '../scripts/services/python.mjs'
import { startRedis } from '../scripts/services/redis.mjs'
import { run } from '../scripts/services/run.mjs'

/** Postgres as in production: nothing is confirmed before it is on the disk. */
const SETTINGS = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', max_wal_size: '4GB' }
/** Clock ticks a second in /proc; 100 on every Linux that Node runs on. */
const TICKS = 100

/**
 * @typedef {object} Pair
 * @property {string} redisUrl
 * @property {string} postgresUrl
 * @property {string[]} compression what `init` is given so that values are stored with lz4, where this Postgres has it
 * @property {() => Promise<{ redis: number, postgres: number }>} processorSeconds what each server has used so far
 * @property {() => Promise<void>} stop
 */

/** @returns {Promise<Pair>} both empty */
export async function startPair() {
  const version = await postgresVersion()
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres({ version, settings: SETTINGS })])
  return {
    redisUrl: redis.url,
    postgresUrl: postgres.url,
    compression: version === 'embedded' ? [] : ['--compression', 'lz4'],
    processorSeconds: async () => ({
      redis: await secondsOf(await pidOf(redis.folder)),
      postgres: await secondsOf(await pidOf(postgres.folder)),
    }),
    stop: async () => {
      await Promise.all([redis.stop(), postgres.stop()])
    },
  }
}

/** The system's own where there is one: the one that npm delivers comes without lz4. */
const postgresVersion = async () => (await systemPostgres())[0] ?? 'embedded'

/** @param {string} folder */
const pidOf = async (folder) => Number(await readFile(join(folder, 'pid'), 'utf8'))

/** Seconds of processor time of a process, its living children and those it has buried. @param {number} pid */
async function secondsOf(pid) {
  const all = await readdir('/proc').catch(() => /** @type {string[]} */ ([]))
  let ticks = 0
  for (const name of all) {
    if (!/^\d+$/.test(name)) continue
    const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    // What stands behind the program's name, which may hold anything: state, ppid, …, utime, stime, cutime, cstime.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number)
    if (Number(name) === pid) ticks += user + system + childUser + childSystem
    else if (Number(fields[1]) === pid) ticks += user + system
  }
  return ticks / TICKS
}

/** @param {Pair} pair @param {import('./works.mjs').Work} work */
export async function fill(pair, { layout, threads, checkpoints, bytes }) {
  const sizes = [threads, checkpoints, bytes].map(String)
  await run(await officialPython(), [
    join(import.meta.dirname, 'generate.py'),
    layout,
    pair.redisUrl,
    ...sizes,
  ])
}

/** A database of its own. @param {Pair} pair @param {string} name @returns {Promise<string>} its URL */
export async function emptyDatabase({ postgresUrl }, name) {
  await query(postgresUrl, `CREATE DATABASE ${name}`)
  return postgresUrl.replace(/\/[^/]*$/, `/${name}`)
}

/** @param {Pair} pair @param {string} name */
export async function dropDatabase({ postgresUrl }, name) {
  await query(postgresUrl, `DROP DATABASE ${name}`)
}

/** @param {string} url @param {string} sql */
export async function query(url, sql) {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

/** What the figures were measured on, in one line. */
export async function machine() {
  const version = await postgresVersion()
  const postgres = version === 'embedded' ? 18 : version
  return `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}, Postgres ${postgres}`
}
