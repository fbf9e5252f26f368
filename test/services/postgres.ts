/** Databases and servers of Postgres for one test file. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { type PostgresOptions, type PostgresServer, startPostgres } from '../../scripts/services/postgres.mjs'
import { atEndOfFile } from './each-file.js'

export { systemPostgres } from '../../scripts/services/postgres.mjs'

/** URL of the run's shared server, database `postgres`; `version` as in `PostgresOptions`. */
export async function sharedPostgres(version = 'embedded'): Promise<string> {
  const response = await fetch(`${inject('sharedServers')}/postgres/${version}`)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}

/** An empty database of its own on the shared server, dropped after the file. Gives its URL. */
export async function freshDatabase(version = 'embedded'): Promise<string> {
  const server = await sharedPostgres(version)
  const name = `test_${randomBytes(6).toString('hex')}`
  await sql(server, `CREATE DATABASE ${name}`)
  atEndOfFile(async () => {
    await sql(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
  })
  return databaseUrl(server, name)
}

/** A server of its own, for a test that stops, fills or reconfigures it; ended after the file. */
export async function ownPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const server = await startPostgres(options)
  atEndOfFile(server.stop)
  return server
}

/** The same server and user, another database. */
export function databaseUrl(url: string, database: string): string {
  return Object.assign(new URL(url), { pathname: `/${database}` }).href
}

/** One statement on a connection of its own; the rows. */
export async function sql<Row = Record<string, unknown>>(
  url: string,
  statement: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(statement, values)
    return rows
  } finally {
    await client.end()
  }
}
