/** The thread that is being converted: its readers and its converter, and the findings it has gathered. */
import type { ConvertedThread, ConvertOptions, Dialect, OpenConverter } from '../convert/converter.js'
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { Finding } from '../model/finding.js'
import type { KnownThread } from '../model/rows.js'
import type { ThreadFacts } from '../model/run.js'
import type { Batch } from '../target/batch.js'
import type { ThreadState } from '../target/commit.js'
import { keyText, type RecordedKeys } from '../target/ledger-pack.js'
import type { ThreadKeys } from './inventory.js'
import { ThreadPass } from './thread-pass.js'

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

  constructor(
    readonly task: Task,
    known: KnownThread,
    batch: Batch,
    registry: LayoutRegistry,
    options: {
      readonly dialect: Dialect
      readonly convert: ConvertOptions
      readonly openConverter: OpenConverter
    },
  ) {
    const report = (finding: Finding) => this.findings.push(finding)
    const converter = options.openConverter(task.threadId, known, batch, report, options.convert)
    const layouts = new Set(task.order.map((key) => key.layout))
    this.pass = new ThreadPass(task.threadId, registry, converter, report, layouts, options.dialect)
  }

  facts(converted: ConvertedThread, targetBytes: number): ThreadFacts {
    const { pass, task } = this
    const read = new Set(task.order)
    const strays = new Set(pass.strays.map(({ key }) => keyText(key.key)))
    return {
      threadId: task.threadId,
      layouts: [...pass.layouts],
      completeness: converted.completeness,
      checkpoints: converted.checkpoints,
      writes: converted.writes,
      blobs: converted.blobs,
      sourceBytes: pass.bytesRead,
      targetBytes,
      sourceKeys: pass.readKeys.filter(({ key }) => !strays.has(keyText(key))),
      unreadKeys: task.keys.filter((key) => !read.has(key)).map((key) => key.key),
      longestPttlMs: pass.longestPttlMs,
      heads: converted.heads,
      findings: this.findings,
      isPart: task.isPart,
    }
  }
}
