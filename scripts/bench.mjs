/** `npm run bench`: the migration beside the official savers one by one, in one run, alternating; and its memory. Never a test. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { startPostgres, systemPostgres } from './services/postgres.mjs'
import { officialPython } from './services/python.mjs'
import { startRedis } from './services/redis.mjs'
import { run } from './services/run.mjs'

const ROOT = dirname(import.meta.dirname)
const BENCH = join(ROOT, 'bench')

/**
 * @typedef {object} Work
 * @property {string} name
 * @property {'a5' | 'f1'} layout
 * @property {number} threads
 * @property {number} checkpoints a thread
 * @property {number} bytes growth a checkpoint
 * @property {number} oneByOne checkpoints that the plain script copies; 0: it is left out
 * @property {number} rounds
 */

/** @type {Work[]} */
const WORK = [
  {
    name: 'documents, 2 kB growth',
    layout: 'a5',
    threads: 2000,
    checkpoints: 10,
    bytes: 2000,
    oneByOne: 2000,
    rounds: 3,
  },
  {
    name: 'pickles, 2 kB growth',
    layout: 'f1',
    threads: 2000,
    checkpoints: 10,
    bytes: 2000,
    oneByOne: 2000,
    rounds: 3,
  },
  {
    name: 'documents, 200,000 checkpoints',
    layout: 'a5',
    threads: 66_667,
    checkpoints: 3,
    bytes: 700,
    oneByOne: 0,
    rounds: 1,
  },
  {
    name: 'one thread of 100 MB',
    layout: 'a5',
    threads: 1,
    checkpoints: 50,
    bytes: 80_000,
    oneByOne: 0,
    rounds: 1,
  },
]

/** @param {string[]} args names of works to run; all without @returns {Promise<number>} exit code */
export async function main(args) {
  const python = await officialPython()
  const version = (await systemPostgres())[0] ?? 'embedded'
  const results = []
  for (const work of WORK.filter(
    ({ name }) => args.length === 0 || args.some((part) => name.includes(part)),
  )) {
    const [redis, postgres] = await Promise.all([
      startRedis(),
      startPostgres({
        version,
        settings: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', max_wal_size: '4GB' },
      }),
    ])
    try {
      const sizes = [work.threads, work.checkpoints, work.bytes].map(String)
      await run(python, [join(BENCH, 'generate.py'), work.layout, redis.url, ...sizes])
      results.push(await measure(work, python, redis.url, postgres.url, version))
    } finally {
      await Promise.all([redis.stop(), postgres.stop()])
    }
  }
  await save(results, version)
  return 0
}

/**
 * @param {Work} work @param {string} python @param {string} redisUrl @param {string} postgresUrl @param {string} version
 */
async function measure(work, python, redisUrl, postgresUrl, version) {
  const all = work.threads * work.checkpoints
  const ours = []
  const theirs = []
  let memoryMiB = 0
  for (let round = 0; round < work.rounds; round++) {
    if (work.oneByOne > 0) {
      const url = await emptyDatabase(postgresUrl, `plain_${round}`)
      const args = [join(BENCH, 'one-by-one.py'), work.layout, redisUrl, url, String(work.oneByOne)]
      const { checkpoints, seconds } = JSON.parse(await run(python, args))
      theirs.push(checkpoints / seconds)
    }
    const url = await emptyDatabase(postgresUrl, `ours_${round}`)
    const env = { ...process.env, REDIS_URL: redisUrl, CHECKPOINT_DB_URI: url }
    const compression = version === 'embedded' ? [] : ['--compression', 'lz4']
    await command(['init', ...compression], env)
    const { report, peakMiB } = await command(['migrate', '--json'], env)
    if (report.checkpoints.inserted !== all)
      throw new Error(`${report.checkpoints.inserted} of ${all} checkpoints`)
    ours.push(all / report.seconds)
    memoryMiB = Math.max(memoryMiB, peakMiB)
    process.stderr.write(
      `${work.name}, round ${round + 1}: ${Math.round(ours.at(-1) ?? 0)}/s, one by one ${Math.round(theirs.at(-1) ?? 0)}/s\n`,
    )
  }
  return {
    work: work.name,
    checkpoints: all,
    perSecond: median(ours),
    oneByOnePerSecond: theirs.length > 0 ? median(theirs) : null,
    memoryMiB,
  }
}

/** @param {string} url @param {string} name */
async function emptyDatabase(url, name) {
  const { default: pg } = await import('pg')
  const client = new pg.Client(url)
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  return url.replace(/\/[^/]*$/, `/${name}`)
}

/** Runs the built command; its report, and the most memory it had resident. @param {string[]} args @param {NodeJS.ProcessEnv} env */
async function command(args, env) {
  const measured = 'process.on("exit",()=>process.stderr.write("\\npeak "+process.resourceUsage().maxRSS))'
  const node = [
    '--import',
    `data:text/javascript,${encodeURIComponent(measured)}`,
    join(ROOT, 'bin', 'cp-migrate.js'),
  ]
  const child = spawn(process.execPath, [...node, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let said = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`cp-migrate ${args.join(' ')} ended with ${code}: ${said}`)
  const peakMiB = Number(/peak (\d+)$/.exec(said)?.[1] ?? 0) / 1024
  return { report: args.includes('--json') ? JSON.parse(out) : null, peakMiB }
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** @param {Awaited<ReturnType<typeof measure>>[]} results @param {string} version */
async function save(results, version) {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}, Postgres ${version === 'embedded' ? 18 : version}`
  const whole = (/** @type {number} */ value) => Math.round(value).toLocaleString('en-US')
  const rows = results.map(({ work, checkpoints, perSecond, oneByOnePerSecond, memoryMiB }) => {
    const plain =
      oneByOnePerSecond === null
        ? ['–', '–']
        : [whole(oneByOnePerSecond), `${(perSecond / oneByOnePerSecond).toFixed(1)}×`]
    return `| ${[work, whole(checkpoints), whole(perSecond), ...plain, `${whole(memoryMiB)} MiB`].join(' | ')} |`
  })
  const table = [
    `Measured on ${machine}; medians; the plain script copies a part of the same data through the official savers, in the same run.`,
    '',
    '| work | checkpoints | checkpoints/s | one by one/s | ratio | peak memory |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
  await mkdir(join(BENCH, 'results'), { recursive: true })
  await writeFile(join(BENCH, 'results', 'migrate.md'), table)
  await writeFile(
    join(BENCH, 'results', 'migrate.json'),
    `${JSON.stringify({ machine, results }, null, 2)}\n`,
  )
  process.stdout.write(await readFile(join(BENCH, 'results', 'migrate.md'), 'utf8'))
}
