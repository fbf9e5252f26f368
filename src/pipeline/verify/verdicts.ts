/** What becomes of compared threads: their doubts are settled with the ledger, their differences told in detail, their states named. */
import { describe } from '../../convert/compare/describe.js'
import { type ComparedThread, type StoredPlace, stateOf } from '../../convert/compare/outcome.js'
import type { Dialect } from '../../convert/converter.js'
import type { Difference, Explained, ThreadState } from '../../model/verify-report.js'
import type { SqlSession } from '../../target/connection/session.js'
import { readOneValue } from '../../target/rows/read-one-value.js'
import type { LedgerThread, RecordedThreads } from '../recorded-threads.js'

/** What became of one thread. */
export interface ThreadVerdict {
  readonly threadId: string
  readonly state: ThreadState
  readonly explained: Readonly<Explained>
  readonly differences: readonly Difference[]
  readonly compared: ComparedThread['compared']
  /** Something of it stands in Postgres. */
  readonly hasRows: boolean
  readonly recorded: LedgerThread | undefined
}

/** A compared thread, with what the ledger knows of it. */
export interface ComparedWith {
  readonly compared: ComparedThread
  readonly recorded: LedgerThread | undefined
}

interface Rows {
  use<T>(work: (session: SqlSession) => Promise<T>): Promise<T>
  readonly schema: string
  readonly dialect: Dialect
}

interface Telling {
  /** Says of each difference what stands in Postgres. */
  readonly wantsDetails: boolean
  readonly showValues: boolean
}

/** Threads of which there is nothing on either side are left out. */
export async function verdictsOf(
  done: readonly ComparedWith[],
  rows: Rows,
  ledger: RecordedThreads | null,
  telling: Telling,
): Promise<ThreadVerdict[]> {
  const asRecorded = await ledger?.stillAsRecorded(
    done.flatMap(({ recorded, compared }) =>
      recorded === undefined ? [] : [{ recorded, doubtful: compared.doubtful }],
    ),
  )
  const verdicts: ThreadVerdict[] = []
  for (const { recorded, compared: thread } of done) {
    const { threadId, compared, hasRows, places } = thread
    if (isNothing(thread) && recorded === undefined) continue
    const explained = { ...thread.explained }
    const differences = [...thread.differences]
    for (const doubt of thread.doubtful) {
      // The app adds writes to the newest checkpoint as soon as it goes on from there.
      const isLeftBehind = explained.ahead > 0 && recorded?.isNewest(doubt)
      if (asRecorded?.has(doubt)) explained.expired++
      else if (isLeftBehind) explained.ahead++
      else differences.push(...doubt.differences)
    }
    const state = stateOf({ explained, hasRows }, differences)
    const told = telling.wantsDetails ? await detailed(differences, places, rows, telling) : differences
    verdicts.push({ threadId, state, explained, differences: told, compared, hasRows, recorded })
  }
  return verdicts
}

async function detailed(
  differences: readonly Difference[],
  places: ReadonlyMap<Difference, StoredPlace>,
  rows: Rows,
  { showValues }: Telling,
): Promise<Difference[]> {
  const told: Difference[] = []
  for (const difference of differences) {
    const place = places.get(difference)
    const { threadId, checkpointNs = '', checkpointId = '' } = difference
    const where = place && { threadId, checkpointNs, checkpointId, ...place }
    const value = where && (await rows.use((session) => readOneValue(session, rows, where)))
    told.push(value === undefined ? difference : { ...difference, target: describe(value, showValues) })
  }
  return told
}

/** Keys that looked like a thread and hold nothing of one, and Postgres has nothing either. */
const isNothing = ({ explained, compared, differences, hasRows }: ComparedThread): boolean =>
  !hasRows &&
  differences.length === 0 &&
  compared.checkpoints + compared.writes === 0 &&
  Object.values(explained).every((count) => count === 0)
