/** The JavaScript dialect: rows as `@langchain/langgraph-checkpoint-postgres` would have written them (0.0.1–1.0.5). */

import { jsTyped } from '../codec/js-json.js'
import { JsonbWriter } from '../codec/jsonb-write.js'
import type { ChannelVersion, Checkpoint, PendingWrite, StoredChannelValue } from '../model/thread.js'
import { ROOT_NS } from '../model/thread.js'
import type { Value } from '../model/value.js'
import {
  ChannelCopies,
  type Copy,
  EMPTY_IDENTITY,
  identityOf,
  sameBytes,
  sameValue,
} from './channel-copies.js'
import { checkpointJsonb, jsMetadataJsonb } from './checkpoint-jsonb.js'
import { JS_NUMBERING, renumbered } from './js-versions.js'
import { refuse, within } from './left-out.js'
import { misfitOfCast, misfitOfKey } from './limits.js'
import { Lineage } from './lineage.js'
import { type OpenSlot, OpenSlots } from './open-slots.js'
import { RebuiltValues } from './rebuilt-values.js'
import type { DialectContext, DialectRows } from './thread-frame.js'

/** Type of the rows, with NULL, that the saver writes for channels that have a version and no value. */
const EMPTY = 'empty'
/** Identity of a value that a blob may still bring. */
const UNKNOWN_IDENTITY = 'unknown'
/** Channels whose values live for one step: that an old version of them has none is no loss. */
const FLEETING = /^(__start__|__input__|__pregel_tasks|branch:)/

/** A blob row that a checkpoint needs and that nobody has written yet. */
interface NewBlob {
  readonly channel: string
  /** In the source, unless the target knows better; then in the target. */
  readonly wanted: ChannelVersion
  readonly version: ChannelVersion
  readonly identity: string
  readonly type: string
  readonly bytes: Buffer | null
  readonly value: Value | undefined
}

/** Where a channel's value is found, once the checkpoint is written. */
interface Placed {
  readonly version: ChannelVersion
  readonly blob?: NewBlob
  readonly isUnknown?: boolean
}

export class JsRows implements DialectRows {
  readonly classes: ReadonlySet<string> = new Set()
  private readonly jsonb = new JsonbWriter()
  private readonly lineage: Lineage<ChannelVersion>
  private readonly copies: ChannelCopies
  private readonly open = new OpenSlots()
  private readonly rebuilt = new RebuiltValues()

  constructor(private readonly context: DialectContext) {
    const { known, options } = context
    this.lineage = new Lineage(JS_NUMBERING, known.checkpoints)
    this.copies = new ChannelCopies(options.copiesBytes)
    this.copies.seed(known.blobs)
  }

  checkpoint(checkpoint: Checkpoint): void {
    const sibling = checkpoint.copiesSibling ? this.lineage.siblingOf(checkpoint) : undefined
    const versions = new Map<string, ChannelVersion>()
    const fresh: NewBlob[] = []
    const unknown: string[] = []
    for (const channel of checkpoint.channelVersions.keys()) {
      const { version, blob, isUnknown } = this.place(checkpoint, channel, sibling)
      versions.set(channel, version)
      if (blob !== undefined) fresh.push(blob)
      if (isUnknown) unknown.push(channel)
    }
    const sizes = fresh.map(({ channel, bytes }) => [channel, bytes?.length ?? 0] as const)
    this.context.sizes.refuseBlobs(checkpoint.checkpointNs, versions, new Map(sizes))
    this.writeCheckpoint(checkpoint, versions)
    // Only now: a checkpoint that is left out must not count as the place where a value was written.
    for (const blob of fresh) this.writeBlob(checkpoint, blob)
    for (const channel of unknown) this.await(checkpoint, channel, versions.get(channel)!)
    this.reportUnversioned(checkpoint)
    this.lineage.settle(checkpoint, versions)
  }

  write(write: PendingWrite): void {
    const { threadId, checkpointNs, checkpointId, taskId, taskPath, idx, channel } = write
    const ids = { threadId, checkpointNs, checkpointId, taskId }
    const { type, bytes } = jsTyped(write.value)
    refuse(misfitOfCast({ channel, type, 'task id': taskId }))
    this.context.sizes.refuseWrite(write, bytes.length)
    this.context.rows.writeRow({ ...ids, taskPath, idx, channel, type, blob: bytes })
  }

  channelValue(stored: StoredChannelValue): void {
    this.rebuilt.isStored(stored)
    const slot = this.open.fill(stored)
    if (slot === undefined) return
    if (stored.value === undefined) this.writeRow(slot.checkpoint.checkpointNs, slot, EMPTY, null)
    else {
      const { type, bytes } = jsTyped(stored.value)
      this.writeRow(slot.checkpoint.checkpointNs, slot, type, bytes)
    }
  }

  end(): boolean {
    let isComplete = true
    for (const slot of this.open.rest()) if (!this.giveUp(slot)) isComplete = false
    const { total } = this.rebuilt
    if (total > 0)
      this.context.findings.add(
        'channel-rebuilt',
        { checkpointNs: ROOT_NS },
        `${total} values that checkpoints share with an ancestor`,
      )
    return isComplete
  }

  private writeCheckpoint(checkpoint: Checkpoint, versions: ReadonlyMap<string, ChannelVersion>): void {
    const seen = new Map<string, ReadonlyMap<string, ChannelVersion>>()
    for (const [node, channels] of checkpoint.versionsSeen) {
      const numbers = new Map<string, ChannelVersion>()
      for (const [channel, version] of channels)
        numbers.set(channel, this.lineage.seen(checkpoint, node, channel, version, versions))
      seen.set(node, numbers)
    }
    const metadata = Buffer.from(jsMetadataJsonb(this.jsonb, checkpoint.metadata))
    this.context.findings.addRepairs(checkpoint, 'metadata', this.jsonb.repairs)
    const body = checkpointJsonb(this.jsonb, { checkpoint, versions, seen })
    this.context.findings.addRepairs(checkpoint, 'checkpoint', this.jsonb.repairs)
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

  /** Which version a channel gets, and what has to be written for it. */
  private place(checkpoint: Checkpoint, channel: string, sibling: string | undefined): Placed {
    const value = checkpoint.channelValues.get(channel)
    if (value !== undefined) return this.placeValue(checkpoint, channel, value)
    return (
      (checkpoint.valuesAreDelta ? this.shared(checkpoint, channel, sibling) : undefined) ??
      this.placeValue(checkpoint, channel, undefined)
    )
  }

  /** What a channel without a value of its own shares with others; undefined where it changed here, which leaves it without any. */
  private shared(checkpoint: Checkpoint, channel: string, sibling: string | undefined): Placed | undefined {
    const { checkpointNs, parentCheckpointId, channelVersions } = checkpoint
    const source = channelVersions.get(channel)!
    const wanted = this.lineage.wanted(checkpoint, channel)
    const inherited = this.lineage.inherited(checkpoint, channel)
    if (inherited !== undefined) {
      if (this.hasValue(checkpointNs, channel, inherited)) this.rebuilt.add(checkpointNs, channel, source)
      return { version: wanted }
    }
    const copied =
      sibling === undefined ? undefined : this.lineage.versionIn(checkpointNs, sibling, channel, source)
    if (copied !== undefined) return { version: this.lineage.standing(checkpoint, channel) ?? copied }
    const isGone = parentCheckpointId !== null && !this.lineage.has(checkpointNs, parentCheckpointId)
    if (!isGone && !checkpoint.copiesSibling) return undefined
    refuse(misfitOfCast({ channel, type: 'json' }))
    const open = this.open.of(checkpoint, channel)
    if (open !== undefined) return { version: open.version }
    const copies = this.copies.of({ checkpointNs, channel, version: String(wanted) })
    if (this.lineage.standing(checkpoint, channel) !== undefined && copies.length > 0)
      return { version: wanted }
    return {
      version: copies.length === 0 ? wanted : this.freeVersion(checkpoint, channel),
      isUnknown: true,
    }
  }

  private placeValue(checkpoint: Checkpoint, channel: string, value: Value | undefined): Placed {
    const { threadId, checkpointNs } = checkpoint
    const wanted = this.lineage.wanted(checkpoint, channel)
    const copies = this.copies.of({ checkpointNs, channel, version: String(wanted) })
    const same = value && copies.find((copy) => sameBytes(copy.value, value))
    if (same !== undefined) return { version: asIn(wanted, same) }
    const { type, bytes } =
      value === undefined ? { type: EMPTY, bytes: null } : within(`channel ${channel}`, () => jsTyped(value))
    // A row for a channel without a value says nothing that its absence does not say.
    if (bytes === null && misfitOfCast({ channel })) return { version: wanted }
    const identity = bytes === null ? EMPTY_IDENTITY : identityOf(type, bytes)
    const equal =
      copies.find((copy) => copy.identity === identity) ??
      copies.find((copy) => value !== undefined && sameValue(copy.value, value))
    if (equal !== undefined) return { version: asIn(wanted, equal) }
    const version = copies.length === 0 ? wanted : this.freeVersion(checkpoint, channel)
    if (version !== wanted) this.context.findings.add('version-renumbered', checkpoint, `channel ${channel}`)
    refuse(misfitOfCast({ channel, type }))
    const key = { 'thread id': threadId, namespace: checkpointNs, channel, version: String(version) }
    refuse(misfitOfKey(key))
    return { version, blob: { channel, wanted, version, identity, type, bytes, value } }
  }

  /** A version beside that of the source that nobody has, above the parent's. */
  private freeVersion(checkpoint: Checkpoint, channel: string): ChannelVersion {
    const { checkpointNs } = checkpoint
    const inherited = this.lineage.inherited(checkpoint, channel)
    for (const version of renumbered(checkpoint.channelVersions.get(channel)!)) {
      if (this.copies.of({ checkpointNs, channel, version: String(version) }).length > 0) continue
      if (inherited === undefined || version > inherited) return version
    }
    throw new Error('no version is left')
  }

  private writeBlob({ checkpointNs }: Checkpoint, blob: NewBlob): void {
    const { channel, wanted, version, identity, type, bytes, value } = blob
    const copy = { version: String(version), identity, inline: false, deltaSnapshot: false }
    const slot = { checkpointNs, channel, version: String(version) }
    const kept: Copy =
      value === undefined ? { ...copy, value: undefined } : this.copies.add(slot, copy, value)
    this.copies.link(slot, kept)
    if (version !== wanted) this.copies.link({ checkpointNs, channel, version: String(wanted) }, kept)
    this.writeRow(checkpointNs, blob, type, bytes)
  }

  /** Leaves a version open for the blob that may come. */
  private await(checkpoint: Checkpoint, channel: string, version: ChannelVersion): void {
    const { checkpointNs } = checkpoint
    const text = String(version)
    const copy: Copy = {
      version: text,
      identity: UNKNOWN_IDENTITY,
      inline: false,
      deltaSnapshot: false,
      value: undefined,
    }
    this.copies.link({ checkpointNs, channel, version: text }, copy)
    this.open.add(checkpoint, channel, version)
  }

  /** False where the value may be had one day, when its checkpoint can be read. */
  private giveUp(slot: OpenSlot): boolean {
    const { checkpoint, channel } = slot
    const { checkpointNs, parentCheckpointId } = checkpoint
    this.writeRow(checkpointNs, slot, EMPTY, null)
    if (parentCheckpointId !== null && this.context.isLeftOut(checkpointNs, parentCheckpointId)) {
      const detail = `channel ${channel} stands in checkpoint ${parentCheckpointId}, which is left out`
      this.context.findings.add('undecodable', checkpoint, detail)
      return false
    }
    if (!FLEETING.test(channel))
      this.context.findings.add(
        'value-lost-at-source',
        checkpoint,
        `channel ${channel}: the checkpoint that stored it is gone`,
      )
    return true
  }

  /** The official Postgres saver keeps no channel without a version either. An empty list of Sends is no loss: it never had one. */
  private reportUnversioned(checkpoint: Checkpoint): void {
    for (const channel of checkpoint.channelValues.keys()) {
      if (checkpoint.channelVersions.has(channel) || FLEETING.test(channel)) continue
      this.context.findings.add('channel-without-version', checkpoint, `channel ${channel}`)
    }
  }

  private hasValue(checkpointNs: string, channel: string, version: ChannelVersion): boolean {
    const [copy] = this.copies.of({ checkpointNs, channel, version: String(version) })
    return copy !== undefined && copy.identity !== EMPTY_IDENTITY && copy.identity !== UNKNOWN_IDENTITY
  }

  private writeRow(
    checkpointNs: string,
    { channel, version }: { readonly channel: string; readonly version: ChannelVersion },
    type: string,
    blob: Buffer | null,
  ): void {
    const { threadId, rows } = this.context
    rows.blobRow({ threadId, checkpointNs, channel, version: String(version), type, blob })
  }
}

/** A copy's version, a number where the source has numbers. */
const asIn = (wanted: ChannelVersion, { version }: Copy): ChannelVersion =>
  typeof wanted === 'number' ? Number(version) : version
