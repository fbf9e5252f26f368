/** The port every layout implements: which keys it claims, in which order a thread is read, what records its values make. */
import type { Finding } from '../model/finding.js'
import type { RedisType, RedisValue } from '../model/redis-value.js'
import type { Checkpoint, PendingWrite, StoredChannelValue } from '../model/thread.js'

/** What a claimed key holds. `pointer` and `index` keys hold nothing to migrate; they are purged with their thread. */
export type KeyRole = 'checkpoint' | 'write' | 'blob' | 'index' | 'pointer' | 'snapshot'

/** What a key's TYPE and name alone say about it. */
export interface Claim {
  readonly layout: string
  readonly role: KeyRole
  readonly threadId: string
  readonly checkpointNs: string
  /** Empty where the key holds none. */
  readonly checkpointId: string
  /** True where the key can be split in another way too: then the document's own fields decide. */
  readonly ambiguous?: boolean
}

/** One key of a thread, as the inventory holds it. */
export interface ClaimedKey extends Claim {
  readonly key: Buffer
  readonly type: RedisType
  /** Layouts whose readers have seen the value and refused it. */
  readonly refusedBy?: ReadonlySet<string>
}

/** Names that a saver lets its user choose. */
export interface Prefixes {
  /** `checkpoint` unless the user chose another. */
  readonly checkpoint: readonly string[]
  readonly checkpointWrite: readonly string[]
  readonly checkpointBlob: readonly string[]
}
export const DEFAULT_PREFIXES: Prefixes = {
  checkpoint: ['checkpoint'],
  checkpointWrite: ['checkpoint_write'],
  checkpointBlob: ['checkpoint_blob'],
}

/** What a thread's reader hands on. */
export interface RecordSink {
  checkpoint(checkpoint: Checkpoint): void
  write(write: PendingWrite): void
  /** After the checkpoints that may need it. */
  channelValue(value: StoredChannelValue): void
  finding(finding: Finding): void
  /** The document belongs to another thread than its key said: the pipeline hands the key to that thread. */
  belongsTo(key: ClaimedKey, threadId: string): void
  /** The key is none of this layout's after all (decided by its value): the pipeline asks the next layout, or reports it. */
  notMine(key: ClaimedKey): void
}

/** Reads one thread. Pure: values come in, records go out. Bad data makes a finding, never an exception. */
export interface ThreadReader {
  accept(key: ClaimedKey, value: RedisValue): void
  /** All keys were given. */
  end(): void
}

export interface Layout {
  /** Shown in reports, stored in the ledger; never renamed. */
  readonly id: string
  /** For a table row: `official Python saver 0.2–0.5 (RedisJSON)`. */
  readonly title: string
  /** Which saver in which versions writes it, with its source. */
  readonly writtenBy: string
  /** The language whose saver will read the target. */
  readonly dialect: 'python' | 'js'
  /** Known only so that it can be refused by name. */
  readonly isRefused?: true
  /**
   * The id of another layout whose reader reads this one's keys too, because one thread may hold both and they share write keys. That
   * layout claims all of them and labels each record by its document (`origin.layout`); a key it refused need not be offered here.
   */
  readonly readBy?: string
  /** What TYPE and name alone say; null where the key cannot be this layout's. */
  claim(key: Buffer, type: RedisType, prefixes: Prefixes): Claim | null
  /**
   * Where names alone cannot tell two layouts apart, a thread's other keys may: all of its keys, the doubtful ones claimed for this
   * layout; null where this layout has no say.
   */
  claimOfThread?(keys: readonly ClaimedKey[], prefixes: Prefixes): readonly ClaimedKey[] | null
  /** Tells it from its neighbours: is this value (of a key with that role) written by this layout's saver? The evidence is for `detect`. */
  recognises(key: ClaimedKey, value: RedisValue): { readonly yes: boolean; readonly evidence: string }
  /** The order in which the thread's keys are to be read; keys left out are not read (indexes, pointers). */
  readingOrder(keys: readonly ClaimedKey[]): readonly ClaimedKey[]
  openThread(threadId: string, sink: RecordSink): ThreadReader
}
