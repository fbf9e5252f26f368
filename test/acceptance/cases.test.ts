/** Real databases of real savers, migrated and read back by the official Postgres saver. */
import { describe, expect, test } from 'vitest'
import { type Case, fixtures, fullCorpora } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { acceptedIn } from '../judge/accepted.js'
import { FAULTLESS, judgeCase } from '../judge/judge.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const python = [...fixtures('python'), ...fixtures('pickle'), ...fixtures('plain')]
const full = new Set(fullCorpora().map(({ folder }) => folder))
const fullPython = [...fullCorpora('python'), ...fullCorpora('pickle'), ...fullCorpora('plain')]

async function migrated(from: Case) {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await loadCase(from, redisUrl)
  const env = ends(redisUrl, postgresUrl)
  expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
  const run = await commandLine(['migrate', ...from.flags], env)
  return { run, verdict: await judgeCase(from, postgresUrl) }
}

describe.each([...python, ...fullPython])('$name', (from) => {
  test(`every checkpoint is what the official saver would have written (${full.has(from.folder) ? 'whole' : 'selection'})`, async () => {
    const { run, verdict } = await migrated(from)
    const accepted = acceptedIn(from, full.has(from.folder))
    expect(run.exit === 0 || run.exit === 3, run.err).toBe(true)
    expect(verdict, JSON.stringify(verdict.differences.slice(0, 5))).toMatchObject({
      ...FAULTLESS,
      differing: accepted,
      differences: expect.anything(),
    })
    expect(verdict.equal).toBe(verdict.golden - verdict.leftOut - accepted)
  })
})
