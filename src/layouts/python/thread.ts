/** Reads one thread of the official Python savers, whatever versions wrote it: an upgraded saver leaves the documents of the old one in place. */
import { DecodeError } from '../../codec/bytes.js'
import type { ReasonId } from '../../model/finding.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { Checkpoint, PendingWrite } from '../../model/thread.js'
import { TASKS_CHANNEL } from '../../model/thread.js'
import type { ClaimedKey, RecordSink, ThreadReader } from '../layout.js'
import { differingChannels } from '../same-checkpoint.js'
import { type CheckpointIds, placeOf, ThreadFindings } from '../thread-findings.js'
import { PythonBlobs } from './blobs.js'
import {
  openPythonDocument,
  PYTHON_FULL,
  PYTHON_FULL_0_0,
  PYTHON_SHALLOW,
  type PythonDocument,
  threadOfDocument,
} from './document.js'
import { blobRecord, checkpointIds, checkpointRecord, writeRecord } from './records.js'

/** A shallow checkpoint of v < 4 and the Sends of its parent, which only the parent's remaining writes tell. */
interface HeldShallow {
  readonly checkpoint: Checkpoint
  parentId: string
  sends: PendingWrite[]
}

/** Keys come in the order of `pythonReadingOrder`; in another order nothing is lost but the nicer of two copies. */
export class PythonThread implements ThreadReader {
  private readonly findings: ThreadFindings
  /** Every checkpoint there is, by namespace and id, and whether it could be read. */
  private readonly known = new Map<string, 'read' | 'unreadable'>()
  /** Namespace → id of its shallow checkpoint. */
  private readonly shallowIds = new Map<string, string>()
  private readonly held = new Map<string, HeldShallow>()
  /** Checkpoints of 0.0.x, whose key does not tell their id: a newer saver's copy may follow under it. */
  private waiting: Checkpoint[] = []
  private readonly blobs = new PythonBlobs()
  /** The checkpoint whose writes are coming, and the slots they took. */
  private writesOf = ''
  private readonly writeSlots = new Set<string>()

  constructor(
    private readonly threadId: string,
    private readonly sink: RecordSink,
  ) {
    this.findings = new ThreadFindings(threadId, sink)
  }

  accept(key: ClaimedKey, value: RedisValue): void {
    if (key.role === 'pointer') this.pointer(key, value)
    else if (value.type === 'ReJSON-RL') this.readable(key, key, () => this.document(key, value.text))
    else this.sink.notMine(key)
  }

  end(): void {
    this.releaseWaiting()
    for (const ns of [...this.held.keys()]) this.releaseHeld(ns)
  }

  private document(key: ClaimedKey, text: Buffer): void {
    const document = openPythonDocument(text)
    if (document.kind === 'foreign') {
      this.sink.notMine(key)
      return
    }
    if (document.kind === 'stub') {
      this.findings.report('stub-document', key.key, key)
      return
    }
    const threadId = threadOfDocument(document)
    if (threadId === undefined && key.ambiguous) this.findings.report('ambiguous-thread', key.key, key)
    else if (threadId !== undefined && threadId !== this.threadId) this.sink.belongsTo(key, threadId)
    else if (document.kind === 'checkpoint') this.checkpoint(key, document)
    else if (document.kind === 'write') this.write(writeRecord(document, key, this.threadId))
    else if (document.kind === 'blob' && key.role === 'blob') {
      this.blobs.add(blobRecord(document, key), text.length)
    } else if (key.role === 'write') this.unreadable(key, 'undecodable', 'a write without its task')
    else this.unreadable(key, 'not-a-checkpoint', 'no checkpoint in it')
  }

  private checkpoint(key: ClaimedKey, document: PythonDocument): void {
    const { checkpointNs, checkpointId } = key
    this.releaseWaiting((other) => other.checkpointNs !== checkpointNs || other.checkpointId < checkpointId)
    const ids = checkpointIds(document, key)
    this.readable(key, ids, () => {
      const checkpoint = this.withBlobs(checkpointRecord(document, ids, key, this.threadId))
      if (ids.layout === PYTHON_FULL_0_0) {
        this.releaseWaiting((other) => other.checkpointId === checkpointId)
        this.waiting.push(checkpoint)
      } else if (ids.layout === PYTHON_SHALLOW) {
        this.shallow(checkpoint)
      } else {
        if (ids.parentIsItself) this.findings.report('parent-is-itself', key.key, ids)
        this.replaceWaiting(checkpoint)
        this.emit(checkpoint)
      }
    })
  }

  private shallow(checkpoint: Checkpoint): void {
    const { checkpointNs, checkpointId } = checkpoint
    const name = placeOf({ checkpointNs, checkpointId })
    this.shallowIds.set(checkpointNs, checkpointId)
    if (versionNumber(checkpoint) >= 4 || this.known.has(name)) {
      this.emit(checkpoint)
    } else {
      this.known.set(name, 'read')
      this.held.set(checkpointNs, { checkpoint, parentId: '', sends: [] })
    }
  }

  private write(write: PendingWrite): void {
    this.releaseWaiting()
    const { checkpointNs, checkpointId } = write
    const held = this.held.get(checkpointNs)
    if (held !== undefined && checkpointId < held.checkpoint.checkpointId) {
      this.writeBeforeHeld(held, write)
      return
    }
    this.releaseHeld(checkpointNs)
    const isReplaced = !this.known.has(placeOf({ checkpointNs, checkpointId })) && this.isReplaced(write)
    // Of a checkpoint that is gone from here the target may still have the row: what becomes of its writes is decided there.
    if (this.takesSlot(write)) this.sink.write(isReplaced ? { ...write, isReplaced } : write)
    else this.findings.report('duplicate-write', write.origin.key, write)
  }

  /** False for a second write of one task under one index: the keys of 0.0.1–0.0.2 and later ones can stand for the same. */
  private takesSlot({ checkpointNs, checkpointId, taskId, idx }: PendingWrite): boolean {
    const checkpoint = placeOf({ checkpointNs, checkpointId })
    if (checkpoint !== this.writesOf) {
      this.writesOf = checkpoint
      this.writeSlots.clear()
    }
    const slots = this.writeSlots.size
    return this.writeSlots.add(`${taskId}\0${idx}`).size > slots
  }

  /**
   * Until v 4 pending Sends are writes of the parent, and a shallow saver keeps no parent: it is the newest older checkpoint that
   * still has writes. Writes come in the order of their checkpoints.
   */
  private writeBeforeHeld(held: HeldShallow, write: PendingWrite): void {
    if (write.checkpointId > held.parentId) {
      for (const send of held.sends) this.replaced(send)
      held.parentId = write.checkpointId
      held.sends = []
    }
    if (write.checkpointId === held.parentId && write.channel === TASKS_CHANNEL) held.sends.push(write)
    else this.replaced(write)
  }

  /** The shallow saver has put a newer checkpoint in its place. */
  private isReplaced({ checkpointNs, checkpointId }: PendingWrite): boolean {
    const shallowId = this.shallowIds.get(checkpointNs)
    return shallowId !== undefined && checkpointId < shallowId
  }

  private replaced(write: PendingWrite): void {
    this.sink.write({ ...write, isReplaced: true })
  }

  private releaseHeld(ns: string): void {
    const held = this.held.get(ns)
    if (held === undefined) return
    this.held.delete(ns)
    const { checkpoint, parentId, sends } = held
    this.sink.checkpoint(sends.length > 0 ? { ...checkpoint, parentCheckpointId: parentId } : checkpoint)
    for (const send of sends) this.sink.write(send)
  }

  /** Hands on the waiting checkpoints that no newer copy can follow any more, parents first. */
  private releaseWaiting(isDone: (checkpoint: Checkpoint) => boolean = () => true): void {
    if (this.waiting.length === 0) return
    const done = this.waiting.filter(isDone).sort((a, b) => (a.checkpointId < b.checkpointId ? -1 : 1))
    this.waiting = this.waiting.filter((checkpoint) => !done.includes(checkpoint))
    for (const checkpoint of done) this.emit(checkpoint)
  }

  private replaceWaiting(newer: Checkpoint): void {
    this.waiting = this.waiting.filter((older) => {
      if (!isSame(older, newer)) return true
      const differing = differingChannels(older, newer)
      const detail = differing.length > 0 ? `differs in channel ${differing.join(', ')}` : undefined
      this.findings.report('older-copy', older.origin.key, older, detail)
      return false
    })
  }

  private emit(checkpoint: Checkpoint): void {
    const name = placeOf(checkpoint)
    if (this.known.get(name) === 'read') {
      this.findings.report('older-copy', checkpoint.origin.key, checkpoint)
      return
    }
    this.known.set(name, 'read')
    this.sink.checkpoint(checkpoint)
  }

  /** Fills in channels that have a version, but no value inline. */
  private withBlobs(checkpoint: Checkpoint): Checkpoint {
    if (this.blobs.isEmpty || checkpoint.origin.layout === PYTHON_FULL) return checkpoint
    const { checkpointNs, channelVersions, channelValues } = checkpoint
    const values = new Map(channelValues)
    for (const [channel, version] of channelVersions) {
      if (channelValues.has(channel)) {
        this.blobs.release(checkpointNs, channel, version)
        continue
      }
      const value = this.blobs.find(checkpointNs, channel, version)
      if (value === 'dropped')
        throw new DecodeError(`the blobs of channel ${channel} are too large to keep at hand`, 0)
      if (value !== undefined) values.set(channel, value)
    }
    return values.size === channelValues.size ? checkpoint : { ...checkpoint, channelValues: values }
  }

  /** The value is the whole name of a checkpoint key; other savers' pointers hold a bare id. */
  private pointer(key: ClaimedKey, value: RedisValue): void {
    this.releaseWaiting()
    const target = value.type === 'string' ? value.bytes.toString('utf8') : ''
    const at = target.lastIndexOf(':')
    const ids = { checkpointNs: key.checkpointNs, checkpointId: target.slice(at + 1) }
    if (at < 0 || !target.includes(this.threadId)) this.sink.notMine(key)
    else if (!this.known.has(placeOf(ids))) this.findings.report('dangling-pointer', key.key, ids)
  }

  private readable(key: ClaimedKey, ids: CheckpointIds, read: () => void): void {
    if (!this.findings.readable(key, ids, read)) this.noteUnreadable(key, ids)
  }

  private unreadable(key: ClaimedKey, reason: ReasonId, detail: string): void {
    this.noteUnreadable(key, key)
    this.findings.unreadable(key, key, reason, detail)
  }

  private noteUnreadable(key: ClaimedKey, ids: CheckpointIds): void {
    const name = placeOf(ids)
    if (key.role === 'checkpoint' && !this.known.has(name)) this.known.set(name, 'unreadable')
  }
}

const isSame = (a: Checkpoint, b: Checkpoint): boolean =>
  a.checkpointNs === b.checkpointNs && a.checkpointId === b.checkpointId

/** The checkpoint format's own version; before there was one it was 1. */
function versionNumber({ fields }: Checkpoint): number {
  return Number(fields.get('v')?.bytes?.toString('latin1') ?? 1)
}
