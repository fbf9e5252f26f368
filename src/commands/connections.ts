/** Opens the two ends that the settings name, and closes what was opened, last first. */
import { describeEndpoint, sourceNameOf } from '../model/endpoint.js'
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import type { Config } from './config.js'

export class Connections {
  readonly #config: Config
  readonly #opened: { close(): Promise<void> }[] = []

  constructor(config: Config) {
    this.#config = config
  }

  /** Connected and asked who it is. Throws `no-source` where no setting names one. */
  async source(): Promise<{
    readonly source: Source
    readonly note: EndpointNote
    /** What the ledger calls it. */
    readonly name: string
  }> {
    const { values, origins } = this.#config
    if (values.redis === undefined) throw new Failure('no-source')
    // Each driver is loaded only by the commands that use it.
    const { RedisSource } = await import('../source/redis/redis.js')
    const source = new RedisSource(values.redis, { connectTimeoutMs: values.connectTimeout })
    this.#opened.push(source)
    const { kind, version } = await source.info()
    const server = `${kind === 'valkey' ? 'Valkey' : 'Redis'} ${version}`
    const note = { endpoint: describeEndpoint(values.redis), setBy: origins.redis, server }
    return { source, note, name: values.sourceName ?? sourceNameOf(values.redis) }
  }

  /** Connected and checked. Throws `no-target` where no setting names one. */
  async target({
    writes,
  }: {
    readonly writes: boolean
  }): Promise<{ readonly target: Postgres; readonly note: EndpointNote & { readonly schema: string } }> {
    const { values, origins } = this.#config
    if (values.postgres === undefined) throw new Failure('no-target')
    const { openPostgres } = await import('../target/connection/connect.js')
    const target = await openPostgres(values.postgres, {
      writes,
      ...(origins.connectTimeout === 'default' ? {} : { connectTimeoutMs: values.connectTimeout }),
      ...(values.statementTimeout === undefined ? {} : { statementTimeoutMs: values.statementTimeout }),
    })
    this.#opened.push(target)
    const schema = values.schema ?? target.server.schema
    return { target, note: { endpoint: target.name, setBy: origins.postgres, schema } }
  }

  /** Closes everything, whatever fails on the way: the error that ended the run must not be hidden by one of these. */
  async close(): Promise<void> {
    for (const end of this.#opened.splice(0).reverse()) await end.close().catch(() => {})
  }
}
