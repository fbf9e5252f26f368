/** Adds up a migration's report from what the transfer tells: each thread once, whatever became of it. */

import type { LayoutRegistry } from '../layouts/registry.js'
import type { RunProgress } from '../model/events.js'
import { kindOf } from '../model/finding.js'
import { addFinding, type MigrateReport, type RowCounts } from '../model/report.js'
import type { TableName } from '../model/rows.js'
import type { ThreadFacts } from '../model/run.js'
import type { ThreadKeys, TransferListener } from '../pipeline/transfer.js'
import type { Committed, ThreadCommit } from '../target/writer.js'

export class MigrateTally implements TransferListener {
  private threadsDone = 0
  private rejects = 0

  constructor(
    private readonly report: MigrateReport,
    private readonly registry: LayoutRegistry,
    private readonly onProgress: (progress: RunProgress) => void,
    private readonly ofThreads: number,
  ) {}

  read(bytes: number): void {
    this.report.bytes.read += bytes
    this.progress()
  }

  nothingToRead({ threadId, keys }: ThreadKeys): void {
    const pointer = keys.find((key) => key.role === 'pointer') ?? keys[0]
    if (pointer === undefined) return
    addFinding(this.report.findings, { reason: 'dangling-pointer', threadId, key: pointer.key })
  }

  threadLeftOut(facts: ThreadFacts): void {
    this.thread(facts)
    // A thread of which nothing was found that could be migrated, and nothing that was refused, is no thread.
    if (facts.completeness === 'rejected') this.report.threads.rejected++
  }

  committed(threads: readonly ThreadCommit[], { merged, refused }: Committed): void {
    const refusedIds = new Map(refused.map(({ threadId, sqlstate }) => [threadId, sqlstate]))
    const conflicts = new Set(merged?.conflicts.map(({ key }) => key[0]))
    const changed = new Set(
      [...(merged?.inserted ?? []), ...(merged?.updated ?? [])].map(({ key }) => key[0]),
    )
    for (const { facts, existed } of threads) {
      this.thread(facts)
      const sqlstate = refusedIds.get(facts.threadId)
      if (sqlstate !== undefined) {
        this.rejects++
        addFinding(this.report.findings, {
          reason: 'refused-by-postgres',
          threadId: facts.threadId,
          detail: `SQLSTATE ${sqlstate}`,
        })
        this.report.threads.rejected++
        continue
      }
      this.report.bytes.written += facts.targetBytes
      if (facts.completeness === 'partial' || conflicts.has(facts.threadId)) this.report.threads.partial++
      else this.report.threads.whole++
      if (existed && merged !== undefined && !changed.has(facts.threadId) && !conflicts.has(facts.threadId)) {
        this.report.threads.unchanged++
      }
    }
    this.countRows(threads, { refused, ...(merged && { merged }) })
  }

  private countRows(threads: readonly ThreadCommit[], { merged, refused }: Committed): void {
    const gone = new Set(refused.map(({ threadId }) => threadId))
    const made: Record<TableName, number> = { checkpoints: 0, checkpoint_writes: 0, checkpoint_blobs: 0 }
    for (const { facts } of threads) {
      if (gone.has(facts.threadId)) continue
      made.checkpoints += facts.checkpoints
      made.checkpoint_writes += facts.writes
      made.checkpoint_blobs += facts.blobs
    }
    const counts: Record<TableName, RowCounts> = {
      checkpoints: this.report.checkpoints,
      checkpoint_writes: this.report.writes,
      checkpoint_blobs: this.report.blobs,
    }
    for (const table of Object.keys(counts) as TableName[]) {
      const of = (rows: readonly { table: TableName }[]) => rows.filter((row) => row.table === table).length
      const inserted = merged === undefined ? made[table] : of(merged.inserted)
      const updated = merged === undefined ? 0 : of(merged.updated)
      const conflicting = merged === undefined ? 0 : of(merged.conflicts)
      counts[table].inserted += inserted
      counts[table].updated += updated
      counts[table].alreadyThere += made[table] - inserted - updated - conflicting
    }
    for (const { table, key } of merged?.conflicts ?? []) {
      this.rejects++
      const [threadId, checkpointNs, third] = key
      const detail = table === 'checkpoint_blobs' ? `channel ${third}, version ${key[3]}` : `row of ${table}`
      addFinding(this.report.findings, {
        reason: 'row-differs',
        ...(threadId === undefined ? {} : { threadId }),
        ...(checkpointNs === undefined ? {} : { checkpointNs }),
        ...(table === 'checkpoint_blobs' || third === undefined ? {} : { checkpointId: third }),
        detail,
      })
    }
  }

  private thread(facts: ThreadFacts): void {
    this.threadsDone++
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
    for (const finding of facts.findings) {
      if (kindOf(finding) === 'rejected' || kindOf(finding) === 'conflict') this.rejects++
      addFinding(this.report.findings, finding)
    }
    this.progress()
  }

  private progress(): void {
    this.onProgress({
      threads: this.threadsDone,
      ofThreads: this.ofThreads,
      bytes: this.report.bytes.read,
      ofBytes: null,
      rejected: this.rejects,
    })
  }
}
