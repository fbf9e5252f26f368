/** The Python dialect: rows as `langgraph-checkpoint-postgres` would have written them (modern profile, ≥ 2.0.25). */
import { JsonbWriter } from '../../codec/json/jsonb-write.js'
import { PythonTyped } from '../../codec/python-typed.js'
import { eachAs, ShortMap } from '../../model/short-map.js'
import type { ChannelVersion, Checkpoint, PendingWrite } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import {
  ChannelCopies,
  type Copy,
  identityOfDigits,
  identityOfScalar,
  type NewCopy,
  sameBytes,
  sameValue,
  sha256Of,
  type WrittenBlob,
} from '../channel-copies.js'
import { checkpointJsonb, pythonMetadataJsonb } from '../checkpoint-jsonb.js'
import { refuse, within } from '../left-out.js'
import { isShortKey, misfitOfCast, misfitOfKey } from '../limits.js'
import { Lineage } from '../lineage.js'
import type { DialectContext, DialectRows } from '../thread-frame.js'
import { staysInline, topLevelOf } from '../top-level.js'
import { PYTHON_NUMBERING, renumberedString } from './versions.js'

export class PythonRows implements DialectRows {
  private readonly typed = new PythonTyped()
  private readonly lineage: Lineage<string>
  private readonly copies: ChannelCopies

  constructor(private readonly context: DialectContext) {
    const { known, options } = context
    this.lineage = new Lineage(PYTHON_NUMBERING, known.checkpoints)
    this.copies = new ChannelCopies(options.copiesBytes)
    this.copies.seed(known.blobs)
  }

  get classes(): ReadonlySet<string> {
    return this.typed.classes
  }

  end(): boolean {
    this.copies.letGo()
    return true
  }

  /** Python savers keep values in the checkpoints, or their layouts put them there. */
  channelValue(): void {}

  checkpoint(checkpoint: Checkpoint): void {
    const { threadId, checkpointNs } = checkpoint
    const versions = new ShortMap<string>(checkpoint.channelVersions.size)
    checkpoint.channelVersions.forEach((_, channel) => {
      versions.set(channel, this.lineage.wanted(checkpoint, channel))
    })
    const inlined = new ShortMap<Value | true>(checkpoint.channelValues.size)
    const fresh: {
      readonly channel: string
      readonly wanted: string
      readonly value: Value
      readonly copy: FreshCopy
    }[] = []
    checkpoint.channelValues.forEach((value, channel) => {
      const wanted = versions.get(channel)
      const placed = this.place(checkpoint, channel, wanted, value)
      if (placed.inline !== undefined) inlined.set(channel, placed.inline)
      if (wanted === undefined) return
      versions.set(channel, placed.version)
      if (placed.copy !== undefined) fresh.push({ channel, wanted, value, copy: placed.copy })
    })
    const sizes = new ShortMap<number>(fresh.length)
    for (const { channel, copy } of fresh) sizes.set(channel, copy.blob?.bytes.length ?? 0)
    this.context.sizes.refuseBlobs(checkpointNs, versions, sizes)
    this.writeCheckpoint(checkpoint, versions, inlined)
    // Only now: a checkpoint that is left out must not count as the place where a value was written.
    for (const { channel, wanted, value, copy } of fresh) {
      this.copies.add({ checkpointNs, channel, version: wanted }, copy, value)
      if (copy.blob === undefined) continue
      const { type, bytes, sha256 } = copy.blob
      const { version } = copy
      this.context.rows.blobRow({ threadId, checkpointNs, channel, version, type, blob: bytes, sha256 })
    }
    this.lineage.settle(checkpoint, versions)
  }

  write(write: PendingWrite): void {
    const { threadId, checkpointNs, checkpointId, taskId, taskPath, idx, channel } = write
    const notes = this.context.findings.notesOf(write, channel)
    const { type, bytes } = this.typed.of(write.value, notes)
    refuse(misfitOfCast('channel', channel) ?? misfitOfCast('type', type) ?? misfitOfCast('task id', taskId))
    this.context.sizes.refuseWrite(write, bytes.length)
    this.context.rows.writeRow({
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
  }

  private writeCheckpoint(
    checkpoint: Checkpoint,
    versions: ReadonlyMap<string, string>,
    inlined: ReadonlyMap<string, Value | true>,
  ): void {
    const seen = eachAs(checkpoint.versionsSeen, (channels, node) =>
      eachAs<ChannelVersion>(channels, (version, channel) =>
        this.lineage.seen(checkpoint, node, channel, version, versions),
      ),
    )
    const metadata = Buffer.from(pythonMetadataJsonb(JSONB, checkpoint.metadata))
    this.context.findings.addRepairs(checkpoint, 'metadata', JSONB.repairs)
    const body = checkpointJsonb(JSONB, { checkpoint, versions, seen, inlined })
    this.context.findings.addRepairs(checkpoint, 'checkpoint', JSONB.repairs)
    const { threadId, checkpointNs, checkpointId, parentCheckpointId } = checkpoint
    this.context.rows.checkpointRow({
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

    const top = topLevelOf(value)
    const scalar = staysInline(top)
    const deltaSnapshot = top.kind === 'object' && top.head.form === 'delta-snapshot'
    const typed = scalar ? undefined : this.encoded(checkpoint, channel, value)
    const inline = scalar || deltaSnapshot ? { inline: deltaSnapshot ? (true as const) : value } : {}
    // Pickles never have the same bytes; what they become may.
    const written = typed && copies.find((copy) => isWrittenAs(copy, typed))
    if (written !== undefined) return this.linked(checkpoint, channel, wanted, { copy: written, inline })
    const sha256 = typed === undefined ? '' : sha256Of(typed.bytes)
    const identity = typed === undefined ? identityOfScalar(top) : identityOfDigits(typed.type, sha256)
    const equal =
      copies.find((copy) => copy.identity === identity) ??
      copies.find((copy) => !scalar && sameValue(copy.value, value))
    if (equal !== undefined) return this.linked(checkpoint, channel, wanted, { copy: equal, inline })
    const version = copies.length === 0 ? wanted : renumberedString(checkpoint, channel, identity)
    if (version !== wanted) this.context.findings.add('version-renumbered', checkpoint, `channel ${channel}`)
    if (typed === undefined)
      return { version, ...inline, copy: { version, identity, inline: true, deltaSnapshot } }
    refuse(misfitOfCast('channel', channel) ?? misfitOfCast('type', typed.type))
    const { threadId } = checkpoint
    if (!isShortKey(threadId, checkpointNs, channel, version))
      refuse(misfitOfKey({ 'thread id': threadId, namespace: checkpointNs, channel, version }))
    const blob = { ...typed, bytes: this.copies.keep(typed.bytes), sha256 }
    return { version, ...inline, copy: { version, identity, inline: deltaSnapshot, deltaSnapshot, blob } }
  }

  /** A value that stands in the target already, or is on its way there. */
  private linked(
    { checkpointNs }: Checkpoint,
    channel: string,
    wanted: string,
    { copy, inline }: { readonly copy: Copy; readonly inline: Pick<Placed, 'inline'> },
  ): Placed {
    this.copies.link({ checkpointNs, channel, version: wanted }, copy)
    return { version: copy.version, ...inline }
  }

  /** A value as it will be written; the bytes are valid until the next one. */
  private encoded(checkpoint: Checkpoint, channel: string, value: Value): WrittenBlob {
    const { findings, options } = this.context
    const before = findings.count
    const notes = findings.notesOf(checkpoint, channel)
    const earlier =
      options.plain === true ? undefined : this.copies.earlierList(checkpoint.checkpointNs, channel)
    const { type, bytes } = within(`channel ${channel}`, () => this.typed.of(value, notes, earlier))
    return { type, bytes, isClean: findings.count === before }
  }

  /** Copies under the wanted version, and the parent's under the name it has there. */
  private copiesOf(checkpoint: Checkpoint, channel: string, wanted: string): readonly Copy[] {
    const { checkpointNs } = checkpoint
    const copies = this.copies.of({ checkpointNs, channel, version: wanted })
    const inherited = this.lineage.inherited(checkpoint, channel)
    if (inherited === undefined || inherited === wanted) return copies
    return [...copies, ...this.copies.of({ checkpointNs, channel, version: inherited })]
  }
}

function isWrittenAs({ value }: Copy, { type, bytes }: WrittenBlob): boolean {
  return type === 'msgpack' && value?.encoding === 'msgpack' && value.bytes?.equals(bytes) === true
}

interface Placed {
  readonly version: string
  readonly inline?: Value | true
  readonly copy?: FreshCopy
}

type FreshCopy = NewCopy & { readonly blob?: WrittenBlob & { readonly sha256: string } }

/** One for all threads, whose records are converted one at a time: it has grown once. */
const JSONB = new JsonbWriter()
