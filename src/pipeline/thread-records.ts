/** The records of one thread, all of them at once: for whoever wants to look at a thread instead of moving it. */

import type { RecordTaker } from '../convert/converter.js'
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { Finding } from '../model/finding.js'
import type { Checkpoint, PendingWrite, StoredChannelValue } from '../model/thread.js'
import { readStream } from '../source/read-stream.js'
import type { Source } from '../source/source.js'
import type { ThreadKeys } from './inventory.js'
import { readingOrder } from './reading-order.js'
import { type StrayKey, ThreadPass } from './thread-pass.js'

/** A key of the thread with what was learnt of it by reading. */
export interface ThreadKey {
  readonly claimed: ClaimedKey
  /** Bytes of the value; null where it was not read: an index, or gone. */
  readonly sizeBytes: number | null
  /** Milliseconds it has left; −1: for ever; null: unknown. */
  readonly pttlMs: number | null
}

export interface ThreadRecords {
  readonly threadId: string
  /** In the order of the source: parents before children, where it knows them. */
  readonly checkpoints: readonly Checkpoint[]
  readonly writes: readonly PendingWrite[]
  readonly channelValues: readonly StoredChannelValue[]
  readonly findings: readonly Finding[]
  readonly keys: readonly ThreadKey[]
  /** Keys whose documents say that they belong to another thread. */
  readonly strays: readonly StrayKey[]
}

const READ_BATCH_BYTES = 4 * 1024 ** 2

/** Reads everything of the thread into memory. */
export async function readThreadRecords(
  source: Source,
  registry: LayoutRegistry,
  thread: ThreadKeys,
): Promise<ThreadRecords> {
  const keys = registry.ofThread(thread.keys)
  const order = readingOrder(registry, keys)
  const findings: Finding[] = []
  const pass = new ThreadPass(
    thread.threadId,
    registry,
    new Collector(),
    (finding) => findings.push(finding),
    { layouts: new Set(order.map(({ layout }) => layout)) },
  )
  const learnt = new Map<ClaimedKey, ThreadKey>()
  const requests = order.map((claimed) => ({ key: claimed.key, type: claimed.type, claimed }))
  for await (const { request, result } of readStream(source, requests, { batchBytes: READ_BATCH_BYTES })) {
    const { claimed } = request
    pass.accept(claimed, result)
    if (result.state !== 'read') continue
    learnt.set(claimed, { claimed, sizeBytes: result.sizeBytes, pttlMs: result.pttlMs })
  }
  const collected = pass.end()
  return {
    threadId: thread.threadId,
    ...collected,
    findings,
    strays: pass.strays,
    keys: keys.map((claimed) => learnt.get(claimed) ?? { claimed, sizeBytes: null, pttlMs: null }),
  }
}

type Collected = Pick<ThreadRecords, 'checkpoints' | 'writes' | 'channelValues'>

class Collector implements RecordTaker<Collected> {
  private readonly checkpoints: Checkpoint[] = []
  private readonly writes: PendingWrite[] = []
  private readonly channelValues: StoredChannelValue[] = []

  checkpoint(checkpoint: Checkpoint): void {
    this.checkpoints.push(checkpoint)
  }
  write(write: PendingWrite): void {
    this.writes.push(write)
  }
  channelValue(value: StoredChannelValue): void {
    this.channelValues.push(value)
  }
  unreadable(): void {}
  end(): Collected {
    const { checkpoints, writes, channelValues } = this
    return { checkpoints, writes, channelValues }
  }
}
