/**
 * Where the values of a JavaScript thread's channels stand in the target: under the version of the source, unless another value stands
 * there already; with the parent or a sibling, where the checkpoint does not repeat what it shares with them.
 */
import { EncodeError } from '../../codec/bytes.js'
import { jsTyped } from '../../codec/json/js-json.js'
import type { ChannelVersion, Checkpoint } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import {
  ChannelCopies,
  type Copy,
  EMPTY_IDENTITY,
  identityOf,
  sameBytes,
  sameValue,
} from '../channel-copies.js'
import { refuse, within } from '../left-out.js'
import { misfitOfCast, misfitOfKey } from '../limits.js'
import { Lineage } from '../lineage.js'
import { OpenSlots } from '../open-slots.js'
import type { DialectContext } from '../thread-frame.js'
import { JS_NUMBERING, versionAbove, versionBeside } from './versions.js'

/** Type of the rows, with NULL, that the saver writes for channels that have a version and no value. */
export const EMPTY = 'empty'
/** Identity of a value that a blob may still bring. */
const UNKNOWN_IDENTITY = 'unknown'

/** A blob row that a checkpoint needs and that nobody has written yet. */
export interface NewBlob {
  readonly type: string
  readonly bytes: Buffer | null
  readonly identity: string
  readonly value: Value | undefined
  /** The version that held another value, or the one that it gets. */
  readonly wanted: ChannelVersion
}

/** Where a channel's value is found, once the checkpoint is written. */
export interface Placed {
  readonly version: ChannelVersion
  readonly blob?: NewBlob
  /** The value may be in a blob that is still to come. */
  readonly isUnknown?: boolean
  /** The value stands with an ancestor. */
  readonly isRebuilt?: boolean
}

export class JsPlaces {
  readonly lineage: Lineage<ChannelVersion>
  readonly open = new OpenSlots()
  private readonly copies: ChannelCopies
  /** Version of the source → how many were made beside it. */
  private readonly besides = new Map<string, number>()

  constructor(private readonly context: DialectContext) {
    const { known, options } = context
    this.lineage = new Lineage(JS_NUMBERING, known.checkpoints)
    this.copies = new ChannelCopies(options.copiesBytes)
    this.copies.seed(known.blobs)
  }

  /** Which version each channel gets, and what has to be written for it. */
  of(checkpoint: Checkpoint): Map<string, Placed> {
    const sibling = checkpoint.copiesSibling ? this.lineage.siblingOf(checkpoint) : undefined
    const placed = new Map<string, Placed>()
    for (const channel of checkpoint.channelVersions.keys()) {
      const value = checkpoint.channelValues.get(channel)
      const isShared = value === undefined && checkpoint.valuesAreDelta === true
      placed.set(
        channel,
        (isShared ? this.shared(checkpoint, channel, sibling) : undefined) ??
          this.placeValue(checkpoint, channel, value),
      )
    }
    return placed
  }

  /** Only once the checkpoint is written: one that is left out must not count as the place where a value stands. */
  keep(checkpoint: Checkpoint, channel: string, { version, blob, isUnknown }: Placed): void {
    const { checkpointNs } = checkpoint
    const slot = { checkpointNs, channel, version: String(version) }
    const copy = { version: slot.version, inline: false, deltaSnapshot: false }
    if (isUnknown) {
      this.copies.link(slot, { ...copy, identity: UNKNOWN_IDENTITY, value: undefined })
      this.open.add(checkpoint, channel, version)
    }
    if (blob === undefined) return
    const { identity, value, wanted } = blob
    const kept: Copy =
      value === undefined ? { ...copy, identity, value } : this.copies.add(slot, { ...copy, identity }, value)
    this.copies.link(slot, kept)
    if (version !== wanted) this.copies.link({ ...slot, version: String(wanted) }, kept)
  }

  /** What a channel without a value of its own shares with others; undefined where it changed here, which leaves it without any. */
  private shared(checkpoint: Checkpoint, channel: string, sibling: string | undefined): Placed | undefined {
    const { checkpointNs, parentCheckpointId, channelVersions } = checkpoint
    const source = channelVersions.get(channel)!
    const wanted = this.lineage.wanted(checkpoint, channel)
    const inherited = this.lineage.inherited(checkpoint, channel)
    if (inherited !== undefined) {
      return { version: wanted, isRebuilt: this.hasValue(checkpointNs, channel, inherited) }
    }
    const copied =
      sibling === undefined ? undefined : this.lineage.versionIn(checkpointNs, sibling, channel, source)
    if (copied !== undefined) return { version: this.lineage.standing(checkpoint, channel) ?? copied }
    const isGone = parentCheckpointId !== null && !this.lineage.has(checkpointNs, parentCheckpointId)
    if (!isGone && !checkpoint.copiesSibling) return undefined
    refuse(misfitOfCast('channel', channel))
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
    if (bytes === null && misfitOfCast('channel', channel)) return { version: wanted }
    const identity = bytes === null ? EMPTY_IDENTITY : identityOf(type, bytes)
    const equal =
      copies.find((copy) => copy.identity === identity) ??
      copies.find((copy) => value !== undefined && sameValue(copy.value, value))
    if (equal !== undefined) return { version: asIn(wanted, equal) }
    const version = copies.length === 0 ? wanted : this.freeVersion(checkpoint, channel)
    if (version !== wanted) this.context.findings.add('version-renumbered', checkpoint, `channel ${channel}`)
    refuse(misfitOfCast('channel', channel) ?? misfitOfCast('type', type))
    const key = { 'thread id': threadId, namespace: checkpointNs, channel, version: String(version) }
    refuse(misfitOfKey(key))
    return { version, blob: { type, bytes, identity, value, wanted } }
  }

  /** A version beside that of the source that nobody has, above the parent's. */
  private freeVersion(checkpoint: Checkpoint, channel: string): ChannelVersion {
    const { checkpointNs } = checkpoint
    const source = checkpoint.channelVersions.get(channel)!
    const inherited = this.lineage.inherited(checkpoint, channel)
    const slot = `${checkpointNs}\0${channel}\0${source}`
    let count = this.besides.get(slot) ?? 0
    let version = inherited
    do {
      version = inherited === undefined ? versionBeside(source, ++count) : versionAbove(version!)
      if (version === undefined)
        throw new EncodeError(
          `too many values under version ${source} of channel ${channel}`,
          'unsupported-value',
        )
    } while (this.copies.of({ checkpointNs, channel, version: String(version) }).length > 0)
    this.besides.set(slot, count)
    return version
  }

  private hasValue(checkpointNs: string, channel: string, version: ChannelVersion): boolean {
    const [copy] = this.copies.of({ checkpointNs, channel, version: String(version) })
    return copy !== undefined && copy.identity !== EMPTY_IDENTITY && copy.identity !== UNKNOWN_IDENTITY
  }
}

/** A copy's version, a number where the source has numbers. */
const asIn = (wanted: ChannelVersion, { version }: Copy): ChannelVersion =>
  typeof wanted === 'number' ? Number(version) : version
