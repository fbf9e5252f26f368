/** All savers in one database: told apart key by key, and each comes out as it does alone. */
import { describe, expect, test } from 'vitest'
import { type Case, fixture, fixtures, fullCorpora, linesOf } from '../corpus/cases.js'
import { loadPrefixed, loadTogether, takeOut } from '../corpus/mixed.js'
import { acceptedIn } from '../judge/accepted.js'
import { judgeJs } from '../judge/javascript.js'
import { FAULTLESS, judgeCases } from '../judge/judge.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const FAMILIES = ['python', 'pickle', 'plain', 'js'] as const
const RUNS = ['--dialect python --schema a', '--dialect js --schema b'] as const

interface Mixed {
  readonly postgresUrl: string
  readonly env: Record<string, string>
}

async function migratedBoth(
  load: (redisUrl: string) => Promise<unknown>,
  more: readonly string[],
): Promise<Mixed> {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await load(redisUrl)
  const env = ends(redisUrl, postgresUrl)
  for (const run of RUNS) {
    const flags = run.split(' ')
    expect(await commandLine(['init', ...flags], env)).toMatchObject({ exit: 0 })
    const { exit, err } = await commandLine(['migrate', ...flags, ...more], env)
    expect(exit, err).toBe(3)
  }
  return { postgresUrl, env }
}

/** Prefixes of one case beside the usual ones. */
const flagsOf = (cases: readonly Case[]): string[] => [
  ...['--checkpoint-prefix', 'checkpoint', '--checkpoint-write-prefix', 'checkpoint_write'],
  ...cases.flatMap(({ flags }) => flags),
]

const selections = [
  { size: 'selection', isWhole: false, all: FAMILIES.flatMap((family) => fixtures(family)) },
  { size: 'whole', isWhole: true, all: FAMILIES.flatMap((family) => fullCorpora(family)) },
].filter(({ all }) => all.length > 0)

describe.each(selections)('every saver in one Redis ($size)', ({ all, isWhole }) => {
  test('gives each of them what it gives alone, in two runs', { timeout: 300_000 }, async () => {
    const { postgresUrl } = await migratedBoth((url) => loadPrefixed(all, url), flagsOf(all))
    const [python, js] = [
      all.filter(({ family }) => family !== 'js'),
      all.filter(({ family }) => family === 'js'),
    ]
    const schemas = await Promise.all(python.map((one) => takeOut(one, postgresUrl, 'a')))
    const cases = python.map((judged, at) => ({ judged, schema: schemas[at]! }))
    const verdicts = await judgeCases(cases, postgresUrl)
    for (const [at, { judged }] of cases.entries()) {
      const verdict = verdicts[at]!
      const accepted = acceptedIn(judged, isWhole)
      expect
        .soft(verdict, `${judged.name}: ${JSON.stringify(verdict.differences.slice(0, 5))}`)
        .toMatchObject({
          ...FAULTLESS,
          differing: accepted,
          differences: expect.anything(),
        })
      expect.soft(verdict.equal, judged.name).toBe(verdict.golden - verdict.leftOut - accepted)
    }
    for (const one of js) {
      const verdict = await judgeJs(one, postgresUrl, await takeOut(one, postgresUrl, 'b'))
      expect
        .soft(verdict, one.name)
        .toMatchObject({ equal: verdict.checkpoints, missing: 0, extra: 0, differences: [] })
    }
  })
})

interface Ids {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
}
const nameOf = ({ thread_id, checkpoint_ns, checkpoint_id }: Ids): string =>
  JSON.stringify([thread_id, checkpoint_ns, checkpoint_id])

describe('savers that share thread ids and keys', () => {
  test('keep every checkpoint in its own thread; nothing is invented, lost or differs in a value', async () => {
    const all = selections[0]!.all
    const { postgresUrl, env } = await migratedBoth((url) => loadTogether(all, url), flagsOf(all))
    const rows = async (schema: string) =>
      sql<Ids>(postgresUrl, `SELECT thread_id, checkpoint_ns, checkpoint_id FROM ${schema}.checkpoints`)
    const found = new Set([...(await rows('a')), ...(await rows('b'))].map(nameOf))
    const known = new Set(
      all
        .flatMap((one) => [...linesOf<Ids>(one, 'expected.jsonl'), ...linesOf<Ids>(one, 'refused.jsonl')])
        .map(nameOf),
    )
    expect([...found].filter((name) => !known.has(name))).toEqual([])
    const sync = fixture('python/0.5.2-shallow-sync')
    const synchronous = new Set(
      linesOf<Ids>(sync, 'expected.jsonl').map(({ thread_id, checkpoint_ns }) =>
        JSON.stringify([thread_id, checkpoint_ns]),
      ),
    )
    // A shallow saver has one key a namespace: what the sync one holds was written over what the async one held.
    const isWrittenOver = ({ name }: Case, { thread_id, checkpoint_ns }: Ids) =>
      name === 'python/0.5.2-shallow-async' && synchronous.has(JSON.stringify([thread_id, checkpoint_ns]))
    const surviving = all.flatMap((one) =>
      linesOf<Ids>(one, 'expected.jsonl').filter((ids) => !isWrittenOver(one, ids)),
    )
    const refused = new Set(all.flatMap((one) => linesOf<Ids>(one, 'refused.jsonl')).map(nameOf))
    expect(surviving.map(nameOf).filter((name) => !refused.has(name) && !found.has(name))).toEqual([])
    for (const run of RUNS) {
      const { exit, out } = await commandLine(['verify', '--json', ...run.split(' '), ...flagsOf(all)], env)
      const { threads } = JSON.parse(out)
      expect(exit, out).toBe(0)
      expect(threads).toMatchObject({ differs: 0, behind: 0, onlyInTarget: 0 })
      expect(threads.equal).toBeGreaterThan(20)
    }
  })
})
