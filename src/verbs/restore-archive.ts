/** Puts back what a purge has deleted, from its archive. A key that is there is never overwritten. */
import { printableKey } from '../model/printable.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { addNotRestored, emptyRestoreReport, type RestoreReport } from '../model/restore-report.js'
import { type ThreadScope, threadFilter } from '../model/scope.js'
import { retried } from '../pipeline/retried.js'
import type { KeyToPurge, Purger } from '../source/purge.js'
import type { RedisRestorer } from '../source/redis/restore.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import { inTransaction } from '../target/connection/session.js'
import type { Lease } from '../target/ledger/lease.js'
import { recordPurge } from '../target/ledger/purge-ledger.js'
import { type LedgerScope, readThreads } from '../target/ledger/read.js'
import { unpurgeStoreItems } from '../target/ledger/store-items.js'
import type { ArchivedKey } from './purge/archive-format.js'
import type { PurgeRequest } from './purge/request.js'
import type { ArchivedThread, ArchiveReader } from './restore-archive-read.js'
import { stoppedBy } from './stopped-by.js'
import { STORE_ARCHIVE_ID } from './store/purge.js'

export interface RestoreRequest extends Pick<PurgeRequest, 'recover' | 'signal' | 'onEvent'> {
  readonly archive: ArchiveReader
  readonly archivePath: string
  readonly source: Source
  readonly restorer: RedisRestorer
  /** Only to compare. */
  readonly purger: Pick<Purger, 'examine' | 'sizes'>
  readonly from: EndpointNote
  /** Null where there is no ledger to be told. */
  readonly ledger: {
    readonly postgres: Postgres
    readonly scope: LedgerScope
    readonly note: EndpointNote
    /** Null in a dry run. */
    readonly lease: Lease | null
  } | null
  readonly threads: ThreadScope
  readonly dryRun: boolean
  /** Milliseconds since 1970. */
  now(): number
}

/** Keys and bytes that go over at once. */
const BATCH = { keys: 500, bytes: 8 * 1024 ** 2 } as const

/** Throws nothing once it has begun: what was restored until then is in the report. */
export async function restoreArchive(request: RestoreRequest): Promise<RestoreReport> {
  const { now, signal, ledger } = request
  const startedAt = now()
  const report = emptyRestoreReport({
    schemaVersion: REPORT_SCHEMA_VERSION,
    dryRun: request.dryRun,
    startedAt: new Date(startedAt).toISOString(),
    archive: request.archivePath,
    source: request.from,
    target: ledger?.note ?? null,
  })
  try {
    await new Restore(request, report).run()
  } catch (error) {
    report.stoppedBy = stoppedBy(error, { signal, postgres: ledger?.postgres ?? null })
  }
  report.damaged = request.archive.damaged
  report.seconds = (now() - startedAt) / 1000
  return report
}

class Restore {
  constructor(
    private readonly request: RestoreRequest,
    private readonly report: RestoreReport,
  ) {}

  async run(): Promise<void> {
    const { archive, threads: scope, signal, onEvent } = this.request
    const wants = threadFilter(scope)
    const threads = (await archive.threads()).filter(({ threadId }) => wants(threadId))
    const ids = new Set(threads.map(({ threadId }) => threadId))
    this.report.notFound.push(...[...(scope.threads ?? [])].filter((threadId) => !ids.has(threadId)))
    // Newest first: of a key that was purged twice the later content comes back, and then nothing overwrites it.
    const done = new Set<string>()
    const conversations = new Set<string>()
    for (const thread of threads.reverse()) {
      signal.throwIfAborted()
      await this.thread(thread, done.has(thread.threadId))
      done.add(thread.threadId)
      if (thread.threadId !== STORE_ARCHIVE_ID) conversations.add(thread.threadId)
      this.report.threads = conversations.size
      onEvent({
        kind: 'threads',
        progress: {
          threads: done.size,
          ofThreads: ids.size,
          bytes: this.report.bytes,
          ofBytes: null,
          rejected: 0,
        },
      })
    }
    await this.tellLedger(threads)
  }

  private async thread(thread: ArchivedThread, isOlder: boolean): Promise<void> {
    const isStore = thread.threadId === STORE_ARCHIVE_ID
    let batch: ArchivedKey[] = []
    let bytes = 0
    for await (const key of this.request.archive.keys(thread)) {
      if (batch.length === BATCH.keys || (batch.length > 0 && bytes + key.dump.length > BATCH.bytes)) {
        await this.keys(batch, isOlder, isStore)
        batch = []
        bytes = 0
      }
      batch.push(key)
      bytes += key.dump.length
    }
    if (batch.length > 0) await this.keys(batch, isOlder, isStore)
  }

  /** `isOlder`: a later purge of the same thread has come back already, and its keys are the ones that count. */
  private async keys(keys: readonly ArchivedKey[], isOlder: boolean, isStore: boolean): Promise<void> {
    const { restorer, source, dryRun } = this.request
    const there: ArchivedKey[] = []
    const back: ArchivedKey[] = []
    if (dryRun) {
      const types = await retried(this.request, () => source.types(keys.map(({ key }) => key)))
      for (const [at, key] of keys.entries()) {
        if (types[at] !== null) there.push(key)
        else this.restored(key)
      }
    } else {
      const results = await retried(this.request, () => restorer.restore(keys))
      for (const [at, key] of keys.entries()) {
        if (results[at] === 'restored') {
          this.restored(key)
          back.push(key)
        } else if (results[at] === 'exists') there.push(key)
        else {
          this.report.keys.refused++
          addNotRestored(this.report, printableKey(key.key), 'refused')
        }
      }
    }
    if (!isOlder && there.length > 0) {
      const changed = new Set((await this.changedOf(there)).map((key) => key.toString('latin1')))
      for (const archived of there) {
        const { key } = archived
        if (!changed.has(key.toString('latin1'))) {
          this.report.keys.alreadyThere++
          back.push(archived)
        } else {
          this.report.keys.differing++
          addNotRestored(this.report, printableKey(key), 'differs')
        }
      }
    }
    if (isStore) await this.tellStore(back)
  }

  /** Items of the store are no thread's: each may be rolled back again once its own key is back. */
  private async tellStore(keys: readonly ArchivedKey[]): Promise<void> {
    const { ledger } = this.request
    if (ledger === null || ledger.lease === null || keys.length === 0) return
    const { postgres, scope, lease } = ledger
    await retried(this.request, () =>
      postgres.use((session) =>
        inTransaction(session, async () => {
          await lease.fence(session)
          await unpurgeStoreItems(session, scope, keys)
        }),
      ),
    )
  }

  private restored({ dump }: ArchivedKey): void {
    this.report.keys.restored++
    this.report.bytes += dump.length
  }

  /** Of these keys, those that hold something else. */
  private async changedOf(
    keys: readonly Pick<KeyToPurge, 'key' | 'use' | 'digest'>[],
  ): Promise<readonly Buffer[]> {
    const { source, purger } = this.request
    const types = await retried(this.request, () => source.types(keys.map(({ key }) => key)))
    const typed = keys.map((key, at) => ({ ...key, type: types[at] ?? 'none' }))
    return (await this.examined(typed, purger)).changed
  }

  private async examined(keys: readonly Omit<KeyToPurge, 'bytes'>[], purger: RestoreRequest['purger']) {
    const sizes = await retried(this.request, () => purger.sizes(keys))
    const wanted = keys.map((key, at): KeyToPurge => ({ ...key, bytes: sizes[at] ?? null }))
    return retried(this.request, () => purger.examine(wanted))
  }

  /** A thread may be rolled back again once every key on record is back, and holds what was on record. */
  private async tellLedger(threads: readonly ArchivedThread[]): Promise<void> {
    const { ledger } = this.request
    if (ledger === null || ledger.lease === null) return
    const { postgres, scope, lease } = ledger
    const ids = [
      ...new Set(
        threads
          .filter(({ sourceName }) => sourceName === scope.sourceName)
          .map(({ threadId }) => threadId)
          .filter((threadId) => !threadId.includes('\0')),
      ),
    ]
    for (let at = 0; at < ids.length; at += BATCH.keys) {
      const records = await retried(this.request, () =>
        postgres.use((session) => readThreads(session, scope, ids.slice(at, at + BATCH.keys))),
      )
      const restored: string[] = []
      for (const { threadId, keys, purgedAt } of records.values()) {
        if (purgedAt === null) continue
        const content = [...keys.values()].flatMap(({ key, use, digest }) =>
          use === 'migrated' && digest !== null ? [{ key, use: 'content' as const, digest }] : [],
        )
        if (await this.isBack(content)) restored.push(threadId)
        else this.report.incomplete.push(threadId)
      }
      await retried(this.request, () =>
        postgres.use((session) => recordPurge(session, lease, scope, { restored })),
      )
      this.report.unlocked += restored.length
    }
  }

  private async isBack(keys: readonly Pick<KeyToPurge, 'key' | 'use' | 'digest'>[]): Promise<boolean> {
    const { source, purger } = this.request
    const types = await retried(this.request, () => source.types(keys.map(({ key }) => key)))
    if (types.some((type) => type === null)) return false
    const typed = keys.map((key, at) => ({ ...key, type: types[at]! }))
    const { changed, absent } = await this.examined(typed, purger)
    return changed.length + absent === 0
  }
}
