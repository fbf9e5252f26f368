/** Adds up a migration's report from what the transfer tells: each thread once, whatever became of it. */

import type { LayoutRegistry } from '../../layouts/registry.js'
import type { AgeVerdict, RowAmounts } from '../../model/bounds.js'
import type { RunProgress } from '../../model/events.js'
import { type Finding, kindOf } from '../../model/finding.js'
import { addFinding, type MigrateReport, type RowCounts } from '../../model/report.js'
import type { TableName } from '../../model/rows.js'
import type { ThreadTold } from '../../model/run.js'
import type { CommitTold, TransferListener, UnchangedTold } from '../../pipeline/transfer-options.js'
import { findingsOf } from '../../target/ledger/ledger.js'
import type { Committed, Merged, RowKey } from '../../target/rows/commit.js'
import type { SurveyCount } from '../survey/survey.js'

/** What an application can be asked to wait for a row. */
const LONG_LOCK_MS = 1000
/** Fewer keys say nothing of the others. */
const MIN_KEYS = 100

export class MigrateTally implements TransferListener {
  private threadsDone = 0
  private rejects = 0
  private keysRead = 0

  constructor(
    private readonly report: MigrateReport,
    private readonly registry: LayoutRegistry,
    private readonly onProgress: (progress: RunProgress) => void,
    private readonly of: { readonly threads: number; readonly keys: number | null },
    private readonly survey: SurveyCount,
  ) {}

  read(bytes: number, keys = 1): void {
    this.report.bytes.read += bytes
    this.keysRead += keys
    this.progress()
  }

  nothingToRead({ findings }: ThreadTold): void {
    for (const finding of findings) this.find(finding)
  }

  unchanged({ threadId, keys, state, isPart }: UnchangedTold, bytes: number): void {
    if (isPart) return
    this.threadsDone++
    this.survey.unchanged({ threadId, keys, bytes })
    const { threads, checkpoints, writes, blobs } = this.report
    threads.whole++
    threads.unchanged++
    checkpoints.alreadyThere += state.rows?.checkpoints ?? 0
    writes.alreadyThere += state.rows?.writes ?? 0
    blobs.alreadyThere += state.rows?.blobs ?? 0
    this.progress()
  }

  /** Outside of the ages that were asked for. */
  leftByAge(threadId: string, why: Exclude<AgeVerdict, 'taken'>): void {
    const { bounds, threads } = this.report
    threads.leftOut++
    if (bounds === null) return
    if (why === 'too-old') bounds.threadsTooOld++
    else if (why === 'too-young') bounds.threadsTooYoung++
    else {
      bounds.threadsOfUnknownAge++
      this.find({ reason: 'age-unknown', threadId })
    }
  }

  threadLeftOut(facts: ThreadTold): void {
    this.thread(facts)
    // A thread of which nothing was found that could be migrated, and nothing that was refused, is no thread.
    if (facts.completeness === 'rejected') this.report.threads.rejected++
  }

  committed(threads: readonly CommitTold[], { merged, refused, heldMs = 0 }: Committed): void {
    const [{ facts }] = threads as [CommitTold]
    if (heldMs > LONG_LOCK_MS) {
      const detail = `${(heldMs / 1000).toFixed(1)} s, ${Math.round(facts.targetBytes / 1024 ** 2)} MiB of rows`
      this.find({ reason: 'long-lock', threadId: facts.threadId, detail })
    }
    const refusedIds = new Map(refused.map(({ threadId, sqlstate }) => [threadId, sqlstate]))
    const leftAlone = new Map(merged?.leftAlone.map(({ threadId, reason }) => [threadId, reason]))
    const conflicts = new Set(merged?.conflicts.map(({ key }) => key[0]))
    const changed = new Set(
      [...(merged?.inserted ?? []), ...(merged?.updated ?? [])].map(({ key }) => key[0]),
    )
    const counts = this.report.threads
    for (const { facts, state } of threads) {
      const { threadId } = facts
      this.thread(facts)
      const sqlstate = refusedIds.get(threadId)
      if (sqlstate !== undefined) {
        this.find({ reason: 'refused-by-postgres', threadId, detail: `SQLSTATE ${sqlstate}` })
        counts.rejected++
        continue
      }
      if (leftAlone.get(threadId) === 'existing-skipped') {
        counts.skipped++
        continue
      }
      if (merged === undefined || changed.has(threadId)) this.report.bytes.written += facts.targetBytes
      // Keys that turned out to belong to a thread which was counted with its other keys.
      if (facts.isPart && state.sameRun !== undefined) continue
      const isPartial = facts.completeness === 'partial' || conflicts.has(threadId) || leftAlone.has(threadId)
      if (isPartial) counts.partial++
      else counts.whole++
      if (!state.hasRows) counts.new++
      else if (changed.has(threadId)) counts.changed++
      else if (!isPartial && merged !== undefined) counts.unchanged++
    }
    if (merged !== undefined) for (const finding of findingsOf(merged)) this.find(finding)
    const written = threads.filter(
      ({ facts }) => !refusedIds.has(facts.threadId) && !leftAlone.has(facts.threadId),
    )
    this.countRows(written, merged)
  }

  private countRows(threads: readonly CommitTold[], merged: Merged | undefined): void {
    const counts: Record<TableName, RowCounts> = {
      checkpoints: this.report.checkpoints,
      checkpoint_writes: this.report.writes,
      checkpoint_blobs: this.report.blobs,
    }
    const made: Record<TableName, number> = { checkpoints: 0, checkpoint_writes: 0, checkpoint_blobs: 0 }
    for (const { facts } of threads) {
      made.checkpoints += facts.checkpoints
      made.checkpoint_writes += facts.writes
      made.checkpoint_blobs += facts.blobs
    }
    for (const table of Object.keys(counts) as TableName[]) {
      const of = (rows: readonly RowKey[] = []) => rows.filter((row) => row.table === table).length
      const inserted = merged === undefined ? made[table] : of(merged.inserted)
      const rest = of(merged?.updated) + of(merged?.conflicts) + of(merged?.deleted)
      counts[table].inserted += inserted
      counts[table].updated += of(merged?.updated)
      counts[table].alreadyThere += Math.max(0, made[table] - inserted - rest)
    }
  }

  private find(finding: Finding): void {
    if (kindOf(finding) === 'rejected' || kindOf(finding) === 'conflict') this.rejects++
    addFinding(this.report.findings, finding)
  }

  private thread(facts: ThreadTold): void {
    this.threadsDone++
    if (!facts.isPart) this.survey.thread(facts)
    for (const id of facts.layouts) {
      let share = this.report.layouts.find((layout) => layout.id === id)
      if (share === undefined) {
        share = { id, title: this.registry.byId(id).title, keys: 0, threads: 0, bytes: 0 }
        this.report.layouts.push(share)
      }
      share.threads++
      // Threads of two layouts are rare; their bytes and keys are counted for the first.
      if (id === facts.layouts[0]) {
        share.bytes += facts.sourceBytes
        share.keys += facts.sourceKeys.length + facts.unreadKeys.length
      }
    }
    this.report.leftAlone.indexKeys += facts.unreadKeys.length
    const { bounds } = this.report
    if (facts.cut !== undefined && bounds !== null) {
      const { leftOut } = facts.cut
      bounds.threadsCut++
      for (const amount of Object.keys(leftOut) as (keyof RowAmounts)[])
        bounds.leftOut[amount] += leftOut[amount]
    }
    for (const finding of facts.findings) this.find(finding)
    this.progress()
  }

  /** As many as the keys so far suggest: they come in the order of a hash. */
  private get ofBytes(): number | null {
    const { keysRead, of } = this
    if (of.keys === null || keysRead < MIN_KEYS) return null
    return this.report.bytes.read * Math.max(1, of.keys / keysRead)
  }

  private progress(): void {
    this.onProgress({
      threads: this.threadsDone,
      ofThreads: this.of.threads,
      bytes: this.report.bytes.read,
      ofBytes: this.ofBytes,
      rejected: this.rejects,
    })
  }
}
