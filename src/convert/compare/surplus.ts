/** The other direction: rows in Postgres that the source does not explain. The app's own work, history and what has expired are no faults. */
import type { Outcome } from './outcome.js'
import type { ComparedCheckpoint, ComparedWrite, StoredThread } from './stored.js'
import { checkpointKey } from './stored.js'

interface SourceIds {
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly isLeftOut: boolean
}

/** After all records of the source were compared. */
export function explainRest(
  stored: StoredThread,
  source: ReadonlyMap<string, SourceIds>,
  outcome: Outcome,
): void {
  const newest = newestOf(source, outcome)
  const ahead = surplusCheckpoints(stored, source, newest, outcome)
  surplusWrites(stored, source, { newest, ahead }, outcome)
  surplusBlobs(stored, outcome)
}

/** Newest checkpoint of each namespace when it was migrated, or in the source where nothing is recorded; under `null` that of all. */
type Newest = ReadonlyMap<string | null, string>

function newestOf(source: ReadonlyMap<string, SourceIds>, { recorded }: Outcome): Newest {
  const newest = new Map<string | null, string>()
  const take = (ns: string | null, id: string) => {
    if (id > (newest.get(ns) ?? '')) newest.set(ns, id)
  }
  const ids: Iterable<readonly [string, string]> =
    recorded === undefined
      ? Array.from(source.values(), ({ checkpointNs, checkpointId }) => [checkpointNs, checkpointId] as const)
      : recorded.newest
  for (const [ns, id] of ids) {
    take(ns, id)
    take(null, id)
  }
  return newest
}

/** Gives the names of those that the app wrote after the migration. */
function surplusCheckpoints(
  stored: StoredThread,
  source: ReadonlyMap<string, SourceIds>,
  newest: Newest,
  outcome: Outcome,
): ReadonlySet<string> {
  const { recorded, explained } = outcome
  const ahead = new Set<string>()
  const byId = [...stored.checkpoints.values()].sort((a, b) => (a.checkpointId < b.checkpointId ? -1 : 1))
  for (const checkpoint of byId) {
    const { checkpointNs, checkpointId } = checkpoint
    const key = checkpointKey(checkpointNs, checkpointId)
    if (source.has(key)) continue
    if (recorded?.wrote(checkpointNs, checkpointId)) {
      outcome.doubtful.push({
        checkpointNs,
        checkpointId,
        differences: [goneAndChanged(checkpoint, outcome)],
      })
    } else if (isAhead(checkpoint, newest, ahead)) {
      ahead.add(key)
      explained.ahead++
    } else if (recorded?.hadRowsBefore) {
      explained.history++
    } else {
      outcome.add({ kind: 'extra', part: 'checkpoint', checkpointNs, checkpointId, note: whyExtra(outcome) })
    }
  }
  return ahead
}

const whyExtra = ({ recorded }: Outcome): string =>
  recorded === undefined
    ? 'it is not in Redis, and no ledger tells whether it ever was'
    : 'it is not in Redis, and no run wrote it'

const goneAndChanged = ({ checkpointNs, checkpointId }: ComparedCheckpoint, { threadId }: Outcome) =>
  ({
    kind: 'differs',
    part: 'rows',
    threadId,
    checkpointNs,
    checkpointId,
    note: 'its rows are not as they were written, and Redis no longer has it',
  }) as const

/** Newer than everything that was migrated of its namespace, or made from such a one. */
function isAhead(
  { checkpointNs, checkpointId, parentCheckpointId }: ComparedCheckpoint,
  newest: Newest,
  ahead: ReadonlySet<string>,
): boolean {
  const head = newest.get(checkpointNs) ?? newest.get(null)
  if (head !== undefined && checkpointId > head) return true
  return parentCheckpointId !== null && ahead.has(checkpointKey(checkpointNs, parentCheckpointId))
}

function surplusWrites(
  stored: StoredThread,
  source: ReadonlyMap<string, SourceIds>,
  { newest, ahead }: { readonly newest: Newest; readonly ahead: ReadonlySet<string> },
  outcome: Outcome,
): void {
  const { recorded, explained } = outcome
  for (const [key, writes] of stored.writes) {
    const ids = stored.checkpoints.get(key) ?? idsOf(key)
    const { checkpointNs, checkpointId } = ids
    if (source.get(key)?.isLeftOut || ahead.has(key)) continue
    // Of a checkpoint that is on one side only it was said as a whole.
    if (source.has(key) !== stored.checkpoints.has(key)) continue
    const isHead = checkpointId >= (newest.get(checkpointNs) ?? newest.get(null) ?? '')
    for (const write of writes.values()) {
      if (write.isMatched) continue
      if (isHead) explained.ahead++
      else if (recorded?.hadRowsBefore && !recorded.wrote(checkpointNs, checkpointId)) explained.history++
      else outcome.tooMuch(extraWrite(ids, write))
    }
  }
}

const extraWrite = (
  { checkpointNs, checkpointId }: { readonly checkpointNs: string; readonly checkpointId: string },
  { taskId, idx, channel }: ComparedWrite,
) =>
  ({
    kind: 'extra',
    part: 'write',
    checkpointNs,
    checkpointId,
    name: `${taskId}:${idx}`,
    target: { is: `channel ${JSON.stringify(channel)}` },
  }) as const

function idsOf(key: string): { readonly checkpointNs: string; readonly checkpointId: string } {
  const at = key.lastIndexOf('\0')
  return { checkpointNs: key.slice(0, at), checkpointId: key.slice(at + 1) }
}

/** Blobs that no checkpoint names. Deleted and rewritten rows, and rows of others, leave such behind. */
function surplusBlobs(stored: StoredThread, outcome: Outcome): void {
  const { recorded, explained } = outcome
  if (explained.deleted > 0 || recorded?.hadRowsBefore || (recorded?.rewritten ?? 0) > 0) return
  // What is matched is named: by the checkpoint that it was compared for.
  const rest = [...stored.blobs.values()].filter((blob) => !blob.isMatched && blob.digest !== undefined)
  if (rest.length === 0) return
  const named = stored.namedBlobs()
  for (const blob of rest) {
    if (named.has(blob)) continue
    const { checkpointNs, channel, version } = blob
    outcome.add({
      kind: 'extra',
      part: 'blob',
      checkpointNs,
      name: channel,
      target: { is: `version ${version}` },
      note: 'no checkpoint names it',
    })
  }
}
