/** Who holds the lease of a target, or held it last: what people are told who want it too. */
import { qualified, type SqlSession } from '../connection/session.js'

export interface Holder {
  readonly verb: string
  readonly pid: number
  readonly host: string
  /** ISO 8601. */
  readonly since: string
  /** When it last said that it is alive; null where it has not yet. */
  readonly lastBeat: string | null
}

/** Undefined where nobody ever held it. */
export async function readHolder(
  session: SqlSession,
  { schema, ledgerSchema }: { readonly schema: string; readonly ledgerSchema: string },
): Promise<Holder | undefined> {
  const { rows } = await session.query<Holder>(
    `SELECT verb, pid, host, ${iso('since')} AS since, ${iso('beat_at')} AS "lastBeat"
     FROM ${qualified(ledgerSchema, 'lease')}
     LEFT JOIN ${qualified(ledgerSchema, 'heartbeats')} USING (target_schema, token) WHERE target_schema = $1`,
    [schema],
  )
  return rows[0]
}

const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`

export const holderText = ({ verb, pid, host, since }: Holder): string =>
  `cp-migrate ${verb}, process ${pid} on ${host}, since ${since}`
