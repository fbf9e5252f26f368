/** What the ledger's rows mean: runs, and threads with their packed keys and digests taken apart and put together over all runs. */
import type { Completeness } from '../../model/run.js'
import { addDigests, keyText, type RecordedKeys, type RowDigests, unpackDigests, unpackKeys } from './pack.js'

/** Which part of which ledger: threads of another source or of another target schema are none of ours. */
export interface LedgerScope {
  readonly ledgerSchema: string
  /** Host, port and database as typed, or `--source-name`. */
  readonly sourceName: string
  readonly targetSchema: string
}

export type RunState = 'running' | 'done' | 'stopped' | 'failed' | 'rolled_back' | 'forgotten'

export interface RunRow {
  readonly id: number
  readonly state: RunState
  /** ISO 8601, as all times here. */
  readonly startedAt: string
  readonly finishedAt: string | null
  /** How often it was resumed. */
  readonly resumed: number
  readonly token: bigint
  readonly toolVersion: string
  readonly sourceName: string
  readonly sourceUrl: string
  readonly targetSchema: string
  /** Null: its keys were not listed. */
  readonly dialect: 'python' | 'js' | null
  readonly options: Readonly<Record<string, unknown>>
  /** The failure that ended it. */
  readonly lastError: { readonly id: string; readonly what: string } | null
  readonly rolledBackAt: string | null
}

export type Progress = 'migrated' | 'differs' | 'verified' | 'purging' | 'purged' | 'rolled_back'

/** A row of `threads`: what one run did to one thread. */
export interface RunThread {
  readonly runId: number
  readonly threadId: string
  readonly layouts: readonly string[]
  readonly completeness: Completeness
  readonly progress: Progress
  /** True: the rows of this run are listed in `inserted` and `replaced`; false: all rows of the thread are its own. */
  readonly hadRowsBefore: boolean
  /** Rows inserted, by table, and rows rewritten. */
  readonly checkpoints: number
  readonly blobs: number
  readonly writes: number
  readonly rewritten: number
  readonly sourceBytes: number
  readonly targetBytes: number
  /** Only what was new or changed for this run. */
  readonly keys: RecordedKeys
  readonly rowDigests: RowDigests
  readonly blobDigest: bigint
  readonly latestExpiry: string | null
  readonly latestAt: string | null
  /** namespace → newest checkpoint id. */
  readonly newest: ReadonlyMap<string, string>
  /** namespace → channels whose versions were renumbered. */
  readonly renumbered: ReadonlyMap<string, ReadonlySet<string>>
  readonly bounds: Readonly<Record<string, unknown>> | null
  readonly migratedAt: string
  readonly changedAt: string
  readonly verifiedAt: string | null
  readonly verificationId: number | null
  readonly purgedAt: string | null
}

/** A thread as all runs together left it: the newest one's word, with keys and digests of all, the newer ones' over the older ones'. */
export interface CurrentThread extends RunThread {
  /** Oldest first; `runId` is the last of them. */
  readonly runIds: readonly number[]
  /** Verified by a verification that ended: trusted whatever became of its run. */
  readonly isVerified: boolean
}

/** A row of `threads` as it is stored. */
export interface ThreadRow
  extends Omit<RunThread, 'keys' | 'rowDigests' | 'newest' | 'renumbered' | 'bounds'> {
  readonly keys: Buffer | null
  readonly rowDigests: Buffer | null
  readonly newest: string
  readonly renumbered: string | null
  readonly bounds: string | null
  readonly verificationEnded: boolean
}

/** What one run did to one thread. */
export function runThread(row: ThreadRow): RunThread {
  const lists = new PackedLists([row])
  return {
    ...wordOf(row),
    get keys() {
      return lists.keys
    },
    get rowDigests() {
      return lists.rowDigests
    },
  }
}

/** Keys and digests of a thread's runs, oldest first: unpacked when they are asked for, as a verification does where something differs. */
class PackedLists {
  private unpackedKeys: RecordedKeys | undefined
  private unpackedDigests: RowDigests | undefined

  constructor(private readonly runs: readonly Pick<ThreadRow, Packed>[]) {}

  get keys(): RecordedKeys {
    this.unpackedKeys ??= new Map(
      this.runs.flatMap(({ keys }) =>
        keys === null ? [] : Array.from(unpackKeys(keys), (key) => [keyText(key.key), key] as const),
      ),
    )
    return this.unpackedKeys
  }

  get rowDigests(): RowDigests {
    this.unpackedDigests ??= new Map(
      this.runs.flatMap(({ rowDigests }) => (rowDigests === null ? [] : [...unpackDigests(rowDigests)])),
    )
    return this.unpackedDigests
  }
}

type Packed = 'keys' | 'rowDigests'
type Word = Omit<RunThread, Packed>

function wordOf({ verificationEnded: _, keys: __, rowDigests: ___, ...row }: ThreadRow): Word {
  return {
    ...row,
    sourceBytes: Number(row.sourceBytes),
    targetBytes: Number(row.targetBytes),
    newest: new Map(Object.entries(parsed<Record<string, string>>(row.newest) ?? {})),
    renumbered: channelsOf(parsed(row.renumbered)),
    bounds: parsed(row.bounds),
  }
}

/** Threads as all their runs left them; rows of one thread follow each other, oldest run first. */
export function currentOf(rows: readonly ThreadRow[]): CurrentThread[] {
  const threads: CurrentThread[] = []
  for (let at = 0; at < rows.length; ) {
    let end = at + 1
    while (end < rows.length && rows[end]!.threadId === rows[at]!.threadId) end++
    threads.push(united(rows.slice(at, end)))
    at = end
  }
  return threads
}

function united(rows: readonly ThreadRow[]): CurrentThread {
  const runs = rows.map(wordOf)
  const last = runs.at(-1)!
  const lists = new PackedLists(rows)
  const sum = (of: (run: Word) => number): number => runs.reduce((total, run) => total + of(run), 0)
  return {
    ...last,
    runIds: runs.map(({ runId }) => runId),
    isVerified: rows.at(-1)!.verificationEnded && last.progress === 'verified',
    hadRowsBefore: runs[0]!.hadRowsBefore,
    checkpoints: sum((run) => run.checkpoints),
    blobs: sum((run) => run.blobs),
    writes: sum((run) => run.writes),
    rewritten: sum((run) => run.rewritten),
    targetBytes: sum((run) => run.targetBytes),
    get keys() {
      return lists.keys
    },
    get rowDigests() {
      return lists.rowDigests
    },
    blobDigest: runs.reduce((total, run) => addDigests(total, run.blobDigest), 0n),
    newest: new Map(runs.flatMap(({ newest }) => [...newest])),
    renumbered: mergedChannels(runs),
  }
}

function mergedChannels(runs: readonly Word[]): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>()
  for (const { renumbered } of runs) {
    for (const [ns, channels] of renumbered) all.set(ns, new Set([...(all.get(ns) ?? []), ...channels]))
  }
  return all
}

const channelsOf = (json: Record<string, string[]> | null): Map<string, Set<string>> =>
  new Map(Object.entries(json ?? {}).map(([ns, channels]) => [ns, new Set(channels)]))

/** JSON columns come as text. */
export const parsed = <T>(text: unknown): T | null =>
  typeof text === 'string' ? (JSON.parse(text) as T) : null
