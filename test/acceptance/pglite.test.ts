/** A database in a folder instead of a server: the same commands, the same rows. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { beforeAll, describe, expect, test } from 'vitest'
import { outputOf } from '../../src/commands/options.js'
import { serve } from '../../src/commands/serve.js'
import { Failure } from '../../src/model/failure.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const TABLES = {
  checkpoints: 'thread_id, checkpoint_ns, checkpoint_id',
  checkpoint_blobs: 'thread_id, checkpoint_ns, channel, version',
  checkpoint_writes: 'thread_id, checkpoint_ns, checkpoint_id, task_id, idx',
}

let redis = ''
let folder = ''
let env: Record<string, string> = {}

beforeAll(async () => {
  const home = await mkdtemp(join(tmpdir(), 'cp-migrate-pglite-'))
  atEndOfFile(() => rm(home, { recursive: true, force: true }))
  folder = join(home, 'rehearsal')
  redis = (await freshRedis()).url
  await loadCase(fixture('python/0.5.2-full'), redis)
  env = ends(redis, `pglite:${folder}`)
})

/** `serve` in this process: its terminal is ours. */
function runServing(url: string, signal: AbortSignal, write: (text: string) => void): Promise<number> {
  const context = {
    stdout: { write },
    stderr: { write },
    env: {},
    cwd: '/',
    isTty: false,
    columns: 80,
    output: outputOf({}, {}),
    signal,
  }
  const world = { ...context, onEvent: () => {}, keepSecret: () => {}, now: Date.now }
  return serve.run({ port: '0' }, world, [url])
}

const LOOK = join(import.meta.dirname, 'pglite_look.py')

/** The rows of the tables in their order, as text. */
async function rowsOf(query: (text: string) => Promise<unknown[]>): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  for (const [table, order] of Object.entries(TABLES)) {
    found[table] = await query(`SELECT t::text FROM ${table} t ORDER BY ${order}`)
  }
  return found
}

async function inFolder(): Promise<Record<string, unknown[]>> {
  const database = await PGlite.create({ dataDir: folder })
  try {
    return await rowsOf(async (text) => (await database.query(text)).rows)
  } finally {
    await database.close()
  }
}

test.each(['status', 'threads --in postgres', 'prune --latest-only --yes', 'migrate --dry-run', 'doctor'])(
  '%s leaves no folder where none was',
  async (line) => {
    const missing = join(folder, 'of-a-slip')
    await commandLine(line, ends(redis, `pglite:${missing}`))
    expect(existsSync(missing)).toBe(false)
    expect(existsSync(folder)).toBe(false)
  },
)

describe('a database in a folder', () => {
  test('gets its tables, its threads and its proof', async () => {
    const init = await commandLine('init', env)
    expect(init.exit, init.err).toBe(0)
    const moved = await commandLine('migrate --json', env)
    expect(moved.exit, moved.err).toBeLessThanOrEqual(3)
    const verified = await commandLine('verify', env)
    expect(verified.exit, verified.out + verified.err).toBe(0)
  })

  test('lists its threads, and what they wait for', async () => {
    const { out, err } = await commandLine('threads --in postgres --waiting --json', env)
    expect(out, err).toContain('"threadId": "approve-pending"')
  })

  test('holds the same rows as a server', async () => {
    const postgres = await freshDatabase()
    const server = ends(redis, postgres)
    await commandLine('init', server)
    await commandLine('migrate', server)
    const expected = await rowsOf((text) => sql(postgres, text))
    expect(expected.checkpoints!.length).toBeGreaterThan(50)
    expect(await inFolder()).toEqual(expected)
  })

  test('has nothing to do the second time', async () => {
    const { out } = await commandLine('migrate --json', env)
    expect(JSON.parse(out)).toMatchObject({ checkpoints: { inserted: 0, updated: 0 }, stoppedBy: null })
  })

  test('is read by the official saver, twice, while it is served', async () => {
    const until = new AbortController()
    let address = ''
    const served = runServing(`pglite:${folder}`, until.signal, (text) => {
      address ||= text.split('\n')[0]!
    })
    while (address === '') await sleep(20)
    const args = [address, String(2)]
    const said = JSON.parse(await runPython(LOOK, { args }))
    until.abort(new Failure('interrupted'))
    expect(await served).toBe(0)
    // Prepared statements of the first connection were not in the way of the second.
    expect(said).toEqual([expect.any(Number), expect.any(Number)])
    expect(said[0]).toBeGreaterThan(50)
    expect(said[1]).toBe(said[0])
  })

  test('serves one process at a time', async () => {
    await writeFile(
      `${folder}.lock`,
      JSON.stringify({ pid: process.pid, host: hostname(), since: 'this morning' }),
    )
    const { exit, err } = await commandLine('status', env)
    expect(exit).toBe(11)
    expect(err).toContain(`process ${process.pid} on ${hostname()} since this morning`)
    // No process has this number: the one that left the file behind is gone.
    await writeFile(
      `${folder}.lock`,
      JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), since: 'yesterday' }),
    )
    expect((await commandLine('status', env)).exit).toBe(0)
    expect(existsSync(`${folder}.lock`)).toBe(false)
  })

  test('frees Redis of nothing that it does not hold', async () => {
    const planned = async () => JSON.parse((await commandLine('purge-redis --older-than 0 --json', env)).out)
    const whole = await planned()
    expect(whole).toMatchObject({ planOnly: true, stoppedBy: null })
    expect(whole.threads.purged).toBeGreaterThan(20)
    const database = await PGlite.create({ dataDir: folder })
    await database.query(`DELETE FROM checkpoints WHERE thread_id = 'approve-pending'`)
    await database.close()
    const lacking = await planned()
    expect(lacking.threads.purged).toBe(whole.threads.purged - 1)
    expect(lacking.left.map(({ threadId }: { threadId: string }) => threadId)).toContain('approve-pending')
    const restored = await commandLine('migrate --restore-deleted --json', env)
    expect(JSON.parse(restored.out).checkpoints.inserted).toBeGreaterThan(0)
  })

  test('gives back what the runs wrote', async () => {
    expect((await inFolder()).checkpoints!.length).toBeGreaterThan(50)
    const undone = await commandLine('rollback --all --yes', env)
    expect(undone.exit, undone.out + undone.err).toBe(0)
    expect(await inFolder()).toEqual({ checkpoints: [], checkpoint_blobs: [], checkpoint_writes: [] })
  })
})

test('a folder of something else is refused with the reason', async () => {
  const { exit, err } = await commandLine('init', ends(redis, `pglite:${join(import.meta.dirname)}`))
  expect(exit).toBe(5)
  expect(err).toContain('no database could be opened')
})
