/** Real databases of real savers, migrated and read back by the official Postgres saver. */
import { describe, expect, test } from 'vitest'
import { type Case, fixtures, fullCorpora } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { FAULTLESS, judgeCase } from '../judge/judge.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

/**
 * Checkpoints that differ from the golden rows, and why that is right:
 * - `model`: Redis holds a pydantic model whole; the official reader gives the raw envelope, we restore the model.
 * - `default field`: messages of langchain-core 0.3 get their default field `example` from the library that wrote the golden rows.
 * - `look-alike`: a user's own dict shaped like an envelope, which the reader of its time made null or left alone.
 */
const ACCEPTED: Readonly<
  Record<string, { readonly fixtures: number; readonly full: number; readonly why: string }>
> = {
  'python/0.5.2-full': { fixtures: 3, full: 12, why: 'model' },
  'python/0.2.1-full': { fixtures: 0, full: 6, why: 'model' },
  'python/0.1.3-full': { fixtures: 0, full: 6, why: 'look-alike' },
  'python/0.0.8-full': { fixtures: 4, full: 39, why: 'default field, look-alike' },
  'python/0.5.2-shallow-sync': { fixtures: 0, full: 6, why: 'model' },
  'python/0.5.2-shallow-async': { fixtures: 0, full: 6, why: 'model' },
}

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
    const accepted = ACCEPTED[from.name]?.[full.has(from.folder) ? 'full' : 'fixtures'] ?? 0
    expect(run.exit === 0 || run.exit === 3, run.err).toBe(true)
    expect(verdict, JSON.stringify(verdict.differences.slice(0, 5))).toMatchObject({
      ...FAULTLESS,
      differing: accepted,
      differences: expect.anything(),
    })
    expect(verdict.equal).toBe(verdict.golden - verdict.leftOut - accepted)
  })
})
