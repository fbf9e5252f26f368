/** Frees Redis of keys whose threads are verified in Postgres and have not changed since: a plan first, then thread by thread. */
import type { LayoutRegistry } from '../layouts/registry.js'
import { Failure } from '../model/failure.js'
import {
  addLeft,
  addListed,
  emptyPurgeReport,
  type PurgeLeft,
  type PurgeReport,
} from '../model/purge-report.js'
import { REPORT_SCHEMA_VERSION } from '../model/report.js'
import { threadFilter } from '../model/scope.js'
import type { ThreadKeys } from '../pipeline/inventory.js'
import { retried } from '../pipeline/retried.js'
import { SeenThreads } from '../pipeline/seen-threads.js'
import { chunksOf } from '../pipeline/thread-queue.js'
import { oneAhead } from '../source/ahead.js'
import { pageOfPurgeable } from '../target/ledger/purge-ledger.js'
import { readThreads } from '../target/ledger/read.js'
import { type ListedKeys, listKeys } from './list-keys.js'
import { type Outcome, PurgeAct } from './purge/act.js'
import { type Candidate, type Looked, PurgeCandidates } from './purge/candidates.js'
import { recordedKeys } from './purge/recorded-keys.js'
import type { PurgeRequest } from './purge/request.js'
import { keysText } from './purge/rules.js'
import { stoppedBy } from './stopped-by.js'
import { purgeStore } from './store/purge.js'

/** Threads that are looked at and deleted together. */
const GROUP = { items: 100, weight: 20_000 } as const
const PAGE_THREADS = 1000

/** Threads that were looked at together. */
interface Group {
  readonly threads: number
  readonly looked: Looked
}

/** Throws nothing once it has begun: a purge that stops early still returns its report. */
export async function purge(request: PurgeRequest): Promise<PurgeReport> {
  const { now, lease } = request
  const startedAt = now()
  const report = emptyPurgeReport({
    schemaVersion: REPORT_SCHEMA_VERSION,
    planOnly: lease === null,
    strict: request.strict,
    startedAt: new Date(startedAt).toISOString(),
    source: request.from,
    target: request.to,
    archive: request.archivePath,
  })
  try {
    await new Purge(request, report).run()
    if (request.store !== null) {
      const { store, maxKeys } = request
      report.store = { items: 0, keys: 0, bytes: 0, lefts: {} }
      const keysLeft = maxKeys === null ? null : Math.max(0, maxKeys - report.keys.deleted)
      await purgeStore({ ...request, store, keysLeft }, report.store)
    }
  } catch (error) {
    report.stoppedBy = stoppedBy(error, request)
  }
  report.compares = request.purger.compares
  report.seconds = (now() - startedAt) / 1000
  return report
}

class Purge {
  /** Threads that keys in Redis name, and those that were named and are somewhere. */
  private readonly seen = new SeenThreads()
  private readonly wants: (threadId: string) => boolean
  private readonly act: PurgeAct | null
  private keysChosen = 0
  private threadsChosen = 0
  private ofThreads: number | null = null
  private lookedAt = 0

  constructor(
    private readonly request: PurgeRequest,
    private readonly report: PurgeReport,
  ) {
    this.wants = threadFilter(request.threads)
    this.act =
      request.lease === null ? null : new PurgeAct(request, request.lease, (outcome) => this.tell(outcome))
  }

  async run(): Promise<void> {
    const { inventory, registry } = await retried(this.request, () => this.listKeys())
    try {
      this.ofThreads = await inventory.countThreads()
      const candidates = await PurgeCandidates.open(this.request, registry)
      // The next threads are looked at while these go.
      const looked = oneAhead(this.looked(candidates, chunksOf(inventory.threads(), GROUP)))
      for await (const group of looked) {
        await this.group(group)
        if (this.isEnough) return
      }
      await this.threadsWithoutNames(candidates, registry)
      await this.noteNotFound()
    } finally {
      await inventory.close()
    }
  }

  private async listKeys(): Promise<ListedKeys> {
    const { source, signal, onEvent, memoryBytes: maxBytes, prefixes, layouts } = this.request
    if (this.act !== null && (await source.info()).role === 'replica') {
      throw new Failure('redis-keeps-keys', { endpoint: source.describe(), problem: 'it is a replica' })
    }
    return listKeys({ source, prefixes, layouts, wants: this.wants, maxBytes, signal, onEvent })
  }

  private async *looked(
    candidates: PurgeCandidates,
    groups: AsyncIterable<readonly ThreadKeys[]>,
  ): AsyncGenerator<Group> {
    for await (const threads of groups) {
      for (const { threadId } of threads) this.seen.note(threadId, 0)
      this.request.signal.throwIfAborted()
      yield { threads: threads.length, looked: await candidates.look(threads) }
    }
  }

  private async group({ threads, looked }: Group): Promise<void> {
    this.request.signal.throwIfAborted()
    for (const left of looked.left) this.leave(left.threadId, left.reason, left.detail)
    const chosen = looked.candidates.filter((candidate) => this.isChosen(candidate))
    if (this.act === null) {
      for (const candidate of chosen) await this.forecast(candidate)
      this.count(looked.finished.length)
    } else {
      await this.act.finish(looked.finished)
      this.count(looked.finished.length)
      await this.act.run(chosen)
    }
    this.lookedAt += threads
    this.progress()
  }

  private get isEnough(): boolean {
    const { limit } = this.request.threads
    return limit !== null && this.threadsChosen >= limit
  }

  /** Threads are taken whole: one that is too large for what is left of `--max-keys` waits. */
  private isChosen(candidate: Candidate): boolean {
    const { maxKeys, maxValueBytes } = this.request
    if (this.isEnough) return false
    const largest = candidate.keys.reduce((most, { bytes }) => Math.max(most, bytes ?? Infinity), 0)
    if (maxValueBytes !== null && largest > maxValueBytes) {
      const detail = largest === Infinity ? 'the server does not say how large' : `${largest} bytes`
      this.leave(candidate.threadId, 'large-values', detail)
      return false
    }
    if (maxKeys !== null && this.keysChosen + candidate.keys.length > maxKeys) {
      this.leave(candidate.threadId, 'max-keys', keysText(candidate.keys.length))
      return false
    }
    this.keysChosen += candidate.keys.length
    this.threadsChosen++
    return true
  }

  private async forecast(candidate: Candidate): Promise<void> {
    const { changed, absent } = await retried(this.request, () => this.request.purger.examine(candidate.keys))
    if (changed.length > 0) this.leave(candidate.threadId, 'changed', keysText(changed.length))
    else {
      const deleted = candidate.keys.length - absent
      const { bytes } = candidate
      this.tell({ candidate, state: 'purged', deleted, absent, kept: 0, bytes, archived: 0 })
    }
  }

  /** Finished by having nothing left. */
  private count(threads: number): void {
    this.report.threads.selected += threads
    this.report.threads.purged += threads
    this.report.threads.finished += threads
  }

  private tell(outcome: Outcome): void {
    const { candidate, deleted, absent, kept, bytes, archived } = outcome
    const { threads, keys } = this.report
    keys.deleted += deleted
    keys.absent += absent
    this.report.bytes += deleted === 0 ? 0 : bytes
    this.report.archived += archived
    if (outcome.state === 'left') {
      this.leave(candidate.threadId, outcome.reason ?? 'changed', outcome.detail ?? '')
      return
    }
    keys.kept += kept + candidate.kept
    threads.selected++
    threads.purged++
    if (candidate.wasPurging) threads.finished++
    for (const listed of candidate.listed) addListed(this.report, { threadId: candidate.threadId, ...listed })
    this.progress()
  }

  private leave(threadId: string, reason: PurgeLeft, detail: string): void {
    this.report.threads.selected++
    const named = this.request.threads.threads?.has(threadId) ?? false
    addLeft(this.report, { threadId, reason, detail, named })
  }

  /** Keys may belong to a thread that only their documents name, and keys of a begun purge may all be gone: the ledger knows both. */
  private async threadsWithoutNames(candidates: PurgeCandidates, registry: LayoutRegistry): Promise<void> {
    const { postgres, scope } = this.request
    let after: string | null = null
    for (;;) {
      const page: { after: string | null; size: number } = { after, size: PAGE_THREADS }
      const ids = await retried(this.request, () =>
        postgres.use((session) => pageOfPurgeable(session, scope, page)),
      )
      const unseen = ids.filter((threadId) => this.wants(threadId) && !this.seen.has(threadId))
      for (let at = 0; at < unseen.length && !this.isEnough; at += GROUP.items) {
        const group = unseen.slice(at, at + GROUP.items)
        for (const threadId of group) this.seen.note(threadId, 0)
        const looked = await candidates.look(await recordedKeys(this.request, group, registry))
        await this.group({ threads: group.length, looked })
      }
      if (ids.length < PAGE_THREADS || this.isEnough) return
      after = ids.at(-1)!
    }
  }

  private async noteNotFound(): Promise<void> {
    const { threads, postgres, scope } = this.request
    const unseen = [...(threads.threads ?? [])].filter(
      (threadId) => this.wants(threadId) && !this.seen.has(threadId),
    )
    if (unseen.length === 0) return
    const askable = unseen.filter((threadId) => !threadId.includes('\0'))
    const records = await retried(this.request, () =>
      postgres.use((session) => readThreads(session, scope, askable)),
    )
    // Of a thread that was purged before nothing is left to do.
    this.report.threads.notFound.push(...unseen.filter((threadId) => !records.has(threadId)))
  }

  private progress(): void {
    const { bytes } = this.report
    this.request.onEvent({
      kind: 'threads',
      progress: { threads: this.lookedAt, ofThreads: this.ofThreads, bytes, ofBytes: null, rejected: 0 },
    })
  }
}
