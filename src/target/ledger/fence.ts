/** The question that stands first in every transaction which writes to the ledger: is the token still ours? */
import { Failure } from '../../model/failure.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { holderText, readHolder } from './holder.js'

/** Plain values: a thread of the process that has no lease of its own passes the same fence. */
export interface FencePlace {
  /** The target's, and the one of the ledger. */
  readonly schema: string
  readonly ledgerSchema: string
  /** As people are shown the server. */
  readonly endpoint: string
  readonly token: bigint
}

export class Fence {
  readonly #place: FencePlace

  constructor(place: FencePlace) {
    this.#place = place
  }

  get token(): bigint {
    return this.#place.token
  }

  /**
   * Before anything else: fails with `lease-lost` once another run has taken over, and keeps one from taking over until this
   * transaction ends. Gives the transaction's id, for `transactionOutcome`.
   */
  async pass(session: SqlSession): Promise<string> {
    const { schema, ledgerSchema, token } = this.#place
    const { rows } = await session.query<{ token: bigint; xid: string }>(
      `SELECT token, pg_current_xact_id()::text AS xid FROM ${qualified(ledgerSchema, 'lease')}
       WHERE target_schema = $1 FOR SHARE`,
      [schema],
    )
    const [row] = rows
    if (row?.token !== token) throw await this.lost(session)
    return row.xid
  }

  /** To be thrown: who has it now. */
  async lost(session: SqlSession): Promise<Failure> {
    const { schema, endpoint } = this.#place
    const holder = await readHolder(session, this.#place).catch(() => undefined)
    return new Failure('lease-lost', {
      endpoint,
      schema,
      holder: holder === undefined ? 'another cp-migrate' : holderText(holder),
    })
  }
}
