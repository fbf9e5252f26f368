/** A purge as a process of its own: killed in the middle, stopped by a signal, started by cron. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parsePostgresUrl } from '../../src/commands/endpoint-url.js'
import { openPostgres } from '../../src/target/connection/connect.js'
import { takeLease } from '../../src/target/ledger/lease.js'
import { proxyTo, type Proxy as WireProxy } from '../services/proxy.js'
import { type PurgeEnds, purgeEnds } from './purge-setup.js'

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'cp-migrate.js')
const THREADS = ['user:1', 'user:2', 'user:3', 'user:4', 'user:5']

let here: PurgeEnds
let proxy: WireProxy
let archive = ''
let keysBefore: string[] = []
let rowsBefore: string[] = []
beforeAll(async () => {
  here = await purgeEnds()
})
beforeEach(async () => {
  await here.empty()
  await here.verified(...THREADS)
  keysBefore = (await here.redis.keys('*')).sort()
  rowsBefore = await here.both.rows()
  proxy = await proxyTo(here.both.postgres)
  archive = join(mkdtempSync(join(tmpdir(), 'cp-migrate-archive-')), 'purged.cpmarc')
})

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** Nothing in its environment but what is given, no terminal, nothing to read: as cron starts it. */
function start(
  flags: string,
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [PROGRAM, 'purge-redis', ...flags.split(' ')], {
    cwd: '/',
    env: {
      PATH: dirname(process.execPath),
      ...here.both.env,
      CHECKPOINT_DB_URI: proxy.url(here.both.postgres),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    texts.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    texts.err += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...texts }) as Ended)
  return { child, ended }
}

/** A thread of which a key is gone is on record as such, and in the archive; no row is gone. */
async function expectNothingLost(): Promise<void> {
  expect(await here.both.rows()).toEqual(rowsBefore)
  for (const thread of THREADS) {
    const left = await here.keysOf(thread)
    const whole = keysBefore.filter((key) => key.includes(`:${thread}:`))
    // Small threads go in one step: whole or not at all.
    expect([0, whole.length]).toContain(left.length)
    const [progress] = await here.progressOf(thread)
    if (left.length < whole.length) expect(['purging', 'purged']).toContain(progress)
  }
}

async function expectFinished(): Promise<void> {
  expect(await here.redis.dbsize()).toBe(0)
  for (const thread of THREADS) expect(await here.progressOf(thread)).toEqual(['purged'])
  expect(await here.both.rows()).toEqual(rowsBefore)
  const { exit, out } = await here.both.cli(`restore-archive ${archive} --json`)
  expect(exit, out).toBe(0)
  expect((await here.redis.keys('*')).sort()).toEqual(keysBefore)
}

describe('killed', () => {
  // COMMIT 1 is the lease's, 2 says that the deletion begins, 3 that it is done.
  test.each([
    { commit: 1, moment: 'after' },
    { commit: 2, moment: 'before' },
    { commit: 2, moment: 'after' },
    { commit: 3, moment: 'before' },
    { commit: 3, moment: 'after' },
  ] as const)('$moment COMMIT $commit, the same command finishes what was begun', async (at) => {
    const killed = start(`--yes --older-than 0 --archive ${archive}`)
    proxy.set({
      atCommit: (moment, commit) => {
        if (moment !== at.moment || commit !== at.commit) return undefined
        killed.child.kill('SIGKILL')
        return 'reset'
      },
    })
    expect((await killed.ended).signal).toBe('SIGKILL')
    proxy.set({})
    await expectNothingLost()
    const again = await here.purge(`--archive ${archive}`)
    const purged = at.commit === 3 && at.moment === 'after' ? 0 : 5
    expect(again).toMatchObject({ exit: 0, threads: { purged, left: 0 } })
    if (at.commit === 3 && at.moment === 'before') expect(again.threads.finished).toBe(5)
    await expectFinished()
  })

  test('between two threads, the same command goes on with the others', async () => {
    const killed = start(`--yes --older-than 0 --rate 20 --archive ${archive}`)
    while ((await here.redis.dbsize()) === keysBefore.length) await sleep(10)
    killed.child.kill('SIGKILL')
    expect((await killed.ended).signal).toBe('SIGKILL')
    const left = await here.redis.dbsize()
    expect(left).toBeGreaterThan(0)
    await expectNothingLost()
    expect(await here.purge(`--archive ${archive}`)).toMatchObject({ exit: 0, threads: { purged: 5 } })
    await expectFinished()
  })
})

describe('stopped by a signal', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s: what was begun is on record, what was not is untouched, exit code %i',
    async (signal, code) => {
      const stopped = start(`--yes --older-than 0 --rate 20 --archive ${archive}`)
      while ((await here.redis.dbsize()) === keysBefore.length) await sleep(10)
      stopped.child.kill(signal)
      const { code: exit, out, err } = await stopped.ended
      expect(exit).toBe(code)
      expect(out).toContain('purge stopped after')
      expect(err).toContain('Run the same command again')
      await expectNothingLost()
      const states = await Promise.all(THREADS.map(async (thread) => (await here.progressOf(thread))[0]))
      expect(new Set(states)).toContain('verified')
      expect(states).not.toContain('purging')
      expect(await here.purge(`--archive ${archive}`)).toMatchObject({ exit: 0 })
      await expectFinished()
    },
  )
})

describe('started by cron', () => {
  test('says one line, needs no terminal and almost no environment', async () => {
    const { code, out, err } = await start('--yes --quiet --older-than 0').ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^redis:\/\/[^ ]+: purged \d+ keys of 5 threads in [^ ]+ s, [^ ]+ KiB freed\n$/)
    const again = await start('--yes --quiet --older-than 0').ended
    expect(again).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/: nothing to purge\n$/) })
  })

  test('by the very line of docs/cron.md deletes what it should, and logs one line', async () => {
    const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'cron.md'), 'utf8')
    const line = /^17 3 \* \* \* (.*)$/m.exec(docs)![1]!
    const folder = mkdtempSync(join(tmpdir(), 'cp-migrate-cron-'))
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    const program = (name: string, script: string) =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    program('cp-migrate', `exec ${process.execPath} ${PROGRAM} "$@"`)
    program('logger', `cat > ${join(folder, 'log')}`)
    const { REDIS_URL, CHECKPOINT_DB_URI } = here.both.env
    writeFileSync(join(folder, '.env'), `REDIS_URL=${REDIS_URL}\nCHECKPOINT_DB_URI=${CHECKPOINT_DB_URI}\n`)
    const night = line
      .replace('/etc/cp-migrate', folder)
      .replace('/var/lib/cp-migrate', folder)
      .replace('--older-than 7d', '--older-than 1ms')
    const child = spawn('/bin/sh', ['-c', night], {
      cwd: '/',
      env: { PATH: `${bin}:/usr/bin:/bin`, HOME: '/', SHELL: '/bin/sh', LOGNAME: 'cp-migrate' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let mail = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        mail += chunk
      })
    }
    const [code] = await once(child, 'close')
    expect({ code, mail }).toEqual({ code: 0, mail: '' })
    expect(readFileSync(join(folder, 'log'), 'utf8')).toMatch(/: purged \d+ keys of 5 threads in .*\n$/)
    expect(await here.redis.dbsize()).toBe(0)
    expect(statSync(join(folder, 'purged.cpmarc')).mode & 0o777).toBe(0o600)
  })

  test('keeps out of the way of another run, and of a database that is away', async () => {
    const postgres = await openPostgres(parsePostgresUrl(here.both.postgres, {}), { writes: true })
    const lease = await takeLease(postgres, {
      schema: 'public',
      ledgerSchema: 'cp_migrate',
      verb: 'migrate',
      takeoverTimeoutMs: 1000,
    })
    const locked = await start('--yes --quiet --older-than 0').ended
    expect(locked).toMatchObject({
      code: 11,
      out: '',
      err: expect.stringContaining('cp-migrate migrate, process'),
    })
    await lease.release()
    await postgres.close()
    const away = await start('--yes --quiet', { CHECKPOINT_DB_URI: 'postgres://127.0.0.1:1/nothing' }).ended
    expect(away).toMatchObject({ code: 5, out: '' })
    expect((await here.redis.keys('*')).sort()).toEqual(keysBefore)
  })
})
