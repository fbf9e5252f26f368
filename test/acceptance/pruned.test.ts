/** A target that the official prune() has cut after the cutover is no damage: not to migrate, verify, purge-redis or rollback. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { tablesOf } from '../verbs/tables.js'
import { commandLine, ends } from './command-line.js'

const PRUNE = join(import.meta.dirname, 'prune.py')

interface Report {
  readonly checkpoints: Readonly<Record<'inserted' | 'updated', number>>
  readonly findings: readonly { readonly reason: string; readonly kind: string; readonly count: number }[]
  readonly lefts: Readonly<Record<string, number>>
}

async function reportOf(
  line: string,
  env: Record<string, string>,
): Promise<Report & { readonly exit: number }> {
  const { exit, out, err } = await commandLine(`${line} --json`, env)
  if (out === '') throw new Error(err)
  return { ...JSON.parse(out), exit }
}

describe.each([
  ['python/0.5.2-full', 'python'],
  ['js/1.0.11-full', 'js'],
])('%s', (name, dialect) => {
  it('pruned after it was moved stays as it is, and is reported as deleted on purpose', async () => {
    const { url } = await freshRedis()
    await loadCase(fixture(name), url)
    const env = ends(url, await freshDatabase())
    await commandLine(`init --dialect ${dialect}`, env)
    const first = await reportOf('migrate', env)
    // A link that led nowhere before is not of our making: prune() clears it, and verify tells.
    await sql(env.CHECKPOINT_DB_URI!, `DELETE FROM checkpoints WHERE thread_id = 'dangling'`)
    await runPython(PRUNE, { args: [env.CHECKPOINT_DB_URI!] })
    const pruned = await tablesOf(env.CHECKPOINT_DB_URI!)
    expect(pruned.checkpoints.length).toBeLessThan(first.checkpoints.inserted)
    const again = await reportOf('migrate', env)
    expect(again.findings.filter(({ kind }) => kind === 'conflict')).toEqual([])
    expect(again.exit).toBe(first.exit)
    expect(again.checkpoints).toMatchObject({ inserted: 0, updated: 0 })
    expect(await tablesOf(env.CHECKPOINT_DB_URI!)).toEqual(pruned)
    const verified = await commandLine('verify', env)
    expect(verified.exit, verified.out).toBe(0)
    // What somebody deleted in Postgres is in Redis alone.
    const { lefts } = await reportOf('purge-redis --older-than 0', env)
    expect(lefts.deleted).toBeGreaterThan(0)
    // Whoever cut a thread works with it: it goes only where that is asked for.
    expect((await commandLine('rollback --all --yes', env)).exit).toBe(3)
    const undone = await commandLine('rollback --all --yes --discard-continued', env)
    expect(undone.exit, undone.out).toBe(0)
    expect(await sql(env.CHECKPOINT_DB_URI!, 'SELECT 1 FROM checkpoints')).toEqual([])
  })
})
