/** `cp-migrate demo`: the whole way on a sample, without any server: a snapshot in, a database in a folder out. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import type { CommandModule, Context, Options } from './command.js'
import { doctor } from './doctor.js'
import { init } from './init.js'
import { migrate } from './migrate.js'
import { rollback } from './rollback.js'
import { verify } from './verify.js'

/** A conversation of the sample that waits for a human. */
const THREAD = 'refund-1042'
/** Of a dry run, a migration and a verification of the sample: one payload of it cannot be moved, on purpose. */
const EXPECTED: readonly ExitCode[] = [EXIT.ok, EXIT.rejects]

export const demo = {
  name: 'demo',
  summary: 'shows the whole way on a sample, without any server, in less than a minute',
  examples: [
    ['cp-migrate demo', 'the whole way on a sample'],
    ['cp-migrate demo --keep ./shop', 'keeps the database, to look around in it'],
  ],
  declare: (command: Command) =>
    command
      .option('--keep <folder>', 'make the database there, and leave it')
      .option('--no-color', 'no colours'),
  run: runDemo,
} as const satisfies CommandModule

async function runDemo(options: Options, context: Context): Promise<ExitCode> {
  const [
    { demoEnd, demoOpening, DEMO_STEPS, LAST_STEP, readBackText, stepText },
    { styleOf },
    { packageRoot },
  ] = await Promise.all([
    import('../report/demo-text.js'),
    import('../report/style.js'),
    import('../target/init/migrations.js'),
  ])
  const look = { columns: context.columns, style: styleOf(context.output.color && context.isTty) }
  const kept = options.keep === undefined ? null : resolve(context.cwd, String(options.keep))
  const temporary = await mkdtemp(join(tmpdir(), 'cp-migrate-demo-'))
  const snapshot = join(temporary, 'shop.rdb')
  const ends = { redis: `file:${snapshot}`, postgres: `pglite:${kept ?? join(temporary, 'postgres')}` }
  const world: Context = { ...context, env: {}, dotEnv: false }
  const say = (text: string): void => context.stdout.write(text)
  try {
    const packed = await readFile(join(await packageRoot(), 'fixtures', 'demo', 'shop.rdb.gz'))
    await writeFile(snapshot, gunzipSync(packed))
    say(demoOpening(context.columns))
    let at = 1
    for (const step of DEMO_STEPS) {
      say(stepText(step, at++, look))
      await runStep(step.words, ends, world)
    }
    say(readBackText(await conversation(ends, world), at++, look))
    say(stepText(LAST_STEP, at, look))
    await runStep(LAST_STEP.words, ends, world)
    say(demoEnd(kept, look))
    return EXIT.ok
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

interface Ends {
  readonly redis: string
  readonly postgres: string
}

/** As a user would type it, with the two ends in place. Throws where it ends otherwise than the sample should. */
async function runStep([name, ...flags]: readonly string[], ends: Ends, world: Context): Promise<void> {
  const module = MODULES[name!]!
  const { redis, postgres } = ends
  const needsSource = name !== 'init' && name !== 'rollback'
  const options = {
    ...(needsSource ? { redis } : {}),
    postgres,
    ...(name === 'init' ? { dialect: 'python' } : {}),
    ...(flags.includes('--dry-run') ? { dryRun: true } : {}),
  }
  const exit = await module.run(options, world, [])
  if (!EXPECTED.includes(exit)) throw new Failure('unexpected', { message: `${name} ended with ${exit}` })
}

/** Declared before they are run: what they need is loaded when their turn comes. */
const MODULES: Readonly<Record<string, CommandModule>> = { doctor, init, migrate, verify, rollback }

async function conversation({ postgres }: Ends, world: Context) {
  const [{ readConfig }, { Connections }, { readBack }] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
    import('../verbs/read-back.js'),
  ])
  const connections = new Connections(readConfig({ postgres }, world), world)
  try {
    const { target, note } = await connections.target({ writes: false })
    const found = await readBack(target, { schema: note.schema, threadId: THREAD })
    if (found === null) throw new Failure('unexpected', { message: `the thread ${THREAD} did not arrive` })
    return found
  } finally {
    await connections.close()
  }
}
