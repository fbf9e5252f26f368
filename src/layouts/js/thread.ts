/** Reads one thread of the official JavaScript savers, full and shallow, whatever versions wrote it. */
import type { RedisValue } from '../../model/redis-value.js'
import type { Checkpoint } from '../../model/thread.js'
import { SPECIAL_WRITE_IDX } from '../../model/thread.js'
import { EarlyCheckpoints } from '../early-checkpoints.js'
import type { ClaimedKey, RecordSink, ThreadReader } from '../layout.js'
import { idField } from '../plain/json-records.js'
import { type CheckpointIds, placeOf, ThreadFindings } from '../thread-findings.js'
import { type JsDocument, openJsDocument } from './document.js'
import {
  blobRecord,
  checkpointIds,
  checkpointRecord,
  isShallowKey,
  type JsWrite,
  writeRecord,
} from './records.js'

/**
 * Keys come in the order of `jsReadingOrder`. Nothing of a value is kept: a checkpoint of the full saver is handed on with what its own
 * document holds, and whoever takes it knows by the channel versions which ancestor had the rest.
 */
export class JsThread implements ThreadReader {
  private readonly findings: ThreadFindings
  /** Every checkpoint there is, by namespace and id, readable or not. */
  private readonly known = new Set<string>()
  /** Namespace → id of its shallow checkpoint. */
  private readonly shallowIds = new Map<string, string>()
  /** Descendants of a checkpoint that comes after them, because two servers' clocks disagreed. */
  private readonly early = new EarlyCheckpoints()
  /** The checkpoint whose writes are coming, and of each task's special channels the newest write. */
  private writesOf = ''
  private readonly special = new Map<string, JsWrite>()

  constructor(
    private readonly threadId: string,
    private readonly sink: RecordSink,
  ) {
    this.findings = new ThreadFindings(threadId, sink)
  }

  accept(key: ClaimedKey, value: RedisValue): void {
    if (value.type !== 'ReJSON-RL') {
      this.sink.notMine(key)
      return
    }
    this.readable(key, key, () => this.document(key, openJsDocument(value.text)))
  }

  end(): void {
    this.releaseEarly()
    this.releaseSpecial()
  }

  private document(key: ClaimedKey, document: JsDocument): void {
    if (document.kind === 'foreign') {
      this.sink.notMine(key)
      return
    }
    const threadId = idField(document, 'thread_id') ?? this.threadId
    if (threadId !== this.threadId) this.sink.belongsTo(key, threadId)
    else if (document.kind === 'checkpoint') this.checkpoint(key, document)
    else if (document.kind === 'write') this.write(writeRecord(document, key, threadId))
    else this.sink.channelValue(blobRecord(document, key, threadId))
  }

  private checkpoint(key: ClaimedKey, document: JsDocument): void {
    const ids = checkpointIds(document, key, this.threadId)
    const { checkpointNs, checkpointId } = ids
    if (this.early.checkpointNs !== checkpointNs) this.releaseEarly()
    this.early.checkpointNs = checkpointNs
    if (isShallowKey(key)) this.shallowIds.set(checkpointNs, checkpointId)
    this.readable(key, ids, () => {
      const checkpoint = checkpointRecord(document, ids, key)
      const { parentCheckpointId: parentId } = checkpoint
      const hasParent = parentId === null || this.known.has(placeOf({ checkpointNs, checkpointId: parentId }))
      if (hasParent || !this.early.take(checkpoint)) this.handOn(checkpoint)
    })
  }

  private handOn(checkpoint: Checkpoint): void {
    const waiting = [checkpoint]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      this.known.add(placeOf(next))
      this.sink.checkpoint(next)
      waiting.push(...this.early.childrenOf(next.checkpointId))
    }
  }

  /** Their parents have not come and will not. */
  private releaseEarly(): void {
    for (const checkpoint of this.early.orphans()) this.handOn(checkpoint)
  }

  private write(found: JsWrite): void {
    this.releaseEarly()
    const { write } = found
    const checkpoint = placeOf(write)
    if (checkpoint !== this.writesOf) this.releaseSpecial()
    this.writesOf = checkpoint
    const shallowId = this.shallowIds.get(write.checkpointNs)
    const isReplaced =
      shallowId !== undefined && write.checkpointId < shallowId && !this.known.has(checkpoint)
    // Of a checkpoint that is gone from here the target may still have the row: what becomes of its writes is decided there.
    const handedOn = isReplaced ? { ...found, write: { ...write, isReplaced } } : found
    if (write.channel in SPECIAL_WRITE_IDX) this.specialWrite(handedOn)
    else this.sink.write(handedOn.write)
  }

  /** Before 1.0.8, and in the shallow saver always, special channels have plain positions: one task can hold several; Postgres has one place. */
  private specialWrite(found: JsWrite): void {
    const slot = `${found.write.taskId}\0${found.write.channel}`
    const other = this.special.get(slot)
    const newest = other === undefined || isNewer(found, other) ? found : other
    this.special.set(slot, newest)
    if (other === undefined) return
    const { write } = newest === found ? other : found
    this.findings.report('duplicate-write', write.origin.key, write, `channel ${write.channel}`)
  }

  private releaseSpecial(): void {
    for (const { write } of this.special.values()) this.sink.write(write)
    this.special.clear()
  }

  private readable(key: ClaimedKey, ids: CheckpointIds, read: () => void): void {
    if (!this.findings.readable(key, ids, read) && key.role === 'checkpoint') this.known.add(placeOf(ids))
  }
}

/** By the clock of the process that wrote them, where it did; then the longer list, which holds the shorter one's answers too. */
function isNewer(a: JsWrite, b: JsWrite): boolean {
  const [first, second] = [a.globalIdx ?? a.position, b.globalIdx ?? b.position]
  return first - second > 0 || (first === second && (a.length - b.length || a.position - b.position) > 0)
}
