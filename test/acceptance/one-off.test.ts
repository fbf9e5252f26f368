/** One-off savers, those that we know and those that a layout file describes: what was put into them is what Postgres gives back. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

interface Stored {
  readonly ids: readonly string[]
  readonly parent: string | null
  readonly checkpoint: Record<string, unknown>
  readonly metadata: unknown
  readonly writes: readonly (readonly [task: string, channel: string, value: unknown])[]
}
interface Made {
  readonly db: number
  readonly expected: readonly Stored[]
}

const PROGRAM = join(import.meta.dirname, 'one_off.py')
const LAYOUT_FILES = join(import.meta.dirname, '..', '..', 'fixtures', 'layout-files')

/** What each saver is; layout files by their names, and findings that are right. */
const SAVERS: readonly {
  readonly name: string
  readonly layouts: readonly string[]
  readonly file?: string
  readonly reasons?: readonly string[]
}[] = [
  { name: 'pickle-latest-triple', layouts: ['pickle-latest-triple'] },
  { name: 'pickle-channel-hash', layouts: ['pickle-channel-hash'], reasons: ['foreign-key'] },
  { name: 'pickle-dict-ns', layouts: ['pickle-dict-ns'], reasons: ['foreign-key', 'parent-rebuilt'] },
  { name: 'pickle-dict', layouts: ['pickle-dict'], reasons: ['parent-rebuilt'] },
  { name: 'pickle-dict of the latest', layouts: ['pickle-dict'] },
  { name: 'pickle-bare', layouts: ['pickle-bare'], reasons: ['metadata-missing'] },
  { name: 'wrapped pickles', layouts: ['pickle-config-triple', 'pickle-redis-saver'] },
  { name: 'memory-snapshot of 2024', layouts: ['memory-snapshot'] },
  { name: 'pickle-quoted', layouts: ['pickle-quoted'] },
  { name: 'pickle-pion', layouts: ['pickle-pion'] },
  { name: 'pickle-field-hash', layouts: ['pickle-field-hash'], reasons: ['parent-rebuilt'] },
  { name: 'kubently', layouts: ['kubently'], file: 'kubently.json' },
  { name: 'automa-ai', layouts: ['automa-ai'], file: 'automa-ai.json', reasons: ['foreign-key'] },
  {
    name: 'hex-json',
    layouts: ['hex-json'],
    file: 'hex-json.json',
    reasons: ['foreign-key', 'parent-rebuilt'],
  },
]

let redisUrl = ''
let made: Record<string, Made> = {}

beforeAll(async () => {
  redisUrl = new URL('/', (await freshRedis()).url).href.replace(/\/$/, '')
  made = JSON.parse(await runPython(PROGRAM, { args: ['write', redisUrl] }))
})

test('every saver of the program is judged', () => {
  expect(Object.keys(made)).toEqual(SAVERS.map(({ name }) => name))
})

describe.each(SAVERS)('$name', ({ name, layouts, file, reasons = [] }) => {
  test('comes out of Postgres as it was put in, and nothing else with it', async () => {
    const { db, expected } = made[name]!
    const postgresUrl = await freshDatabase()
    const env = ends(`${redisUrl}/${db}`, postgresUrl)
    expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
    const flags = file === undefined ? [] : ['--layout-file', join(LAYOUT_FILES, file)]
    const run = await commandLine(['migrate', '--json', ...flags], env)
    expect(run.exit, run.err + run.out).toBe(0)
    const report = JSON.parse(run.out)
    expect(report.layouts.map((layout: { id: string }) => layout.id).sort()).toEqual([...layouts])
    expect(report.findings.map((finding: { reason: string }) => finding.reason).sort()).toEqual([...reasons])

    const found: Stored[] = JSON.parse(await runPython(PROGRAM, { args: ['read', postgresUrl] }))
    const wanted = expected.map(comparable)
    expect(wanted.length).toBeGreaterThan(4)
    expect(byIds(found.map(comparable))).toEqual(byIds(wanted))
  })
})

const byIds = (all: readonly Stored[]) => new Map(all.map((one) => [JSON.stringify(one.ids), one]))

/** Versions by their integers, since strings are made of those; writes in the order of their tasks. */
function comparable(stored: Stored): Stored {
  const { channel_versions: versions, versions_seen: seen, ...checkpoint } = stored.checkpoint
  const all = seen as Record<string, Record<string, unknown>>
  return {
    ...stored,
    checkpoint: {
      ...checkpoint,
      channel_versions: integers(versions as Record<string, unknown>),
      versions_seen: Object.fromEntries(Object.entries(all).map(([node, one]) => [node, integers(one)])),
    },
    writes: [...stored.writes].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)),
  }
}

const integers = (versions: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(versions).map(([channel, version]) => [channel, Number.parseInt(String(version), 10)]),
  )
