/** Savers that cannot be run here: a real history, written the way their sources say, arrives in Postgres as it was. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freshDatabase } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const PROGRAM = join(import.meta.dirname, 'documented_savers.py')

interface Report {
  readonly findings: readonly { readonly reason: string }[]
  readonly layouts: readonly { readonly id: string }[]
}

/** What a saver's database is taken for, and what the report says of it. */
const SAVERS: Readonly<Record<string, { readonly layout: string; readonly reasons: readonly string[] }>> = {
  docs_july: { layout: 'docs-hash-ts', reasons: [] },
  docs_json: { layout: 'docs-hash', reasons: [] },
  docs_typed_metadata: { layout: 'docs-hash-dollar', reasons: [] },
  docs_base64: { layout: 'docs-hash', reasons: ['parent-rebuilt'] },
  docs_by_parent: { layout: 'docs-hash-dollar', reasons: ['orphan-write'] },
  docs_default_ns: { layout: 'docs-hash-dollar', reasons: [] },
  python_hash: { layout: 'python-hash', reasons: ['orphan-write'] },
  agentcore: { layout: 'agentcore-valkey', reasons: [] },
  untagged: { layout: 'untagged', reasons: [] },
}

describe.each(Object.entries(SAVERS))('%s', (name, { layout, reasons }) => {
  test('has every checkpoint, value and write in Postgres that it held', async () => {
    const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
    const held: unknown = JSON.parse(await runPython(PROGRAM, { args: ['write', name, redisUrl] }))
    const env = ends(redisUrl, postgresUrl)
    expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
    const run = await commandLine('migrate --json', env)
    expect(run.exit, run.err).toBe(0)
    const report: Report = JSON.parse(run.out)
    expect(report.layouts.map(({ id }) => id)).toEqual([layout])
    expect(report.findings.map(({ reason }) => reason)).toEqual(reasons)
    const arrived: unknown = JSON.parse(await runPython(PROGRAM, { args: ['read', postgresUrl] }))
    expect(arrived).toEqual(held)
  })
})
