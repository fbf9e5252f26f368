/** What the ledger knows of threads, in the form in which a comparison asks for it. */
import type { Doubtful } from '../convert/compare/outcome.js'
import type { RecordedThread } from '../convert/compare/recorded.js'
import type { SqlSession } from '../target/connection/session.js'
import { checkpointName, keyText } from '../target/ledger/pack.js'
import { type CurrentThread, type LedgerScope, readThreads } from '../target/ledger/read.js'
import { readRejected } from '../target/rows/read-rejected.js'
import { CHECKPOINT_DIGESTS } from '../target/rows/row-digests.js'
import type { ReadKey } from './thread-pass.js'

/** One thread on record. */
export class LedgerThread {
  constructor(
    readonly current: CurrentThread,
    /** Checkpoint names (ledger-pack.ts). */
    private readonly rejects: ReadonlySet<string>,
  ) {}

  get threadId(): string {
    return this.current.threadId
  }

  digestOf(checkpointNs: string, checkpointId: string): string | undefined {
    return this.current.rowDigests.get(checkpointName(checkpointNs, checkpointId))
  }

  /** Whether it was the newest of its namespace when it was migrated. */
  isNewest({ checkpointNs, checkpointId }: { readonly checkpointNs: string; readonly checkpointId: string }) {
    return this.current.newest.get(checkpointNs) === checkpointId
  }

  /** For a comparison under way: `keys` gives the keys read so far. */
  whileReading(keys: () => readonly ReadKey[]): RecordedThread {
    const { current, rejects } = this
    let digests = new Map<string, Buffer>()
    const digestNow = (key: Buffer): Buffer | undefined => {
      const read = keys()
      if (digests.size < read.length) digests = new Map(read.map(({ key, digest }) => [keyText(key), digest]))
      return digests.get(keyText(key))
    }
    return {
      wrote: (ns, id) => this.digestOf(ns, id) !== undefined,
      rejected: (ns, id) => rejects.has(checkpointName(ns, id)),
      isAsRecorded: (key) => {
        const before = current.keys.get(keyText(key))?.digest
        const now = digestNow(key)
        return before !== undefined && before !== null && now !== undefined && before.equals(now)
      },
      renumbered: current.renumbered,
      newest: current.newest,
      hadRowsBefore: current.hadRowsBefore,
      isBounded: current.bounds !== null,
      rewritten: current.rewritten,
      isRejected: current.completeness === 'rejected',
    }
  }
}

export class RecordedThreads {
  constructor(
    readonly scope: LedgerScope,
    private readonly use: <T>(work: (session: SqlSession) => Promise<T>) => Promise<T>,
  ) {}

  async of(threadIds: readonly string[]): Promise<Map<string, LedgerThread>> {
    // Postgres' text has no NUL, so no thread on record is named with one.
    const askable = threadIds.filter((threadId) => !threadId.includes('\0'))
    return this.use(async (session) => {
      const threads = await readThreads(session, this.scope, askable)
      return new Map(
        [...(await this.withRejects(session, [...threads.values()]))].map((t) => [t.threadId, t]),
      )
    })
  }

  async withRejects(session: SqlSession, threads: readonly CurrentThread[]): Promise<LedgerThread[]> {
    const incomplete = threads.filter(({ completeness }) => completeness !== 'whole')
    const rejects = new Map<string, Set<string>>(incomplete.map(({ threadId }) => [threadId, new Set()]))
    if (incomplete.length > 0) {
      for (const found of await readRejected(session, this.scope, [...rejects.keys()])) {
        rejects.get(found.threadId)?.add(checkpointName(found.checkpointNs, found.checkpointId))
      }
    }
    return threads.map((thread) => new LedgerThread(thread, rejects.get(thread.threadId) ?? new Set()))
  }

  /** Of the doubts about these threads, those whose rows are to the bit as they were written. */
  async stillAsRecorded(
    threads: readonly { readonly recorded: LedgerThread; readonly doubtful: readonly Doubtful[] }[],
  ): Promise<ReadonlySet<Doubtful>> {
    const doubts = threads.flatMap(({ recorded, doubtful }) => doubtful.map((doubt) => ({ recorded, doubt })))
    const right = new Set<Doubtful>()
    if (doubts.length === 0) return right
    const { rows } = await this.use((session) =>
      session.query<{ thread_id: string; checkpoint_ns: string; checkpoint_id: string; digest: string }>(
        CHECKPOINT_DIGESTS(this.scope.targetSchema, 'of'),
        [
          doubts.map(({ recorded }) => recorded.threadId),
          doubts.map(({ doubt }) => doubt.checkpointNs),
          doubts.map(({ doubt }) => doubt.checkpointId),
        ],
      ),
    )
    const now = new Map(
      rows.map((row) => [nameOf(row.thread_id, row.checkpoint_ns, row.checkpoint_id), row.digest]),
    )
    for (const { recorded, doubt } of doubts) {
      const { checkpointNs, checkpointId } = doubt
      const written = recorded.digestOf(checkpointNs, checkpointId)
      if (
        written !== undefined &&
        now.get(nameOf(recorded.threadId, checkpointNs, checkpointId)) === written
      ) {
        right.add(doubt)
      }
    }
    return right
  }
}

const nameOf = (...parts: readonly string[]): string => parts.join('\0')
