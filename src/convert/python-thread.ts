/** The Python dialect: one thread as `langgraph-checkpoint-postgres` would have written it (modern profile, ≥ 2.0.25). */
import { DecodeError, EncodeError } from '../codec/bytes.js'
import { JsonbWriter } from '../codec/jsonb-write.js'
import { PythonTyped } from '../codec/python-typed.js'
import type { Finding, ReasonId } from '../model/finding.js'
import type { KnownThread, RowSink } from '../model/rows.js'
import type { ChannelVersion, Checkpoint, Origin, PendingWrite } from '../model/thread.js'
import { NULL_TASK_ID, TASKS_CHANNEL } from '../model/thread.js'
import type { Value, ValueNotes } from '../model/value.js'
import {
  ChannelCopies,
  type Copy,
  identityOf,
  identityOfScalar,
  type NewCopy,
  sameBytes,
  sameValue,
} from './channel-copies.js'
import type { ConvertedThread, ConvertOptions, ThreadConverter } from './converter.js'
import { DeltaChains } from './delta-chains.js'
import { MAX_CHECKPOINT_BLOB_BYTES, type Misfit, misfitOfCast, misfitOfKey } from './limits.js'
import { Lineage } from './lineage.js'
import { checkpointJsonb, metadataJsonb } from './python-checkpoint.js'
import { staysInline, topLevelOf } from './top-level.js'

/** Thrown inside a record to leave it out with a reason; never seen outside. */
class LeftOut extends Error {
  constructor(readonly misfit: Misfit) {
    super(misfit.detail)
  }
}

export class PythonThread implements ThreadConverter {
  private readonly jsonb = new JsonbWriter()
  private readonly typed = new PythonTyped()
  private readonly lineage: Lineage
  private readonly copies: ChannelCopies
  private readonly chains = new DeltaChains()
  /** namespace → ids that got a row, and ids that were left out for a reason that is final. */
  private readonly written = new Map<string, Set<string>>()
  private readonly leftOut = new Map<string, Set<string>>()
  /** Newest id of each namespace that could not be read at all: the thread would open at an older state. */
  private readonly unreadableHeads = new Map<string, string>()
  /** Sends of v < 4 by the parent they belong to, until it is known whether that has writes of its own. */
  private readonly sends = new Map<string, { readonly child: Checkpoint; readonly sends: readonly Value[] }>()
  private readonly parentsOfOldChildren = new Set<string>()
  private readonly parentsWithTasks = new Set<string>()
  private readonly interruptedIds = new Set<string>()
  private readonly counts = { checkpoints: 0, writes: 0, blobs: 0, valuesSeen: 0 }
  private rejects = 0

  constructor(
    private readonly threadId: string,
    known: KnownThread,
    private readonly rows: RowSink,
    private readonly report: (finding: Finding) => void,
    private readonly options: ConvertOptions,
  ) {
    this.lineage = new Lineage(threadId, known.checkpoints)
    this.copies = new ChannelCopies(options.copiesBytes)
    this.copies.seed(known.blobs)
  }

  checkpoint(checkpoint: Checkpoint): void {
    if (this.written.get(checkpoint.checkpointNs)?.has(checkpoint.checkpointId)) {
      this.find('older-copy', checkpoint, checkpoint.origin)
      return
    }
    try {
      this.convert(checkpoint)
    } catch (error) {
      this.leaveOut(checkpoint, misfitOf(error))
    }
  }

  write(write: PendingWrite): void {
    const { checkpointNs, checkpointId, channel } = write
    if (this.leftOut.get(checkpointNs)?.has(checkpointId)) return
    const old = this.parentsOfOldChildren.has(`${checkpointNs}\0${checkpointId}`) && channel === TASKS_CHANNEL
    if (!this.written.get(checkpointNs)?.has(checkpointId) && !old) {
      this.find('orphan-write', write, write.origin)
      return
    }
    try {
      this.convertWrite(write)
      if (channel === TASKS_CHANNEL) this.parentsWithTasks.add(`${checkpointNs}\0${checkpointId}`)
      if (channel === '__interrupt__') this.interruptedIds.add(`${checkpointNs}\0${checkpointId}`)
    } catch (error) {
      const { reason, detail } = misfitOf(error)
      this.rejects++
      this.find(
        reason,
        write,
        write.origin,
        `write ${write.taskId}:${write.idx}, channel ${channel}: ${detail}`,
      )
    }
  }

  unreadable(checkpointNs: string, checkpointId: string | null): void {
    this.rejects++
    if (checkpointId === null) return
    note(this.leftOut, checkpointNs, checkpointId)
    if (checkpointId > (this.unreadableHeads.get(checkpointNs) ?? '')) {
      this.unreadableHeads.set(checkpointNs, checkpointId)
    }
  }

  end(): ConvertedThread {
    this.placeSends()
    const heads = new Map<string, string>()
    for (const [ns, ids] of this.written) heads.set(ns, newest(ids))
    const rejected =
      this.chainsBroken() || this.opensOlder(heads) || (this.counts.checkpoints === 0 && this.rejects > 0)
    const root = heads.get('')
    return {
      threadId: this.threadId,
      completeness: rejected ? 'rejected' : this.rejects > 0 ? 'partial' : 'whole',
      ...this.counts,
      waitsAtInterrupt: root !== undefined && this.interruptedIds.has(`\0${root}`),
      heads,
      classes: this.typed.classes,
    }
  }

  private convert(checkpoint: Checkpoint): void {
    const { threadId, checkpointNs, checkpointId } = checkpoint
    refuse(misfitOfKey({ 'thread id': threadId, namespace: checkpointNs, 'checkpoint id': checkpointId }))
    const versions = new Map<string, string>()
    for (const channel of checkpoint.channelVersions.keys())
      versions.set(channel, this.lineage.wanted(checkpoint, channel))
    const inlined = new Map<string, Value | true>()
    const fresh: {
      readonly channel: string
      readonly wanted: string
      readonly value: Value
      readonly copy: NewCopy
    }[] = []
    for (const [channel, value] of checkpoint.channelValues) {
      this.counts.valuesSeen++
      const wanted = versions.get(channel)
      const placed = this.place(checkpoint, channel, wanted, value)
      if (placed.inline !== undefined) inlined.set(channel, placed.inline)
      if (wanted === undefined) continue
      versions.set(channel, placed.version)
      if (placed.copy !== undefined) fresh.push({ channel, wanted, value, copy: placed.copy })
    }
    refuseTogether(fresh.map(({ copy }) => copy.blob?.bytes.length ?? 0))
    this.writeCheckpoint(checkpoint, versions, inlined)
    // Only now: a checkpoint that is left out must not count as the place where a value was written.
    for (const { channel, wanted, value, copy } of fresh) {
      this.copies.add({ checkpointNs, channel, version: wanted }, copy, value)
      if (copy.blob === undefined) continue
      const { type, bytes } = copy.blob
      this.rows.blobRow({ threadId, checkpointNs, channel, version: copy.version, type, blob: bytes })
      this.counts.blobs++
    }
    this.counts.checkpoints++
    this.lineage.settle(checkpoint, versions)
    this.chains.checkpoint(checkpoint)
    note(this.written, checkpointNs, checkpointId)
    this.keepSends(checkpoint)
  }

  private writeCheckpoint(
    checkpoint: Checkpoint,
    versions: ReadonlyMap<string, string>,
    inlined: ReadonlyMap<string, Value | true>,
  ): void {
    const seen = new Map<string, ReadonlyMap<string, ChannelVersion>>()
    for (const [node, channels] of checkpoint.versionsSeen) {
      const strings = new Map<string, ChannelVersion>()
      for (const [channel, version] of channels) {
        strings.set(channel, this.lineage.seen(checkpoint, node, channel, version, versions))
      }
      seen.set(node, strings)
    }
    const metadata = Buffer.from(metadataJsonb(this.jsonb, checkpoint.metadata))
    this.reportRepairs(checkpoint)
    const body = checkpointJsonb(this.jsonb, { checkpoint, versions, seen, inlined })
    const { threadId, checkpointNs, checkpointId, parentCheckpointId } = checkpoint
    this.rows.checkpointRow({
      threadId,
      checkpointNs,
      checkpointId,
      parentCheckpointId,
      checkpoint: body,
      metadata,
    })
  }

  /** Where one channel value goes: into the JSONB, into a blob, or to a copy that is there already; with the version it gets. */
  private place(checkpoint: Checkpoint, channel: string, wanted: string | undefined, value: Value): Placed {
    const { checkpointNs } = checkpoint
    // The official writer finds no place for a blob without a version either; it keeps primitives.
    if (wanted === undefined)
      return staysInline(topLevelOf(value)) ? { version: '', inline: value } : { version: '' }
    const copies = this.copiesOf(checkpoint, channel, wanted)
    const same = copies.find((copy) => sameBytes(copy.value, value))
    if (same !== undefined)
      return { version: same.version, ...(same.inline && { inline: same.deltaSnapshot ? true : value }) }

    const notes = this.notesOf(checkpoint, channel)
    const top = topLevelOf(value)
    const scalar = staysInline(top)
    const deltaSnapshot = top.kind === 'object' && top.head.form === 'delta-snapshot'
    const typed = scalar ? undefined : this.typed.of(value, notes)
    const identity = typed === undefined ? identityOfScalar(top) : identityOf(typed.type, typed.bytes)
    const inline = scalar || deltaSnapshot ? { inline: deltaSnapshot ? (true as const) : value } : {}
    const equal =
      copies.find((copy) => copy.identity === identity) ??
      copies.find((copy) => !scalar && sameValue(copy.value, value))
    if (equal !== undefined) {
      this.copies.link({ checkpointNs, channel, version: wanted }, equal)
      return { version: equal.version, ...inline }
    }
    const version = copies.length === 0 ? wanted : this.lineage.renumbered(checkpoint, channel, identity)
    if (version !== wanted)
      this.find('version-renumbered', checkpoint, checkpoint.origin, `channel ${channel}`)
    if (typed === undefined)
      return { version, ...inline, copy: { version, identity, inline: true, deltaSnapshot } }
    const { checkpointId, threadId } = checkpoint
    refuse(misfitOfCast({ channel, type: typed.type }))
    refuse(
      misfitOfKey({
        'thread id': threadId,
        namespace: checkpointNs,
        'checkpoint id': checkpointId,
        channel,
        version,
      }),
    )
    const blob = { type: typed.type, bytes: Buffer.from(typed.bytes) }
    return { version, ...inline, copy: { version, identity, inline: deltaSnapshot, deltaSnapshot, blob } }
  }

  /** Copies under the wanted version, and the parent's under the name it has there. */
  private copiesOf(checkpoint: Checkpoint, channel: string, wanted: string): readonly Copy[] {
    const { checkpointNs } = checkpoint
    const copies = this.copies.of({ checkpointNs, channel, version: wanted })
    const inherited = this.lineage.inherited(checkpoint, channel)
    if (inherited === undefined || inherited === wanted) return copies
    return [...copies, ...this.copies.of({ checkpointNs, channel, version: inherited })]
  }

  private convertWrite(write: PendingWrite): void {
    const { threadId, checkpointNs, checkpointId, taskId, taskPath, idx, channel } = write
    const id = {
      'thread id': threadId,
      namespace: checkpointNs,
      'checkpoint id': checkpointId,
      'task id': taskId,
    }
    refuse(misfitOfKey(id))
    const notes = this.notesOf(write, channel)
    const { type, bytes } = this.typed.of(write.value, notes)
    refuse(misfitOfCast({ channel, type, 'task id': taskId }))
    this.rows.writeRow({
      threadId,
      checkpointNs,
      checkpointId,
      taskId,
      taskPath,
      idx,
      channel,
      type,
      blob: bytes,
    })
    this.counts.writes++
  }

  private keepSends(checkpoint: Checkpoint): void {
    const { checkpointNs, parentCheckpointId, pendingSends } = checkpoint
    if (parentCheckpointId === null) {
      if (pendingSends.length > 0) {
        this.find(
          'unsupported-value',
          checkpoint,
          checkpoint.origin,
          'pending Sends of a checkpoint without a parent',
        )
      }
      return
    }
    if (versionOf(checkpoint) >= 4) return
    const parent = `${checkpointNs}\0${parentCheckpointId}`
    this.parentsOfOldChildren.add(parent)
    if (pendingSends.length > 0 && !this.sends.has(parent))
      this.sends.set(parent, { child: checkpoint, sends: pendingSends })
  }

  /** Before v4 the Postgres saver looks for a checkpoint's Sends among the writes of its parent. */
  private placeSends(): void {
    for (const [parent, { child, sends }] of this.sends) {
      if (this.parentsWithTasks.has(parent)) continue
      const { threadId, checkpointNs, parentCheckpointId, origin } = child
      sends.forEach((value, idx) => {
        this.write({
          threadId,
          checkpointNs,
          checkpointId: parentCheckpointId!,
          taskId: NULL_TASK_ID,
          taskPath: '',
          idx,
          channel: TASKS_CHANNEL,
          value,
          origin,
        })
      })
      this.find('sends-moved', child, origin, `${sends.length} Sends`)
    }
  }

  private leaveOut(checkpoint: Checkpoint, misfit: Misfit): void {
    this.rejects++
    note(this.leftOut, checkpoint.checkpointNs, checkpoint.checkpointId)
    this.find(misfit.reason, checkpoint, checkpoint.origin, misfit.detail)
  }

  private chainsBroken(): boolean {
    const broken = this.chains.broken(this.leftOut)
    for (const { link, detail } of broken) this.find('broken-delta-chain', link, link.origin, detail)
    return broken.length > 0
  }

  /**
   * A head that could not be read may be read one day: until then the thread would open at an older state. A head that was
   * read, but that the official Postgres saver itself refuses to store, is another matter: its thread ends there as it would
   * have ended on Postgres.
   */
  private opensOlder(heads: ReadonlyMap<string, string>): boolean {
    if (this.options.allowOlderHead) return false
    let older = false
    for (const [ns, id] of this.unreadableHeads) {
      const head = heads.get(ns)
      if (head === undefined || head > id) continue
      this.report({ reason: 'older-head', threadId: this.threadId, checkpointNs: ns, checkpointId: id })
      older = true
    }
    return older
  }

  private reportRepairs(checkpoint: Checkpoint): void {
    const { nulsRemoved, notANumber, surrogatesReplaced } = this.jsonb.repairs
    if (nulsRemoved > 0) this.find('nul-removed', checkpoint, checkpoint.origin)
    if (notANumber > 0) this.find('not-a-number-replaced', checkpoint, checkpoint.origin)
    if (surrogatesReplaced > 0) this.find('surrogate-replaced', checkpoint, checkpoint.origin, 'metadata')
  }

  private notesOf(record: Checkpoint | PendingWrite, channel: string): ValueNotes {
    return {
      note: (reason, detail) => this.find(reason, record, record.origin, `channel ${channel}: ${detail}`),
    }
  }

  private find(
    reason: ReasonId,
    record: { checkpointNs: string; checkpointId: string },
    origin: Origin,
    detail?: string,
  ) {
    const { checkpointNs, checkpointId } = record
    this.report({
      reason,
      threadId: this.threadId,
      checkpointNs,
      checkpointId,
      key: origin.key,
      ...(detail === undefined ? {} : { detail }),
    })
  }
}

interface Placed {
  readonly version: string
  readonly inline?: Value | true
  readonly copy?: NewCopy
}

function refuseTogether(sizes: readonly number[]): void {
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  if (bytes <= MAX_CHECKPOINT_BLOB_BYTES) return
  throw new LeftOut({ reason: 'too-large', detail: `channel values of ${bytes} bytes together` })
}

function refuse(misfit: Misfit | undefined): void {
  if (misfit !== undefined) throw new LeftOut(misfit)
}

/** What a failed conversion says; anything unexpected is a defect and goes on up. */
function misfitOf(error: unknown): Misfit {
  if (error instanceof LeftOut) return error.misfit
  if (error instanceof DecodeError)
    return { reason: error.reason, detail: `${error.message} at byte ${error.offset}` }
  if (error instanceof EncodeError) return { reason: error.reason, detail: error.message }
  throw error
}

/** The checkpoint's `v`; Sends moved into a channel of their own with v4. */
function versionOf(checkpoint: Checkpoint): number {
  const v = checkpoint.fields.get('v')
  const top = v === undefined ? undefined : topLevelOf(v)
  return top?.kind === 'int' || top?.kind === 'float' ? Number(top.value) : 0
}

function note(ids: Map<string, Set<string>>, checkpointNs: string, checkpointId: string): void {
  const known = ids.get(checkpointNs)
  if (known === undefined) ids.set(checkpointNs, new Set([checkpointId]))
  else known.add(checkpointId)
}

function newest(ids: ReadonlySet<string>): string {
  let head = ''
  for (const id of ids) if (id > head) head = id
  return head
}
