/** The JavaScript dialect: rows as `@langchain/langgraph-checkpoint-postgres` would have written them (0.0.1–1.0.5). */
import { jsTyped } from '../../codec/json/js-json.js'
import { JsonbWriter } from '../../codec/json/jsonb-write.js'
import type { ChannelVersion, Checkpoint, PendingWrite, StoredChannelValue } from '../../model/thread.js'
import { ROOT_NS } from '../../model/thread.js'
import { checkpointJsonb, jsMetadataJsonb } from '../checkpoint-jsonb.js'
import { refuse } from '../left-out.js'
import { misfitOfCast } from '../limits.js'
import type { OpenSlot } from '../open-slots.js'
import { RebuiltValues } from '../rebuilt-values.js'
import type { DialectContext, DialectRows } from '../thread-frame.js'
import { EMPTY, JsPlaces } from './places.js'

/** Channels whose values live for one step: that an old version of them has none is no loss. */
const FLEETING = /^(__start__|__input__|__pregel_tasks|branch:)/

export class JsRows implements DialectRows {
  readonly classes: ReadonlySet<string> = new Set()
  private readonly jsonb = new JsonbWriter()
  private readonly places: JsPlaces
  private readonly rebuilt = new RebuiltValues()

  constructor(private readonly context: DialectContext) {
    this.places = new JsPlaces(context)
  }

  checkpoint(checkpoint: Checkpoint): void {
    const { checkpointNs, channelVersions } = checkpoint
    const placed = this.places.of(checkpoint)
    const versions = new Map([...placed].map(([channel, { version }]) => [channel, version]))
    const sizes = [...placed].flatMap(([channel, { blob }]) =>
      blob === undefined ? [] : [[channel, blob.bytes?.length ?? 0] as const],
    )
    this.context.sizes.refuseBlobs(checkpointNs, versions, new Map(sizes))
    this.writeCheckpoint(checkpoint, versions)
    for (const [channel, one] of placed) {
      this.places.keep(checkpoint, channel, one)
      if (one.blob !== undefined) this.writeBlob(checkpointNs, channel, one.version, one.blob)
      if (one.isRebuilt) this.rebuilt.add(checkpointNs, channel, channelVersions.get(channel)!)
    }
    this.reportUnversioned(checkpoint)
    this.places.lineage.settle(checkpoint, versions)
  }

  write(write: PendingWrite): void {
    const { threadId, checkpointNs, checkpointId, taskId, taskPath, idx, channel } = write
    const ids = { threadId, checkpointNs, checkpointId, taskId }
    const { type, bytes } = jsTyped(write.value)
    refuse(misfitOfCast('channel', channel) ?? misfitOfCast('type', type) ?? misfitOfCast('task id', taskId))
    this.context.sizes.refuseWrite(write, bytes.length)
    this.context.rows.writeRow({ ...ids, taskPath, idx, channel, type, blob: bytes })
  }

  channelValue(stored: StoredChannelValue): void {
    this.rebuilt.isStored(stored)
    const slot = this.places.open.fill(stored)
    if (slot === undefined) return
    const { checkpoint, channel, version } = slot
    const blob = stored.value === undefined ? NO_VALUE : jsTyped(stored.value)
    this.writeBlob(checkpoint.checkpointNs, channel, version, blob)
  }

  end(): boolean {
    let isComplete = true
    for (const slot of this.places.open.rest()) if (!this.giveUp(slot)) isComplete = false
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
        numbers.set(channel, this.places.lineage.seen(checkpoint, node, channel, version, versions))
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

  /** False where the value may be had one day, when its checkpoint can be read. */
  private giveUp(slot: OpenSlot): boolean {
    const { checkpoint, channel, version } = slot
    const { checkpointNs, parentCheckpointId } = checkpoint
    this.writeBlob(checkpointNs, channel, version, NO_VALUE)
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

  private writeBlob(
    checkpointNs: string,
    channel: string,
    version: ChannelVersion,
    { type, bytes }: { readonly type: string; readonly bytes: Buffer | null },
  ): void {
    const { threadId, rows } = this.context
    rows.blobRow({ threadId, checkpointNs, channel, version: String(version), type, blob: bytes })
  }
}

const NO_VALUE = { type: EMPTY, bytes: null }
