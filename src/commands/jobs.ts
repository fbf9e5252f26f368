/** `--jobs`: a migration on several processors. Starts the jobs, and is what each of them runs. */
import { Failure, failureOf } from '../model/failure.js'
import type { Job } from '../pipeline/jobs/job.js'
import type { Jobs } from '../pipeline/jobs/jobs.js'
import type { JobBegin } from '../verbs/migrate/job.js'
import type { Context, JobSettings, Options } from './command.js'
import type { Config } from './config.js'

/** Null: the threads are moved one after the other. Throws where an end cannot be shared. */
export async function startJobs(config: Config, options: Options, context: Context): Promise<Jobs | null> {
  const { jobs: count, redis, postgres } = config.values
  if (count === 1 || options.dryRun === true) return null
  const alone = [redis, postgres].find((end) => end !== undefined && !SHARED.has(end.engine))
  if (alone !== undefined || config.direction === 'back' || context.startJob === undefined) {
    const problem = '--jobs is for moving from a Redis server to a Postgres server'
    throw new Failure('bad-pair', { problem })
  }
  const { env, cwd, dotEnv } = context
  const settings: JobSettings = { env, cwd, options, count, ...(dotEnv === undefined ? {} : { dotEnv }) }
  const { startJob } = context
  const { Jobs } = await import('../pipeline/jobs/jobs.js')
  return new Jobs(Array.from({ length: count }, () => startJob(settings)))
}

const SHARED: ReadonlySet<string> = new Set(['redis', 'postgres'])

/** One job, from its start to its last word. Never throws: what stops it is told to the run. */
export async function runJob(job: Job, settings: JobSettings): Promise<void> {
  const [{ readConfig }, { Connections }, { chosenLayouts }, { moveAsJob }] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
    import('./layouts.js'),
    import('../verbs/migrate/job.js'),
  ])
  const { signal, onEvent } = job
  const world = { ...settings, keepSecret() {} }
  try {
    const config = sharedBy(settings.count, readConfig(settings.options, world))
    const connections = new Connections(config, { signal, onEvent, now: Date.now })
    try {
      const [{ source }, { target: postgres }, layouts] = await Promise.all([
        connections.source({ paced: true }),
        connections.target({ writes: true }),
        chosenLayouts(config, settings.cwd),
      ])
      const begin = (await job.begun) as JobBegin
      await moveAsJob(job, { source, postgres, layouts, now: Date.now, random: Math.random }, begin)
    } finally {
      await connections.close()
    }
  } catch (error) {
    job.end({ changed: [], strays: [] }, 0, failureOf(error))
  }
}

/** A rate is one of all jobs together. */
function sharedBy(count: number, config: Config): Config {
  const { rate } = config.values
  if (rate === undefined) return config
  const part =
    'keysPerSecond' in rate
      ? { keysPerSecond: rate.keysPerSecond / count }
      : { bytesPerSecond: rate.bytesPerSecond / count }
  return { ...config, values: { ...config.values, rate: part } }
}
