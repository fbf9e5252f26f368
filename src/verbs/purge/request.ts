/** What a purge is asked to do, and with what. */
import type { Layout, Prefixes } from '../../layouts/layout.js'
import type { StorePrefixes } from '../../layouts/store/keys.js'
import type { OnEvent } from '../../model/events.js'
import type { EndpointNote } from '../../model/report.js'
import type { ThreadScope } from '../../model/scope.js'
import type { Purger } from '../../source/purge.js'
import type { Source } from '../../source/source.js'
import type { Postgres } from '../../target/connection/connect.js'
import type { Lease } from '../../target/ledger/lease.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import type { PurgeArchive } from './archive.js'
import type { PurgeRules } from './rules.js'

export interface PurgeRequest extends PurgeRules {
  readonly source: Source
  readonly purger: Purger
  readonly postgres: Postgres
  readonly scope: LedgerScope
  readonly from: EndpointNote
  readonly to: EndpointNote
  /** Null: a plan, which changes nothing and needs no lock. */
  readonly lease: Lease | null
  readonly prefixes: Prefixes
  /** Newest first. */
  readonly layouts: readonly Layout[]
  readonly threads: ThreadScope
  /** Null: the store is left out. */
  readonly store: { readonly prefixes: StorePrefixes; readonly flags: string } | null
  readonly maxKeys: number | null
  /** Threads with a larger value, or one whose size nothing tells, stay; null: of any size. */
  readonly maxValueBytes: number | null
  /** Keys a second; null: as fast as it goes. */
  readonly keysPerSecond: number | null
  readonly strict: boolean
  /** A plan writes none. */
  readonly archive: PurgeArchive | null
  /** Its path, for the report. */
  readonly archivePath: string | null
  /** Bytes for the list of keys. */
  readonly memoryBytes: number
  /** Waits for the server that went away; gives up by throwing. */
  readonly recover: (error: unknown, attempt: number) => Promise<void>
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}
