/** What statements need of a connection: Postgres over the wire and Postgres in the process both have it. */

export interface SqlSession {
  /**
   * Runs one statement, or several when there are no parameters. bigint columns come as bigint; json, jsonb, numeric, dates and
   * times as their text; bytea as Buffer. Throws the driver's own error, whose SQLSTATE `errors.ts` reads.
   */
  query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<{ readonly rows: Row[] }>
}

/** A name as SQL takes it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** `"schema"."table"` */
export const qualified = (schema: string, name: string): string => `${quoted(schema)}.${quoted(name)}`

/** Runs `work` in one READ COMMITTED transaction, whatever the role's default is; rolled back when it throws. */
export async function inTransaction<T>(session: SqlSession, work: () => Promise<T>): Promise<T> {
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  try {
    const result = await work()
    await session.query('COMMIT')
    return result
  } catch (error) {
    // A lost connection has rolled back by itself; the first error is the one that tells.
    await session.query('ROLLBACK').catch(() => {})
    throw error
  }
}
