/** For commands that look at one of the two ends: which one is meant, and it opened. */
import type { Command } from 'commander'
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import type { PostgresEnd, RedisEnd } from '../verbs/one-end.js'
import type { Context, Options } from './command.js'
import type { Config } from './config.js'
import { prefixesToRead } from './run-options.js'

export const whichEnd = (command: Command): Command =>
  command.addOption(
    command
      .createOption('--in <end>', 'redis or postgres, where both are named (redis)')
      .choices(['redis', 'postgres']),
  )

/** The part of the memory that keys on their way may take. */
const KEYS_SHARE = 1 / 3

type OpenEnds = InstanceType<typeof import('./connections.js').Connections>

/** Throws `no-source` and `no-target`. */
export async function openEnd(
  config: Config,
  options: Options,
  { connections, context }: { readonly connections: OpenEnds; readonly context: Context },
): Promise<{ readonly end: RedisEnd | PostgresEnd; readonly note: EndpointNote }> {
  const { values } = config
  if (engineOf(config, options) === 'postgres') {
    const { target: postgres, note } = await connections.target({ writes: false })
    const { ledgerSchema } = values
    return { end: { engine: 'postgres', postgres, schema: note.schema, ledgerSchema }, note }
  }
  const { chosenLayouts } = await import('./layouts.js')
  const layouts = await chosenLayouts(config, context.cwd)
  const { source, note } = await connections.source()
  const prefixes = prefixesToRead(config)
  return { end: { engine: 'redis', source, prefixes, layouts, maxBytes: values.memory * KEYS_SHARE }, note }
}

/** A flag is meant for this command, a variable perhaps for others. */
function engineOf({ values, origins }: Config, options: Options): 'redis' | 'postgres' {
  if (options.in === 'redis' || options.in === 'postgres') return options.in
  const isRedisGiven = origins.redis.startsWith('--')
  const isPostgresGiven = origins.postgres.startsWith('--')
  if (isRedisGiven !== isPostgresGiven) return isRedisGiven ? 'redis' : 'postgres'
  if (values.redis === undefined && values.postgres === undefined) throw new Failure('no-source')
  return values.redis === undefined ? 'postgres' : 'redis'
}
