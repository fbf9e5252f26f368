/** The package as npm would publish it: only what runs, small, and it works in an empty folder. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../scripts/services/run.mjs'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { judgeCase } from '../judge/judge.js'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { ends } from './command-line.js'

const ROOT = join(import.meta.dirname, '..', '..')
const SOURCES = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'LICENSE',
  'bin',
  'docs',
  'fixtures/demo/shop.rdb.gz',
  'migrations',
  'scripts',
  'src',
]

interface Packed {
  readonly filename: string
  readonly integrity: string
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

let packed: Packed
/** Where a user has installed it, and nothing else. */
let home = ''

beforeAll(async () => {
  // A copy: packing builds dist/, which others may be running meanwhile.
  const tree = await temporaryFolder()
  for (const name of SOURCES) await cp(join(ROOT, name), join(tree, name), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  home = await temporaryFolder()
  const [only] = JSON.parse(
    await npm(tree, 'pack', '--json', '--silent', '--pack-destination', home),
  ) as Packed[]
  packed = only!
  await writeFile(
    join(home, 'package.json'),
    JSON.stringify({ dependencies: { 'cp-migrate': `file:${packed.filename}` } }),
  )
  await writeFile(join(home, 'package-lock.json'), JSON.stringify(await lockFile()))
  await npm(home, 'ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', '--silent')
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-packed-'))
  atEndOfFile(() => rm(folder, { recursive: true }))
  return folder
}

const npm = (folder: string, ...args: string[]): Promise<string> => run('npm', args, { cwd: folder })

/** Our own lock with the package in place of the project: the versions that are tested, most of them in npm's cache. */
async function lockFile() {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'))
  const { name, version, dependencies, optionalDependencies, bin } = packages['']
  const file = `file:${packed.filename}`
  const shipped = Object.entries<{ dev?: boolean }>(packages).filter(([path, { dev }]) => path !== '' && !dev)
  return {
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { dependencies: { [name]: file } },
      [`node_modules/${name}`]: {
        version,
        resolved: file,
        integrity: packed.integrity,
        dependencies,
        optionalDependencies,
        bin,
      },
      ...Object.fromEntries(shipped),
    },
  }
}

/** As a user types it; what it printed. Fails where it does not exit with 0. */
async function tool(args: readonly string[], env: Record<string, string> = {}) {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_)/.test(name)),
  )
  return run('npx', ['--no-install', 'cp-migrate', ...args], { cwd: home, env: { ...clean, ...env } })
}

describe('the package', () => {
  test('ships what runs and what is to be read, and stays under 1 MB', () => {
    const strangers = packed.files.filter(({ path }) => !SHIPPED.test(path))
    expect(strangers).toEqual([])
    expect(packed.files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'bin/cp-migrate.js', 'dist/cli/main.js']),
    )
    expect(packed.unpackedSize).toBeLessThan(1_000_000)
  })

  test('says its version and helps in an empty folder', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    expect((await tool(['--version'])).trim()).toBe(version)
    expect(await tool(['migrate', '--help'])).toContain('cp-migrate migrate --dry-run')
  })

  test('makes the tables and moves the threads, by jobs that it finds beside itself', async () => {
    const from = fixture('python/0.5.2-mutated')
    const [{ url }, database] = await Promise.all([freshRedis(), freshDatabase()])
    await loadCase(from, url)
    const env = ends(url, database)
    await tool(['init'], env)
    expect(await tool(['migrate', '--jobs', '2'], env)).toContain('4 threads whole')
    expect(await judgeCase(from, database)).toMatchObject({ missing: 0, differing: 0, writeRowsMissing: 0 })
  })

  test('shows the whole way without a server', async () => {
    expect(await tool(['demo'])).toContain('5 threads equal, value by value')
  })

  test('is a library with types for whoever imports it', async () => {
    const [{ url }, database] = await Promise.all([freshRedis(), freshDatabase()])
    await loadCase(fixture('python/0.5.2-mutated'), url)
    await writeFile(join(home, 'moves.mts'), CONSUMER)
    const roots = ['--typeRoots', join(ROOT, 'node_modules', '@types')]
    const checked = [
      ...roots,
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
    ]
    await run(
      process.execPath,
      [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), ...checked, 'moves.mts'],
      {
        cwd: home,
      },
    )
    await writeFile(
      join(home, 'moves.mjs'),
      CONSUMER.replace(/^declare .*$/m, '').replaceAll(/: (string|number)\b/g, ''),
    )
    const said = await run(process.execPath, ['moves.mjs', url, database], { cwd: home })
    expect(JSON.parse(said)).toEqual({ planned: 4, moved: 4, differences: 0 })
  })
})

/** A program of somebody else. With its few types taken out it is JavaScript. */
const CONSUMER = `
import { init, migrate, plan, verify } from 'cp-migrate'
declare const process: { argv: string[]; stdout: { write(text: string): void } }
const [redis = '', postgres = ''] = process.argv.slice(2)
const planned: number = (await plan({ redis })).threads.whole
await init({ postgres })
const moved: number = (await migrate({ redis, postgres }, { onEvent: (event) => event.kind === 'threads' && event.progress.threads })).threads.whole
const { exitCode } = await verify({ redis, postgres, thread: [] })
process.stdout.write(JSON.stringify({ planned, moved, differences: exitCode }))
`

const SHIPPED =
  /^(bin\/[\w-]+\.js|dist\/[\w/.-]+\.(js|d\.ts)|dist\/help\.txt|dist\/parts\/texts\.json\.gz|migrations\/[\w/-]+\.sql|fixtures\/demo\/shop\.rdb\.gz|docs\/[\w-]+\.md|README\.md|LICENSE|package\.json)$/
