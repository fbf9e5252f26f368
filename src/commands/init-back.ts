/** `cp-migrate init --to redis:…`: the search indexes of the official saver, and the ledger where `--from` names its Postgres. */
import { describeEndpoint } from '../model/endpoint.js'
import { Failure } from '../model/failure.js'
import type { InitReport } from '../model/init-report.js'
import { REPORT_SCHEMA_VERSION } from '../model/report.js'
import { makeIndex, missingIndexes } from '../target/redis/indexes.js'
import { init } from '../verbs/init.js'
import type { Context } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { writableRedis } from './purger.js'
import { prefixesOf, redisWriter } from './way-back.js'

const JS_NOTE = 'the JavaScript saver makes its search indexes by itself, whenever it reads or writes'

export async function initBack(
  {
    config,
    context,
    connections,
  }: { readonly config: Config; readonly context: Context; readonly connections: Connections },
  { dialect, planOnly }: { readonly dialect: 'python' | 'js'; readonly planOnly: boolean },
): Promise<InitReport> {
  const endpoint = describeEndpoint(writableRedis(config, 'init'))
  const prefixes = prefixesOf(config)
  const { source } = await connections.source()
  const names = (await source.info()).modules.map(({ name }) => name.toLowerCase())
  if (!names.some((name) => name.startsWith('search')))
    throw new Failure('redis-lacks-modules', { endpoint, lacking: 'RediSearch' })
  const writer = connections.closeLater(redisWriter(config, { command: 'init' }))
  const missing = dialect === 'js' ? [] : await missingIndexes(writer, prefixes)
  const notes = missing.map(({ name }) => ({ what: `search index ${name}`, why: 'missing' }))
  if (!planOnly) {
    for (const index of missing) {
      context.onEvent({ kind: 'step', step: `making search index ${index.name}` })
      await makeIndex(writer, index)
    }
  }
  const tables =
    config.origins.postgres === '--from'
      ? await ledger(config, context, connections, { dialect, planOnly })
      : null
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    command: 'init',
    endpoint,
    schema: tables?.schema ?? '',
    ledgerSchema: config.values.ledgerSchema,
    dialect,
    found: tables?.found ?? { saver: 'none', step: null, ledgerStep: null, checkpointsEstimate: null },
    made: [...(planOnly ? [] : notes), ...(tables?.made ?? [])],
    missing: [...(planOnly ? notes : []), ...(tables?.missing ?? [])],
    notes: [...(dialect === 'js' ? [JS_NOTE] : []), ...(tables?.notes ?? [])],
    script: tables?.script ?? '',
  }
}

async function ledger(
  { values }: Config,
  context: Context,
  connections: Connections,
  wanted: { readonly dialect: 'python' | 'js'; readonly planOnly: boolean },
): Promise<InitReport> {
  const makes = !wanted.planOnly
  const { target: postgres, note } = await connections.target({ writes: makes, makes })
  const { ledgerSchema } = values
  return init(postgres, { ...wanted, ledgerSchema, schema: note.schema, deferIndexes: false }, context)
}
