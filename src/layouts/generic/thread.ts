/** Reads one thread as a mapping says: checkpoints, the channel values that stand apart from them, writes. */
import { DecodeError } from '../../codec/bytes.js'
import type { RedisValue } from '../../model/redis-value.js'
import { type Checkpoint, type PendingWrite, SPECIAL_WRITE_IDX } from '../../model/thread.js'
import { AwaitedBlobs } from '../awaited-blobs.js'
import type { PatternParts } from '../keys/key-pattern.js'
import type { ClaimedKey, RecordSink, ThreadReader } from '../layout.js'
import { isParentLost, ParentOrder } from '../parent-order.js'
import { ThreadFindings } from '../thread-findings.js'
import { WriteSlots } from '../write-slots.js'
import type { CompiledRecord, GenericKeys } from './keys.js'
import type { FoundCheckpoint, FoundWrite, GenericRecords } from './records.js'

/** Keys come in the order of the layout: checkpoints, blobs by version, writes by checkpoint. */
export class GenericThread implements ThreadReader {
  private readonly findings: ThreadFindings
  /** Checkpoint id → namespace, for writes whose keys have none. */
  private readonly namespaces = new Map<string, string>()
  private readonly parents = new ParentOrder()
  private readonly awaited = new AwaitedBlobs((checkpoint, missing) => this.complete(checkpoint, missing))
  private readonly slots = new WriteSlots()
  private writesOf = ''
  /** task → writes of it so far, where they are not numbered. */
  private readonly positions = new Map<string, number>()

  constructor(
    private readonly layout: string,
    private readonly threadId: string,
    private readonly sink: RecordSink,
    private readonly keys: GenericKeys,
    private readonly records: GenericRecords,
  ) {
    this.findings = new ThreadFindings(threadId, sink)
  }

  accept(key: ClaimedKey, value: RedisValue): void {
    const fitting = this.keys.fit(key.key, key.type)
    if (fitting === null) {
      this.sink.notMine(key)
      return
    }
    if (key.role === 'write') this.writes(key, fitting.parts, value)
    else if (key.role === 'blob') this.blobs(key, fitting.parts, value)
    else this.checkpoints(key, fitting.parts, value)
  }

  end(): void {
    this.awaited.end()
    this.releaseWrites()
  }

  private checkpoints(key: ClaimedKey, inKey: PatternParts, value: RedisValue): void {
    const { mapping, field } = this.keys.checkpoints
    for (const { open, parts } of this.records.of(this.keys.checkpoints, inKey, value)) {
      const found = this.readable(key, parts, () => {
        const record = open()
        return this.records.fits(mapping, record)
          ? this.records.checkpoint(mapping, record, parts)
          : undefined
      })
      if (found === 'unreadable') continue
      const ids = { checkpointNs: parts.ns ?? '', checkpointId: parts.id ?? '' }
      if (found === undefined && field === undefined) this.sink.notMine(key)
      else if (found === undefined) this.findings.report('not-a-checkpoint', key.key, ids)
      else if (found.threadId === '') this.findings.report('ambiguous-thread', key.key, ids)
      else if (found.threadId !== this.threadId) {
        this.sink.belongsTo(key, found.threadId)
        return
      } else this.readable(key, parts, () => this.checkpoint(key, found))
    }
  }

  private checkpoint(key: ClaimedKey, found: FoundCheckpoint): void {
    const { checkpointNs, checkpointId, stored, parts } = found
    if (checkpointId === '') throw new DecodeError('a checkpoint without an id', 0)
    const ids = { threadId: this.threadId, checkpointNs, checkpointId }
    const { id: _, ...body } = stored.dict
    this.namespaces.set(checkpointId, checkpointNs)
    const parentCheckpointId = this.parentOf(key, found)
    const checkpoint: Checkpoint = {
      ...ids,
      ...body,
      metadata: stored.metadata,
      parentCheckpointId,
      ...(stored.parentId === undefined &&
        isParentLost(parentCheckpointId, stored.step) && { parentIsLost: true }),
      origin: { key: key.key, layout: this.layout },
    }
    const { blobs } = this.keys
    if (blobs === undefined) {
      this.sink.checkpoint(checkpoint)
      return
    }
    const names = new Map<string, string>()
    for (const [channel, version] of checkpoint.channelVersions) {
      if (checkpoint.channelValues.has(channel)) continue
      const own = { ...parts, ns: checkpointNs, thread: parts.thread ?? this.threadId }
      names.set(channel, blobName(blobs, { ...own, channel, version: String(version) }))
    }
    this.awaited.add(checkpoint, names, true)
  }

  private parentOf(key: ClaimedKey, { checkpointNs, checkpointId, stored }: FoundCheckpoint): string | null {
    const ids = { checkpointNs, checkpointId }
    if (stored.parentId === undefined) {
      const parent = this.parents.parentOf(checkpointNs, checkpointId, stored.step)
      if (parent !== null) this.findings.report('parent-rebuilt', key.key, ids)
      return parent
    }
    if (stored.parentId === checkpointId) this.findings.report('parent-is-itself', key.key, ids)
    return stored.parentId === '' ? null : stored.parentId
  }

  private blobs(key: ClaimedKey, inKey: PatternParts, value: RedisValue): void {
    const compiled = this.keys.blobs!
    for (const { open, parts } of this.records.of(compiled, inKey, value)) {
      this.readable(key, parts, () => {
        const record = open()
        if (!this.records.fits(compiled.mapping, record)) return
        this.awaited.blob(this.records.blob(compiled.mapping, record, parts, blobName(compiled, parts)))
      })
    }
  }

  private complete(checkpoint: Checkpoint, missing: readonly string[]): void {
    for (const channel of missing) {
      const detail = `channel ${channel}: the key of its value is gone`
      this.findings.report('value-lost-at-source', checkpoint.origin.key, checkpoint, detail)
    }
    this.sink.checkpoint(checkpoint)
  }

  private writes(key: ClaimedKey, inKey: PatternParts, value: RedisValue): void {
    this.awaited.end() // all blobs have come, and a checkpoint goes before its writes
    const { mapping } = this.keys.writes!
    for (const { open, parts } of this.records.of(this.keys.writes!, inKey, value)) {
      const found = this.readable(key, parts, () => {
        const record = open()
        return this.records.fits(mapping, record) ? this.records.writes(mapping, record, parts) : undefined
      })
      if (found === 'unreadable') continue
      const elsewhere = found?.find(({ threadId }) => threadId !== this.threadId)
      if (found === undefined) this.sink.notMine(key)
      else if (elsewhere !== undefined) this.sink.belongsTo(key, elsewhere.threadId)
      if (found === undefined || elsewhere !== undefined) return
      for (const one of found) this.write(key, one)
    }
  }

  private write(key: ClaimedKey, { checkpointNs, checkpointId, stored, parts }: FoundWrite): void {
    if (checkpointId !== this.writesOf) this.releaseWrites()
    this.writesOf = checkpointId
    const next = this.positions.get(stored.taskId) ?? 0
    this.positions.set(stored.taskId, next + 1)
    const position = stored.idx ?? next
    const write: PendingWrite = {
      threadId: this.threadId,
      checkpointNs:
        parts.ns === undefined ? (this.namespaces.get(checkpointId) ?? checkpointNs) : checkpointNs,
      checkpointId,
      taskPath: '',
      ...stored,
      idx: SPECIAL_WRITE_IDX[stored.channel] ?? position,
      origin: { key: key.key, layout: this.layout },
    }
    const left = this.slots.add(write, position)
    if (left !== undefined)
      this.findings.report('duplicate-write', left.origin.key, left, `task ${left.taskId}, index ${left.idx}`)
  }

  private releaseWrites(): void {
    for (const write of this.slots.drain()) this.sink.write(write)
    this.positions.clear()
  }

  /** One record that cannot be read leaves out no other of the same key. */
  private readable<Read>(key: ClaimedKey, parts: PatternParts, read: () => Read): Read | 'unreadable' {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      const { ns: checkpointNs = key.checkpointNs, id: checkpointId = key.checkpointId } = parts
      // A finding that names a checkpoint leaves it out: a write or a blob that cannot be read does not.
      const isApart = key.role === 'write' || key.role === 'blob'
      const ids = isApart ? { checkpointNs } : { checkpointNs, checkpointId }
      this.findings.report(error.reason, key.key, ids, `offset ${error.offset}: ${error.message}`)
      return 'unreadable'
    }
  }
}

/** A blob's key as the pattern makes it, with its field where it has one. */
const blobName = ({ pattern, field }: CompiledRecord, parts: PatternParts): string =>
  `${pattern.format(parts)}\0${field?.format(parts) ?? ''}`
