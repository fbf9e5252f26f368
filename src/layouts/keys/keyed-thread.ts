/** Reads one thread of the savers whose ids stand in their keys: hashes, JSON and serde bytes in plain Redis, whatever form each value has. */
import { DecodeError } from '../../codec/bytes.js'
import type { RedisValue } from '../../model/redis-value.js'
import { type Checkpoint, type PendingWrite, ROOT_NS, SPECIAL_WRITE_IDX } from '../../model/thread.js'
import { AwaitedBlobs } from '../awaited-blobs.js'
import { ForkOverwrites } from '../fork-overwrites.js'
import type { ClaimedKey, RecordSink, ThreadReader } from '../layout.js'
import { isParentLost, ParentOrder } from '../parent-order.js'
import { differingChannels } from '../same-checkpoint.js'
import { type CheckpointIds, placeOf, ThreadFindings } from '../thread-findings.js'
import { WriteSlots } from '../write-slots.js'
import { namespaceIn } from './key-tail.js'
import type { BlobForm, KeyedForm, ReadWrite, StoredCheckpoint } from './keyed-form.js'
import { EMPTY_ID_SENTINEL } from './keys.js'

/** A checkpoint that was read, for the writes that follow. */
interface Known {
  readonly checkpointNs: string
  readonly form: KeyedForm
  /** Its writes have come: what comes later is of another copy. */
  hasWrites: boolean
}

/** Keys come in the order of `keyedReadingOrder`. `separator` is that of the keys. */
export class KeyedThread implements ThreadReader {
  private readonly findings: ThreadFindings
  /** By the namespace in the key and the checkpoint's id. */
  private readonly known = new Map<string, Known>()
  /** Checkpoints whose values named another thread than their keys: their writes follow them. */
  private readonly moved = new Map<string, string>()
  /** Ids of checkpoints whose keys hold the time instead. */
  private readonly idsByTime = new Map<string, string>()
  private readonly parents = new ParentOrder()
  private readonly forks = new ForkOverwrites()
  private readonly awaited = new AwaitedBlobs((checkpoint, missing) => this.complete(checkpoint, missing))
  private readonly slots = new WriteSlots()
  /** The checkpoint whose writes are coming. */
  private writesOf = ''
  /** A checkpoint of the root graph stands under a key that can be split in one way only: there is such a thread. */
  private hasRoot = false
  private last: Checkpoint | undefined
  private owner: string | undefined

  constructor(
    private readonly threadId: string,
    private readonly sink: RecordSink,
    private readonly forms: readonly KeyedForm[],
    private readonly separator: string,
  ) {
    this.findings = new ThreadFindings(threadId, sink)
  }

  accept(key: ClaimedKey, value: RedisValue): void {
    const form = key.role === 'pointer' ? undefined : this.formOf(key, value)
    if (key.role === 'pointer') this.pointer(key, value)
    else if (form === undefined) this.sink.notMine(key)
    else this.findings.readable(key, key, () => this.read(form, key, value))
  }

  end(): void {
    this.awaited.end()
    this.releaseWrites()
  }

  /** A write looks like its checkpoint's. */
  private formOf(key: ClaimedKey, value: RedisValue): KeyedForm | undefined {
    const own = key.role === 'write' ? this.known.get(placeOf(key))?.form : undefined
    if (own?.evidence(key, value) !== undefined || own?.isOwnWrite?.(value)) return own
    return this.forms.find((form) => form.evidence(key, value) !== undefined)
  }

  private read(form: KeyedForm, key: ClaimedKey, value: RedisValue): void {
    const movedTo = this.moved.get(placeOf(key))
    if (key.role !== 'blob' && key.role !== 'write') this.checkpoint(form, key, form.checkpoint(key, value))
    else if (movedTo !== undefined) this.sink.belongsTo(key, movedTo)
    else if (key.role === 'write') this.writes(form, key, form.writes(key, value))
    else if (form.blobs !== undefined) this.awaited.blob(form.blobs.read(key, value))
  }

  private checkpoint(form: KeyedForm, key: ClaimedKey, stored: StoredCheckpoint): void {
    const { dict, metadata } = stored
    const checkpointId = dict.id ?? key.checkpointId
    if (checkpointId === '') throw new DecodeError('a checkpoint without an id', 0)
    const place = placeOf({ checkpointNs: key.checkpointNs, checkpointId })
    if (!this.isOfThisThread(key, stored, place)) return
    const checkpointNs = stored.checkpointNs ?? namespaceIn(key, this.threadId, this.separator)
    const isCopy = this.known.has(place)
    if (!isCopy) this.known.set(place, { checkpointNs, form, hasWrites: false })
    if (!key.ambiguous && checkpointNs === ROOT_NS) this.hasRoot = true
    const { id: _, valuesElsewhere, ...body } = dict
    const ids = { threadId: this.threadId, checkpointNs, checkpointId }
    if (form.keysHoldTime) this.idsByTime.set(key.checkpointId, checkpointId)
    const idInKey = form.keysHoldTime ? '' : key.checkpointId
    const parentCheckpointId = this.parentOf(ids, key.key, idInKey, stored)
    const parentIsLost = stored.parentId === undefined && isParentLost(parentCheckpointId, stored.step)
    const origin = { key: key.key, layout: form.layout }
    const checkpoint = { ...ids, parentCheckpointId, parentIsLost, ...body, metadata, origin }
    if (stored.lacksMetadata) this.findings.report('metadata-missing', key.key, ids)
    if (isCopy) this.reportCopy(checkpoint)
    else if (valuesElsewhere && form.blobs !== undefined) this.await(form.blobs, checkpoint)
    else this.sink.checkpoint(checkpoint)
    if (!isCopy) this.last = checkpoint
  }

  /** What the value says of its thread beats the key; where neither settles it, a thread that surely exists does. */
  private isOfThisThread(key: ClaimedKey, stored: StoredCheckpoint, place: string): boolean {
    const named = stored.threadId ?? (key.ambiguous ? stored.hintedThreadId : undefined)
    if (named !== undefined && named !== this.threadId) {
      this.moved.set(place, named)
      this.sink.belongsTo(key, named)
      return false
    }
    if (named === undefined && key.ambiguous && !this.hasRoot) {
      this.findings.report('ambiguous-thread', key.key, key)
      return false
    }
    this.owner ??= stored.owner
    if (stored.owner !== this.owner) {
      this.findings.report(
        'ambiguous-thread',
        key.key,
        key,
        `of ${stored.owner}: there is one of ${this.owner} too`,
      )
      return false
    }
    return true
  }

  /** Some copies use the parent's id as the key's: then the key tells the parent. */
  private parentOf(
    ids: CheckpointIds,
    key: Buffer,
    idInKey: string,
    stored: StoredCheckpoint,
  ): string | null {
    const { checkpointNs, checkpointId } = ids
    if (idInKey !== '' && idInKey !== checkpointId) return idInKey === EMPTY_ID_SENTINEL ? null : idInKey
    if (stored.parentId === undefined) {
      const parent = this.parents.parentOf(checkpointNs, checkpointId, stored.step)
      if (parent !== null) this.findings.report('parent-rebuilt', key, ids)
      return parent
    }
    if (stored.parentId === null || stored.parentId === '') return null
    const parent = this.idsByTime.get(stored.parentId) ?? stored.parentId
    if (parent === checkpointId) this.findings.report('parent-is-itself', key, ids)
    return parent
  }

  /** The first of two keys of one checkpoint is taken; mostly it came just before. */
  private reportCopy(checkpoint: Checkpoint): void {
    const { last } = this
    const differing =
      last !== undefined && isSame(last, checkpoint) ? differingChannels(last, checkpoint) : []
    const detail = differing.length > 0 ? `differs in channel ${differing.join(', ')}` : undefined
    this.findings.report('older-copy', checkpoint.origin.key, checkpoint, detail)
  }

  private await({ nameOf, oneOfEachVersion }: BlobForm, checkpoint: Checkpoint): void {
    const names = new Map<string, string>()
    for (const [channel, version] of checkpoint.channelVersions)
      names.set(channel, nameOf(checkpoint.checkpointNs, channel, version))
    if (oneOfEachVersion) this.forks.note(checkpoint, names)
    this.awaited.add(checkpoint, names, oneOfEachVersion)
  }

  /** A checkpoint with its blobs. */
  private complete(checkpoint: Checkpoint, missing: readonly string[]): void {
    const { key } = checkpoint.origin
    for (const channel of missing)
      this.findings.report(
        'value-lost-at-source',
        key,
        checkpoint,
        `channel ${channel}: the key of its value is gone`,
      )
    for (const [channel, by] of this.forks.of(checkpoint)) {
      if (checkpoint.channelValues.has(channel))
        this.findings.report('value-overwritten', key, checkpoint, `channel ${channel}: by checkpoint ${by}`)
    }
    this.sink.checkpoint(checkpoint)
  }

  private writes(form: KeyedForm, key: ClaimedKey, stored: readonly ReadWrite[]): void {
    const place = placeOf(key)
    const known = this.known.get(place)
    if (known === undefined && key.ambiguous) {
      this.findings.report('ambiguous-thread', key.key, { checkpointNs: key.checkpointNs })
      return
    }
    this.awaited.end() // all blobs have come, and a checkpoint goes before its writes
    if (place !== this.writesOf) {
      this.releaseWrites()
      this.writesOf = place
      if (known?.hasWrites) {
        this.findings.report('duplicate-write', key.key, key, 'writes of an older copy of the checkpoint')
        this.writesOf = ''
        return
      }
      if (known !== undefined) known.hasWrites = true
    }
    const ids = {
      threadId: this.threadId,
      checkpointNs: known?.checkpointNs ?? key.checkpointNs,
      checkpointId: key.checkpointId,
    }
    const origin = { key: key.key, layout: form.layout }
    for (const read of stored) {
      this.findings.readable(key, key, () => {
        const write = read()
        if (write === undefined) return
        const idx = SPECIAL_WRITE_IDX[write.channel] ?? write.idx
        this.place({ ...ids, taskPath: '', ...write, idx, origin }, write.idx)
      })
    }
  }

  private place(write: PendingWrite, position: number): void {
    const left = this.slots.add(write, position)
    if (left === undefined) return
    const detail = `task ${left.taskId}, index ${left.idx}, channel ${left.channel}`
    this.findings.report('duplicate-write', left.origin.key, left, detail)
  }

  private releaseWrites(): void {
    for (const write of this.slots.drain()) this.sink.write(write)
  }

  /** Pointers hold the bare id of the newest checkpoint. */
  private pointer(key: ClaimedKey, value: RedisValue): void {
    const checkpointId = value.type === 'string' ? value.bytes.toString('utf8') : ''
    if (this.known.has(placeOf({ checkpointNs: key.checkpointNs, checkpointId }))) return
    if (/^[\w.:+-]{1,64}$/.test(checkpointId))
      this.findings.report('dangling-pointer', key.key, { checkpointNs: key.checkpointNs, checkpointId })
    else this.sink.notMine(key)
  }
}

const isSame = (a: Checkpoint, b: Checkpoint): boolean =>
  a.checkpointNs === b.checkpointNs && a.checkpointId === b.checkpointId
