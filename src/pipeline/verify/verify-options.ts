/** What a verification is told to do, what it needs of the target, and whom it tells what it has found. */
import type { ValueForms } from '../../convert/compare/forms.js'
import type { Dialect } from '../../convert/converter.js'
import type { SqlSession } from '../../target/connection/session.js'
import type { Recover } from '../../target/rows/batch-sink.js'
import type { CopyOutSession } from '../../target/rows/read-rows.js'
import type { ThreadVerdict } from './verdicts.js'

/** What a comparison needs of the target. */
export interface VerifyTarget {
  /** A session of our own for streams. */
  open(): Promise<ReadingSession>
  use<T>(work: (session: SqlSession) => Promise<T>): Promise<T>
  readonly schema: string
  readonly dialect: Dialect
}

export interface ReadingSession extends CopyOutSession {
  /** Never throws. */
  close(): Promise<void>
}

export interface VerifyOptions {
  /** Bytes of source values asked for at once. */
  readonly readBytes: number
  /** Bytes of source values kept to recognise repeats. */
  readonly copiesBytes: number
  readonly showValues: boolean
  /** How values are compared; absent: as they are. */
  readonly forms?: ValueForms
  readonly signal: AbortSignal
  /** Waits where a server is away; throws what ends the verification. */
  readonly recover: Recover
}

export interface VerifyListener {
  readSource(bytes: number): void
  readTarget(bytes: number): void
  /** Threads whose comparison is complete. Where it fails they are compared again. */
  compared(verdicts: readonly ThreadVerdict[]): Promise<void>
  /** Whether differences are still to be told in detail. */
  readonly wantsDetails: boolean
}
