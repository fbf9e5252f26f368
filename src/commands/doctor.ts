/** `cp-migrate doctor`: looks at both ends for what bites later, each with what mends it. */
import { describeEndpoint } from '../model/endpoint.js'
import { type ExitCode, Failure } from '../model/failure.js'
import type { SourceSample } from '../verbs/doctor/redis.js'
import type { EndLook } from '../verbs/doctor.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { formOf } from './form.js'
import { layouts, output, prefixes, source, target, timeouts, withOptions } from './options.js'
import { prefixesToRead } from './run-options.js'

export const doctor = {
  name: 'doctor',
  summary: 'looks at both ends for what bites later, and says what mends it; changes nothing',
  examples: [
    ['cp-migrate doctor', 'both ends, or Redis alone'],
    ['cp-migrate doctor --wait 60s', 'for a pipeline whose servers are just starting'],
    ['cp-migrate doctor --json', 'the same for a program'],
  ],
  declare: (command) => withOptions(command, source, target, layouts, prefixes, timeouts, output),
  run: runDoctor,
} as const satisfies CommandModule

async function runDoctor(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { Connections }, { doctorReport }, { renderDoctor }, { flagsAgain }] =
    await Promise.all([
      import('./config.js'),
      import('./connections.js'),
      import('../verbs/doctor.js'),
      import('../report/doctor-text.js'),
      import('./flags-again.js'),
    ])
  const config = readConfig(options, context)
  const { values } = config
  if (values.redis === undefined && values.postgres === undefined) throw new Failure('no-source')
  const startedAt = context.now()
  const connections = new Connections(config, context)
  try {
    const redis = values.redis === undefined ? null : await lookAtRedis(connections, config, context)
    const postgres =
      values.postgres === undefined ? null : await lookAtPostgres(connections, config, redis?.sample ?? null)
    const report = doctorReport({ source: redis, target: postgres }, { startedAt, now: context.now() })
    context.stdout.write(
      renderDoctor(report, {
        ...formOf(context),
        again: flagsAgain(config),
      }),
    )
    return report.exitCode
  } finally {
    await connections.close()
  }
}

async function lookAtRedis(
  connections: Connections,
  config: Config,
  { cwd }: Context,
): Promise<EndLook & { readonly sample: SourceSample | null }> {
  const { values, origins } = config
  const endpoint = values.redis!
  const note = { endpoint: describeEndpoint(endpoint), setBy: origins.redis }
  const [
    { sampleSource, checksOfRedis, refusedChecks, snapshotChecks },
    { examineRedis },
    { chosenLayouts },
  ] = await Promise.all([
    import('../verbs/doctor/redis.js'),
    import('../source/redis/examine.js'),
    import('./layouts.js'),
  ])
  const prefixes = prefixesToRead(config)
  const chosen = await chosenLayouts(config, cwd)
  try {
    const { source } = await connections.source()
    if (endpoint.engine !== 'redis') {
      const sample = await sampleSource(source, { layouts: chosen, prefixes, db: 0 })
      return { note, checks: snapshotChecks(sample), failures: [], sample }
    }
    const options = { connectTimeoutMs: values.connectTimeout }
    // Without a key to try, first: a user who may not list keys is told what lacks, not only of the first refusal.
    const allowed = await examineRedis(endpoint, options, null)
    if (allowed.denied.reading.length > 0) {
      return { note, checks: refusedChecks(allowed), failures: [], sample: null }
    }
    const sample = await sampleSource(source, { layouts: chosen, prefixes, db: endpoint.db })
    const key = sample.claimed[0]?.found.key ?? null
    const health = key === null ? allowed : await examineRedis(endpoint, options, key)
    const others = sample.claimed.length > 0 ? [] : await source.databasesWith(prefixes.checkpoint)
    return { note, checks: checksOfRedis(sample, health, { db: endpoint.db, others }), failures: [], sample }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { note, checks: [], failures: [error], sample: null }
  }
}

/** What only a verb that writes refuses; the rest can be looked at all the same. */
const STILL_READABLE: readonly string[] = ['transaction-pooler', 'postgres-standby', 'postgres-read-only']

async function lookAtPostgres(
  connections: Connections,
  config: Config,
  sample: SourceSample | null,
): Promise<EndLook> {
  const { values, origins } = config
  const note = { endpoint: describeEndpoint(values.postgres!), setBy: origins.postgres }
  const [{ examineTarget }, { flagsAgain }] = await Promise.all([
    import('../verbs/doctor.js'),
    import('./flags-again.js'),
  ])
  const failures: Failure[] = []
  try {
    const opened = await connections.target({ writes: true }).catch((error) => {
      if (!(error instanceof Failure) || !STILL_READABLE.includes(error.id)) throw error
      failures.push(error)
      return connections.target({ writes: false })
    })
    const { checks, refusal } = await examineTarget(opened.target, {
      schema: opened.note.schema,
      ledgerSchema: values.ledgerSchema,
      flags: flagsAgain(config).target,
      forecast: sample?.forecast ?? null,
      hasPython: sample?.hasPython ?? false,
    })
    if (refusal !== null) failures.push(new Failure<typeof refusal.id>(refusal.id, refusal.facts as never))
    return { note, checks, failures }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { note, checks: [], failures: [...failures, error] }
  }
}
