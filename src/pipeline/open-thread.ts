/** The thread that is being converted: its readers and its converter, and the findings it has gathered. */
import { boundedConverter } from '../convert/bounds.js'
import type { ConvertedThread, ConvertOptions, Dialect, OpenConverter } from '../convert/converter.js'
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { ThreadBound } from '../model/bounds.js'
import type { Finding } from '../model/finding.js'
import type { KnownThread } from '../model/rows.js'
import type { SourceKey, ThreadCut, ThreadFacts } from '../model/run.js'
import { keyText, type RecordedKeys } from '../target/ledger/pack.js'
import type { Batch } from '../target/rows/batch.js'
import type { ThreadState } from '../target/rows/commit.js'
import type { ThreadKeys } from './inventory.js'
import { ThreadPass } from './thread-pass.js'
import { boundText, isOtherBound } from './unchanged.js'

/** A thread on its way. */
export interface Task extends ThreadKeys {
  /** As the inventory gave it. */
  readonly thread: ThreadKeys
  /** The keys to read, in that order; the others are indexes and pointers. */
  readonly order: readonly ClaimedKey[]
  readonly state: ThreadState
  /** Not all keys of the thread: see `ThreadFacts`. */
  readonly isPart: boolean
  /** What its keys held the last time, where it need not be converted if they still do. */
  readonly recorded: RecordedKeys | undefined
  /** What its conversion starts from, asked for ahead of time where it is sure to be needed. */
  readonly known: Promise<KnownThread> | undefined
}

export class OpenThread {
  readonly pass: ThreadPass<ConvertedThread>
  readonly findings: Finding[] = []
  /** Bytes of its rows that are at the target already. */
  stagedBytes = 0
  private readonly bound: ThreadBound | null

  constructor(
    readonly task: Task,
    known: KnownThread,
    batch: Batch,
    registry: LayoutRegistry,
    options: {
      readonly dialect: Dialect
      readonly convert: ConvertOptions
      readonly openConverter: OpenConverter
      readonly bound: ThreadBound | null
    },
  ) {
    const report = (finding: Finding) => this.findings.push(finding)
    const { bound } = options
    this.bound = bound
    const open = bound === null ? options.openConverter : boundedConverter(options.openConverter, bound)
    const converter = open(task.threadId, known, batch, report, options.convert)
    const layouts = new Set(task.order.map((key) => key.layout))
    this.pass = new ThreadPass(task.threadId, registry, converter, report, {
      layouts,
      dialect: options.dialect,
    })
  }

  facts(converted: ConvertedThread, targetBytes: number): ThreadFacts {
    const { pass, task } = this
    const read = new Set(task.order)
    const strays = new Set(pass.strays.map(({ key }) => keyText(key.key)))
    const isOurs = ({ key }: SourceKey) => strays.size === 0 || !strays.has(keyText(key))
    const sourceKeys = pass.readKeys.filter(isOurs)
    const cut = this.cutOf(converted, sourceKeys)
    return {
      threadId: task.threadId,
      layouts: [...pass.layouts],
      completeness: converted.completeness,
      checkpoints: converted.checkpoints,
      writes: converted.writes,
      blobs: converted.blobs,
      sourceBytes: pass.bytesRead,
      targetBytes,
      sourceKeys,
      unreadKeys: task.keys.filter((key) => !read.has(key)).map((key) => key.key),
      longestPttlMs: pass.longestPttlMs,
      heads: converted.heads,
      notedMs: pass.notedMs,
      findings: this.findingsOf(converted, cut),
      isPart: task.isPart,
      seen: {
        shortestPttlMs: pass.shortestPttlMs,
        days: pass.days.days,
        classes: converted.classes,
        valuesSeen: converted.valuesSeen,
        waitsAtInterrupt: converted.waitsAtInterrupt,
      },
      ...(cut && { cut }),
    }
  }

  private cutOf({ bound: outcome }: ConvertedThread, read: readonly SourceKey[]): ThreadCut | undefined {
    if (this.bound === null || outcome === undefined || outcome.skippedKeys.size === 0) return undefined
    // Blobs are shared: what was left out may need any of them.
    const blobs = new Set(this.task.keys.filter(({ role }) => role === 'blob').map(({ key }) => keyText(key)))
    const skippedKeys = read
      .map(({ key }) => key)
      .filter((key) => outcome.skippedKeys.has(keyText(key)) || blobs.has(keyText(key)))
    return { ...this.bound, leftOut: outcome.leftOut, skippedKeys }
  }

  private findingsOf({ bound: outcome, threadId }: ConvertedThread, cut: ThreadCut | undefined): Finding[] {
    const findings =
      outcome === undefined ? this.findings : this.findings.filter((finding) => outcome.concerns(finding))
    const before = this.task.state.recorded
    if (before === undefined || !isOtherBound(before.bounds, cut ?? null)) return findings
    const detail = `${boundText(before.bounds)} before, ${boundText(cut ?? null)} now`
    return [...findings, { reason: 'bound-changed', threadId, detail }]
  }
}
