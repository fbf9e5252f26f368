/** Reads one thread of any pickling saver: they share keys, so every value is asked for its form. */
import { DecodeError } from '../../codec/bytes.js'
import { asInt, classOf, field } from '../../codec/pickle/navigate.js'
import type { PickleNode } from '../../codec/pickle/node.js'
import type { ReasonId } from '../../model/finding.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { Checkpoint } from '../../model/thread.js'
import { isUuid } from '../keys/keys.js'
import type { ClaimedKey, RecordSink, ThreadReader } from '../layout.js'
import { isParentLost, ParentOrder } from '../parent-order.js'
import { memorySnapshot, type Snapshot, snapshotOf } from '../plain/memory-snapshot.js'
import { WriteSlots } from '../write-slots.js'
import { checkpointBody, idText, isCheckpointDict, metadataValue } from './checkpoint.js'
import type { PickledCheckpoint, PickledForm } from './form.js'
import { bareNsIn, pickleKeyOf, taskIdIn } from './keys.js'
import { openPickle } from './payload.js'
import { type PlacedWrite, pickledWrites } from './writes.js'

/** A checkpoint with the form it came in. */
export interface FoundForm {
  readonly form: PickledForm
  readonly found: PickledCheckpoint
}

/** Keys come in the order of `pickleReadingOrder`. */
export class PickledThread implements ThreadReader {
  /** Ids in keys and in payloads, readable or not: what a pointer may name. */
  private readonly known = new Set<string>()
  /** Checkpoint id → what was read of it: a write's key holds no namespace, and its layout is its checkpoint's. */
  private readonly read = new Map<string, { readonly checkpointNs: string; readonly layout: string }>()
  private readonly order = new ParentOrder()
  private readonly slots = new WriteSlots()
  private writesOf = ''

  constructor(
    private readonly threadId: string,
    private readonly sink: RecordSink,
    private readonly formOf: (node: PickleNode, key: ClaimedKey) => FoundForm | undefined,
  ) {}

  accept(key: ClaimedKey, value: RedisValue): void {
    if (value.type !== 'string') this.sink.notMine(key)
    else if (key.role === 'pointer') this.pointer(key, value.bytes)
    else this.pickle(key, value.bytes)
  }

  end(): void {
    for (const write of this.slots.drain()) this.sink.write(write)
  }

  private pickle(key: ClaimedKey, bytes: Buffer): void {
    try {
      const node = openPickle(bytes)
      if (node === undefined) this.sink.notMine(key)
      else if (key.role === 'write') this.writes(key, node)
      else this.checkpoints(key, node)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.find(key, error.reason, `offset ${error.offset}: ${error.message}`)
    }
  }

  private checkpoints(key: ClaimedKey, node: PickleNode): void {
    const found = this.formOf(node, key)
    const snapshot = found === undefined ? snapshotOf(node) : undefined
    if (found !== undefined) this.checkpoint(key, found)
    else if (snapshot !== undefined) this.snapshot(key, snapshot)
    // Tuples, lists and dicts of another shape are other people's.
    else if (['tuple', 'list', 'dict'].includes(node.kind)) this.sink.notMine(key)
    else this.find(key, 'not-a-checkpoint', `pickle of ${classOf(node) ?? node.kind}`)
  }

  private checkpoint(key: ClaimedKey, { form, found }: FoundForm): void {
    const { checkpoint, metadata, writes } = found
    const checkpointId = idText(field(checkpoint, 'id')) ?? found.checkpointId
    const whose = this.whose(key, found)
    if (!isCheckpointDict(checkpoint) || checkpointId === undefined || checkpointId === '') {
      this.find(key, 'not-a-checkpoint', 'a checkpoint without an id or channel_values')
    } else if (whose.threadId !== this.threadId) {
      this.sink.belongsTo(key, whose.threadId)
    } else {
      const ids = { ...whose, checkpointId }
      const origin = { key: key.key, layout: form.id }
      const record: Checkpoint = {
        ...ids,
        ...checkpointBody(checkpoint),
        metadata: metadataValue(metadata),
        ...this.parentOf(key, ids, found),
        origin,
      }
      if (metadata === undefined) this.sink.finding({ reason: 'metadata-missing', ...ids, key: key.key })
      const about = { ...ids, taskId: undefined, origin }
      const pending = writes === undefined ? [] : pickledWrites(writes, about)
      if (pending === undefined) throw new DecodeError('pending writes are no (task id, channel, value)', 0)
      this.known.add(key.checkpointId)
      this.emit(record)
      this.take(pending)
    }
  }

  /** The value's own word counts, then the key's. */
  private whose(key: ClaimedKey, found: PickledCheckpoint): Pick<Checkpoint, 'threadId' | 'checkpointNs'> {
    const ns = pickleKeyOf(key).checkpointNs
    const bare = found.nsInKey && ns === undefined && found.threadId === undefined && bareNsIn(key.threadId)
    if (bare) return bare
    return { threadId: found.threadId ?? key.threadId, checkpointNs: found.checkpointNs ?? ns ?? '' }
  }

  private parentOf(
    key: ClaimedKey,
    ids: Pick<Checkpoint, 'threadId' | 'checkpointNs' | 'checkpointId'>,
    { metadata, parentId }: PickledCheckpoint,
  ): Pick<Checkpoint, 'parentCheckpointId' | 'parentIsLost'> {
    const { checkpointNs, checkpointId } = ids
    const node = metadata && field(metadata, 'step')
    const number = node && asInt(node)
    const step = number === undefined ? undefined : Number(number)
    const before = this.order.parentOf(checkpointNs, checkpointId, step)
    // A nested graph of langgraph 0.2 took the id of the root's checkpoint and overwrote it. The parent stays: the saver gives it so.
    if (parentId === checkpointId) this.sink.finding({ reason: 'parent-is-itself', ...ids, key: key.key })
    if (parentId !== undefined) return { parentCheckpointId: parentId === '' ? null : parentId }
    if (before !== null) this.sink.finding({ reason: 'parent-rebuilt', ...ids, key: key.key })
    return { parentCheckpointId: before, ...(isParentLost(before, step) && { parentIsLost: true }) }
  }

  private snapshot(key: ClaimedKey, snapshot: Snapshot): void {
    const threadId = snapshot.threadId ?? this.threadId
    if (threadId !== this.threadId) {
      this.sink.belongsTo(key, threadId)
      return
    }
    const origin = { key: key.key, layout: memorySnapshot.id }
    for (const entry of snapshot.entries) {
      try {
        this.emit(entry.checkpoint(threadId, origin))
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
        const { checkpointNs, checkpointId } = entry
        const detail = `offset ${error.offset}: ${error.message}`
        this.sink.finding({
          reason: error.reason,
          threadId,
          checkpointNs,
          checkpointId,
          key: key.key,
          detail,
        })
      }
    }
    this.take(snapshot.writes(threadId, origin))
  }

  private emit(checkpoint: Checkpoint): void {
    const { checkpointNs, checkpointId, origin } = checkpoint
    this.known.add(checkpointId)
    this.read.set(checkpointId, { checkpointNs, layout: origin.layout })
    this.sink.checkpoint(checkpoint)
  }

  private writes(key: ClaimedKey, node: PickleNode): void {
    const { checkpointId, threadId } = key
    const { checkpointNs, layout } = this.read.get(checkpointId) ?? key
    const about = {
      threadId,
      checkpointNs,
      checkpointId,
      taskId: taskIdIn(key),
      origin: { key: key.key, layout },
    }
    const writes = pickledWrites(node, about)
    if (writes === undefined) this.sink.notMine(key)
    else this.take(writes)
  }

  /** Writes come checkpoint by checkpoint, so that those of one are enough to find which of them share a place. */
  private take(writes: readonly PlacedWrite[]): void {
    for (const { write, position } of writes) {
      if (write.checkpointId !== this.writesOf) this.end()
      this.writesOf = write.checkpointId
      const left = this.slots.add(write, position)
      if (left === undefined) continue
      const { threadId, checkpointNs, checkpointId, origin } = left
      this.sink.finding({ reason: 'duplicate-write', threadId, checkpointNs, checkpointId, key: origin.key })
    }
  }

  private pointer(key: ClaimedKey, bytes: Buffer): void {
    const checkpointId = bytes.toString('utf8')
    if (this.known.has(checkpointId)) return
    const ids = { threadId: this.threadId, checkpointNs: key.checkpointNs, checkpointId }
    if (isUuid(checkpointId)) this.sink.finding({ reason: 'dangling-pointer', ...ids, key: key.key })
    else this.sink.notMine(key)
  }

  private find(key: ClaimedKey, reason: ReasonId, detail: string): void {
    const { checkpointNs, checkpointId } = key
    // A finding that names a checkpoint leaves it out: a write that cannot be read does not.
    if (key.role !== 'write') this.known.add(checkpointId)
    const about = key.role === 'write' ? { checkpointNs } : { checkpointNs, checkpointId }
    this.sink.finding({ reason, threadId: this.threadId, ...about, key: key.key, detail })
  }
}
