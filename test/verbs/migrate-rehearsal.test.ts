/** A rehearsal over a target that holds threads already, by a user who can only read it. What it says elsewhere: migrate-passes.test.ts. */
import { beforeAll, expect, test } from 'vitest'
import { type Ends, freshEnds } from './migrate-setup.js'

let both: Ends
let asReader = ''

beforeAll(async () => {
  both = await freshEnds()
  await both.put('redis', 'one', { n: 1 })
  await both.put('redis', 'two', { n: 1 })
  expect(await both.migrate()).toMatchObject({ exit: 0 })
  const url = new URL(both.postgres)
  const name = `reader${url.pathname.replace(/\W/g, '')}`
  const database = decodeURIComponent(url.pathname.slice(1))
  for (const statement of [
    `CREATE ROLE ${name} LOGIN PASSWORD 'reads'`,
    `REVOKE TEMPORARY ON DATABASE "${database}" FROM PUBLIC`,
    `GRANT USAGE ON SCHEMA public, cp_migrate TO ${name}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA public, cp_migrate TO ${name}`,
  ])
    await both.sql(statement)
  url.username = name
  url.password = 'reads'
  asReader = url.href
})

const rehearsal = async (env: Record<string, string>) => {
  const { exit, out, err } = await both.cli('migrate --dry-run --json', env)
  return { exit, ...(out === '' ? { err } : JSON.parse(out)) }
}

test('who may make temporary tables hears which rows would be new, and what stands in the way', async () => {
  await both.put('redis', 'one', { n: 2 })
  await both.put('redis', 'two', { n: 2 })
  await both.put('postgres', 'two', { n: 'theirs' })
  expect(await rehearsal({})).toMatchObject({
    exit: 3,
    threads: { selected: 2, changed: 1, partial: 1 },
    checkpoints: { inserted: 1, alreadyThere: expect.any(Number) },
    findings: [{ reason: 'diverged', count: 1, samples: [{ threadId: 'two' }] }],
  })
})

test('who may not still rehearses', async () => {
  expect(await rehearsal({ CHECKPOINT_DB_URI: asReader })).toMatchObject({
    exit: 0,
    threads: { selected: 2, new: 0 },
    stoppedBy: null,
  })
})
