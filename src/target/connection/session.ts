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

/**
 * What became of a transaction whose COMMIT was never answered; `unknown` where the server has forgotten it, or was set back to a state
 * before it.
 */
export async function transactionOutcome(
  session: SqlSession,
  xid: string,
): Promise<'committed' | 'aborted' | 'in progress' | 'unknown'> {
  try {
    const { rows } = await session.query<{ status: 'committed' | 'aborted' | 'in progress' | null }>(
      'SELECT pg_xact_status($1::xid8) AS status',
      [xid],
    )
    return rows[0]?.status ?? 'unknown'
  } catch (error) {
    // A transaction "in the future": the server that answers now never had it.
    if ((error as { code?: unknown }).code === '22023') return 'unknown'
    throw error
  }
}
