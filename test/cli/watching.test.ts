/** A real run, watched from outside: lines of JSON, a signal, metrics for a collector, messages for a log. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commandLine, ends } from '../acceptance/command-line.js'
import { freshDatabase } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'

const ROOT = join(import.meta.dirname, '..', '..')
const PROGRAM = join(ROOT, 'bin', 'cp-migrate.js')
const THREADS = 40

let env: Record<string, string>
let folder: string
beforeAll(async () => {
  const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
  await runPython(join(ROOT, 'bench', 'generate.py'), { args: ['a5', url, String(THREADS), '10', '100'] })
  env = ends(url, postgres)
  expect((await commandLine('init', env)).exit).toBe(0)
  folder = mkdtempSync(join(tmpdir(), 'cp-migrate-watching-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** A process of its own, slowed down so that it takes some seconds. */
function start(line: string) {
  const child = spawn(process.execPath, [PROGRAM, ...line.split(' ')], {
    cwd: folder,
    env: { PATH: dirname(process.execPath), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    said.err += chunk
  })
  return { child, said, ended: once(child, 'close') as Promise<[number | null]> }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20)
}

test('--log-format json: every line on stderr is an object; progress has its numbers, and the last is the end', async () => {
  const { exit, out, err } = await commandLine('migrate --dry-run --json --log-format json', env)
  expect(exit).toBe(0)
  const lines = linesOf(err)
  for (const line of lines) expect(Date.parse(String(line.time))).toBeGreaterThan(0)
  expect(lines[0]).toMatchObject({ level: 'info', message: expect.stringContaining('redis://') })
  const report = JSON.parse(out)
  expect(lines.at(-1)).toMatchObject({
    event: 'threads',
    threads: THREADS,
    ofThreads: THREADS,
    bytes: report.bytes.read,
    ofBytes: report.bytes.read,
    rejected: 0,
  })
})

test('--verbose: the settings with where they come from, the servers, and every thing that happens, with seconds', async () => {
  const password = { REDIS_URL: env.REDIS_URL!.replace('redis://', 'redis://default:hunter2-secret@') }
  await commandLine('detect', env) // so that a failure below is not that of a cold server
  const { exit, err } = await commandLine('migrate --dry-run --memory 64MB --verbose', env)
  expect(exit).toBe(0)
  for (const told of [
    /^\d\.\d{3} s {2}redis redis:\/\/127.* \(REDIS_URL\)$/m,
    /^\d\.\d{3} s {2}memory 64\.0 MiB \(--memory\)$/m,
    /^\d\.\d{3} s {2}retryFor 5 min \(default\)$/m,
    /s {2}redis:\/\/127\S+: Redis 7\./,
    /s {2}postgres:\/\/127\S+: Postgres 1\d as postgres, schema public$/m,
    /s {2}\d+ of 40 threads/,
  ])
    expect(err).toMatch(told)
  expect((await commandLine('migrate --dry-run', env)).err).not.toContain('retryFor')
  expect((await commandLine('detect --verbose', { ...env, ...password })).err).not.toContain('hunter2')
})

test('an error is one object too, with what to do next, and no password', async () => {
  const secret = { REDIS_URL: 'redis://:hunter2-secret@127.0.0.1:1/0' }
  const { exit, err } = await commandLine('detect --log-format json --verbose', { ...env, ...secret })
  expect(exit).toBe(5)
  expect(err).not.toContain('hunter2')
  expect(linesOf(err).at(-1)).toMatchObject({ level: 'error', exitCode: 5, next: expect.any(String) })
  const wrong = await commandLine('detect --no-such --log-format json', env)
  expect(linesOf(wrong.err)).toMatchObject([{ level: 'error', id: 'usage', exitCode: 2 }])
})

test('--metrics-file: what it does while it works, what it did at the end, whole at any moment', async () => {
  const { child, said, ended } = start(
    'migrate --dry-run --rate 150 --metrics-file metrics.prom --progress json',
  )
  const path = join(folder, 'metrics.prom')
  await until(() => said.err.includes('"event":"threads"'))
  const during = readFileSync(path, 'utf8')
  expect(during).toContain('cp_migrate_running{command="migrate"} 1\n')
  expect(during).not.toContain('exit_code')
  if (process.platform !== 'win32') {
    child.kill('SIGUSR1')
    await until(() => said.err.includes('running for'))
  }
  expect((await ended)[0]).toBe(0)
  const events = linesOf(
    said.err
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .join('\n'),
  )
  const seen = events.filter(({ event }) => event === 'threads').map(({ threads }) => Number(threads))
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  expect(seen.length).toBeGreaterThan(1)
  expect(said.err).toMatch(/^cp-migrate migrate, running for [\d.]+ s: \d+ of 40 threads · /m)
  const after = readFileSync(path, 'utf8')
  expect(after).toContain('cp_migrate_running{command="migrate"} 0\n')
  expect(after).toContain('cp_migrate_exit_code{command="migrate"} 0\n')
  expect(after).toContain(`cp_migrate_threads{command="migrate",state="whole"} ${THREADS}\n`)
  expect(after).toContain('cp_migrate_rows{command="migrate",table="checkpoints",what="inserted"} 400\n')
  expect(after).toContain('cp_migrate_findings{command="migrate",kind="rejected"} 0\n')
  expectPrometheus(during)
  expectPrometheus(after)
  expect(readdirSync(folder)).toEqual(['metrics.prom'])
})

test('metrics of a command that fails tell its exit code; a folder that is not there is refused at once', async () => {
  const path = join(folder, 'failed.prom')
  const dead = { ...env, CHECKPOINT_DB_URI: 'postgres://127.0.0.1:1/x' }
  expect((await commandLine(`verify --metrics-file ${path}`, dead)).exit).toBe(5)
  expect(readFileSync(path, 'utf8')).toContain('cp_migrate_exit_code{command="verify"} 5\n')
  const { exit, err } = await commandLine(`verify --metrics-file ${join(folder, 'no', 'x.prom')}`, env)
  expect(exit).toBe(2)
  expect(err).toContain('--metrics-file')
  rmSync(path)
})

test('--quiet shows no progress, in whatever form it was asked for', async () => {
  const { err, out } = await commandLine('migrate --dry-run --quiet --progress json', env)
  expect(err).toBe('')
  expect(out.trim().split('\n')).toHaveLength(1)
})

test('migrate, verify and purge-redis leave their page, too, with the numbers of their reports', async () => {
  const path = join(folder, 'page.html')
  for (const [line, title] of [
    ['detect', 'What is in Redis'],
    ['migrate', 'Migration, run 1'],
    ['verify', 'Verification 1'],
    ['purge-redis --older-than 0', 'Plan of a purge'],
    ['purge-redis --older-than 0 --yes', 'Purge of Redis'],
  ] as const) {
    const { exit, err } = await commandLine(`${line} --report ${path}`, env)
    expect(exit, err).toBe(0)
    const html = readFileSync(path, 'utf8')
    expect(html).toContain(`<h1>${title}</h1>`)
    expect(html).toContain(`<b>${THREADS}</b>`)
    expect(html).not.toMatch(/<(?:script|link rel="stylesheet")/)
  }
  const markdown = await commandLine('verify --format markdown', env)
  expect(markdown.out).toMatch(/^# Verification \d+\n/)
  expect((await commandLine(`detect --report ${join(folder, 'x.pdf')}`, env)).exit).toBe(2)
  expect((await commandLine(`detect --report ${join(folder, 'no', 'x.html')}`, env)).exit).toBe(2)
})

/** The text format: names, HELP and TYPE before the first sample of a name, samples of one name together, numbers. */
function expectPrometheus(text: string): void {
  expect(text.endsWith('\n')).toBe(true)
  const names: string[] = []
  for (const line of text.trimEnd().split('\n')) {
    const type = /^# TYPE (\S+) gauge$/.exec(line)
    if (type !== null) names.push(type[1]!)
    else if (!line.startsWith('# HELP ')) {
      expect(line).toMatch(/^[a-z_]+\{(?:[a-z_]+="[^"\\]*",?)+\} -?[\d.e+-]+$/)
      expect(line.startsWith(`${names.at(-1)}{`), line).toBe(true)
    }
  }
  expect(new Set(names).size).toBe(names.length)
}
