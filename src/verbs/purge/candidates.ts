/** Looks at threads one group at a time: which of them may be purged, with which keys, and why the others may not. Changes nothing. */
import type { ClaimedKey } from '../../layouts/layout.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import { printableKey } from '../../model/printable.js'
import type { ThreadKeys } from '../../pipeline/inventory.js'
import { claimsByDocument } from '../../pipeline/resolve-claims.js'
import { retried } from '../../pipeline/retried.js'
import { indexDigest, sourceDigest } from '../../pipeline/source-digest.js'
import { namesIn } from '../../source/index-names.js'
import type { KeyToPurge } from '../../source/purge.js'
import { keyText, type RecordedKeys } from '../../target/ledger/pack.js'
import { standingCheckpoints } from '../../target/ledger/purge-ledger.js'
import { type CurrentThread, readThreads } from '../../target/ledger/read.js'
import { existingThreads } from '../../target/rows/known.js'
import { type Draft, keyOfRecord, type Listed, withoutNeeded } from './draft.js'
import { LeftByAge } from './left-by-age.js'
import { threadsWithMissingRows } from './missing.js'
import { inPurgeOrder, type PurgeKey } from './order.js'
import type { PurgeRequest } from './request.js'
import { keysText, type Left, latestChange, leftByAge, leftByLedger, sortedKeys } from './rules.js'

export interface Candidate {
  readonly threadId: string
  /** In the order in which they go. */
  readonly keys: readonly PurgeKey[]
  readonly bytes: number
  /** Keys of it that stay. */
  readonly kept: number
  /** An earlier purge has begun it. */
  readonly wasPurging: boolean
  /** False for orphans, of which nothing is on record. */
  readonly isRecorded: boolean
  readonly listed: readonly Listed[]
}

export interface Looked {
  readonly candidates: readonly Candidate[]
  readonly left: readonly (Left & { readonly threadId: string })[]
  /** Threads of an earlier purge of which nothing is left to delete. */
  readonly finished: readonly string[]
}

/** Unknown keys of a thread whose documents are asked whose they are; more than that are no mistake in a name. */
const ASKED_KEYS = 20

export class PurgeCandidates {
  private constructor(
    private readonly request: PurgeRequest,
    private readonly registry: LayoutRegistry,
    private readonly byAge: LeftByAge,
  ) {}

  static async open(request: PurgeRequest, registry: LayoutRegistry): Promise<PurgeCandidates> {
    return new PurgeCandidates(request, registry, await LeftByAge.of(request, registry))
  }

  async look(threads: readonly ThreadKeys[]): Promise<Looked> {
    const records = await this.records(threads.map(({ threadId }) => threadId))
    const leftOut = await this.byAge.among(threads.filter(({ threadId }) => !records.has(threadId)))
    const left: (Left & { threadId: string })[] = []
    const finished: string[] = []
    const drafts: Draft[] = []
    for (const { threadId, keys } of threads) {
      const record = records.get(threadId)
      const draft =
        record === undefined
          ? this.unrecorded(threadId, keys, leftOut.has(threadId))
          : await this.draftOf(record, keys)
      if (draft === null) continue
      if ('reason' in draft) left.push({ threadId, ...draft })
      else if (draft.content.length + draft.index.length > 0) drafts.push(draft)
      else if (record?.progress === 'purging') finished.push(threadId)
    }
    const standing = await this.withRows(drafts, left)
    const free = await this.withIndexes(standing, left)
    return { candidates: await this.measured(free), left, finished }
  }

  private records(threadIds: readonly string[]): Promise<Map<string, CurrentThread>> {
    const { postgres, scope } = this.request
    const askable = threadIds.filter((threadId) => !threadId.includes('\0'))
    return retried(this.request, () => postgres.use((session) => readThreads(session, scope, askable)))
  }

  /** Null where nothing of it is a purge's business. */
  private async draftOf(record: CurrentThread, keys: readonly ClaimedKey[]): Promise<Draft | Left | null> {
    const byLedger = leftByLedger(record)
    if (byLedger !== null) return byLedger
    const { content, index, ...sorted } = sortedKeys(record, keys, this.request)
    const foreign = await this.foreignKeys(record.threadId, sorted.unknown)
    if (foreign.length > 0) {
      const [first] = foreign
      return {
        reason: 'in-use',
        detail: `${foreign.length} unknown, such as ${printableKey(first!.key)}`,
      }
    }
    if (record.progress === 'purged') {
      if (content.some(({ recorded }) => recorded.use === 'migrated')) {
        return { reason: 'not-verified', detail: 'its keys are back after a purge' }
      }
      if (content.length === 0) return null
    } else if (record.progress !== 'purging') {
      const nowMs = this.request.now()
      const byAge = leftByAge(latestChange(record, keys, nowMs), nowMs, this.request)
      if (byAge !== null) return byAge
      if (content.length + index.length === 0) return null
    }
    const { skipped, kept } = sorted
    return {
      threadId: record.threadId,
      record,
      kept,
      content: content.map(({ claimed, recorded: { digest, use } }) => ({
        claimed,
        digest,
        isOrphan: use === 'orphan',
      })),
      index: index.map(({ claimed }) => claimed),
      listed: skipped > 0 ? [{ why: 'skipped' as const, keys: skipped }] : [],
    }
  }

  /** Keys that no run has seen, and that their own documents do not give to another thread. */
  private async foreignKeys(
    threadId: string,
    unknown: readonly ClaimedKey[],
  ): Promise<readonly ClaimedKey[]> {
    if (unknown.length === 0 || unknown.length > ASKED_KEYS) return unknown
    const ask = claimsByDocument(this.request.source, this.registry)
    const claims = await retried(this.request, () => ask(unknown))
    return unknown.filter((_, at) => claims[at]?.threadId === threadId)
  }

  /** A thread that the ledger does not know: where no checkpoint is left, what is there helps nobody. */
  private unrecorded(threadId: string, keys: readonly ClaimedKey[], isLeftOut: boolean): Draft | Left | null {
    const { orphans, includeSkipped } = this.request
    const isOrphan = keys.every(({ role }) => role === 'write' || role === 'index' || role === 'pointer')
    if (isLeftOut && !includeSkipped) return { reason: 'skipped', detail: keysText(keys.length) }
    if (!isOrphan && !isLeftOut) return { reason: 'not-migrated', detail: '' }
    if (isOrphan && !orphans && !isLeftOut) return { reason: 'orphans', detail: keysText(keys.length) }
    const nowMs = this.request.now()
    const byAge = leftByAge(latestChange(null, keys, nowMs), nowMs, this.request)
    if (byAge !== null) return byAge
    return {
      threadId,
      record: null,
      kept: 0,
      content: keys
        .filter(({ role }) => role !== 'index')
        .map((claimed) => ({ claimed, digest: null, isOrphan: !isLeftOut })),
      index: keys.filter(({ role }) => role === 'index'),
      listed: isLeftOut ? [{ why: 'skipped' as const, keys: keys.length }] : [],
    }
  }

  /** Those whose rows are all in Postgres; of orphans, those that have none there. */
  private async withRows(drafts: readonly Draft[], left: (Left & { threadId: string })[]): Promise<Draft[]> {
    const { postgres, scope, includeDeleted } = this.request
    const records = drafts.flatMap(({ record }) => (record === null ? [] : [record]))
    const orphans = drafts.filter(({ record }) => record === null).map(({ threadId }) => threadId)
    const withOrphans = drafts.filter(({ content }) => content.some(({ isOrphan }) => isOrphan))
    const { missing, existing, standing } = await retried(this.request, () =>
      postgres.use(async (session) => ({
        missing: await threadsWithMissingRows(session, scope, records),
        existing: await existingThreads(session, scope.targetSchema, orphans),
        standing: await standingCheckpoints(
          session,
          scope.targetSchema,
          withOrphans.map(({ threadId }) => threadId),
        ),
      })),
    )
    for (const draft of withOrphans) withoutNeeded(draft, standing.get(draft.threadId) ?? new Set())
    return drafts.filter((draft) => {
      const { threadId } = draft
      if (draft.content.length + draft.index.length === 0) return false
      const detail = missing.get(threadId)
      if (existing.has(threadId)) left.push({ threadId, reason: 'not-migrated', detail: '' })
      else if (detail !== undefined && !includeDeleted) left.push({ threadId, reason: 'deleted', detail })
      else {
        if (detail !== undefined) {
          draft.listed = [
            ...draft.listed,
            { why: 'deleted', keys: draft.content.length + draft.index.length },
          ]
        }
        return true
      }
      return false
    })
  }

  /** What an index names is asked for once more, right before anything goes: a name that no run has seen is a thread in use. */
  private async withIndexes(
    drafts: readonly Draft[],
    left: (Left & { threadId: string })[],
  ): Promise<{ readonly draft: Draft; readonly keys: PurgeKey[] }[]> {
    const { source } = this.request
    const toRead = drafts.flatMap((draft) => [
      ...draft.index.map((claimed) => ({ draft, claimed, use: 'index' as const })),
      ...draft.content
        .filter(({ digest }) => digest === null)
        .map(({ claimed }) => ({ draft, claimed, use: 'content' as const })),
    ])
    const results = await retried(this.request, () => source.read(toRead.map(({ claimed }) => claimed)))
    const keys = new Map(drafts.map((draft) => [draft, draft.content.flatMap(keyOfRecord)]))
    const names: { readonly draft: Draft; readonly name: Buffer }[] = []
    for (const [at, { draft, claimed, use }] of toRead.entries()) {
      const result = results[at]
      if (result?.state !== 'read') continue
      const digest = use === 'index' ? indexDigest(result.value) : sourceDigest(result.value)
      keys.get(draft)!.push({ key: claimed.key, type: claimed.type, use, digest, bytes: null, claimed })
      if (use === 'content' || draft.record === null) continue
      const known: RecordedKeys = draft.record.keys
      for (const name of namesIn(result.value)) if (!known.has(keyText(name))) names.push({ draft, name })
    }
    const types = await retried(this.request, () => source.types(names.map(({ name }) => name)))
    const used = new Map(names.filter((_, at) => types[at] !== null).map(({ draft, name }) => [draft, name]))
    for (const [{ threadId }, name] of used) {
      left.push({ threadId, reason: 'in-use', detail: `an index names ${printableKey(name)}` })
    }
    return drafts.filter((draft) => !used.has(draft)).map((draft) => ({ draft, keys: keys.get(draft)! }))
  }

  private async measured(
    drafts: readonly { readonly draft: Draft; readonly keys: PurgeKey[] }[],
  ): Promise<Candidate[]> {
    const all = drafts.flatMap(({ keys }) => keys)
    const sizes = await retried(this.request, () => this.request.purger.sizes(all))
    const sizeOf = new Map<KeyToPurge, number | null>(all.map((key, at) => [key, sizes[at] ?? null]))
    return drafts.map(({ draft, keys }) => ({
      threadId: draft.threadId,
      keys: inPurgeOrder(keys.map((key) => ({ ...key, bytes: sizeOf.get(key) ?? null }))),
      bytes: keys.reduce((sum, key) => sum + (sizeOf.get(key) ?? 0), 0),
      kept: draft.kept,
      wasPurging: draft.record?.progress === 'purging',
      isRecorded: draft.record !== null && draft.record.progress !== 'purged',
      listed: draft.listed,
    }))
  }
}
