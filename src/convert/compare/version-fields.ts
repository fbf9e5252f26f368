/** The versions of one checkpoint's channels against its row, and those that nodes have seen. */
import type { ChannelVersion, Checkpoint } from '../../model/thread.js'
import type { Difference } from '../../model/verify-report.js'
import { eachName, isSameMap } from './names.js'
import type { Outcome } from './outcome.js'
import { type ComparedCheckpoint, checkpointKey } from './stored.js'
import type { Digest } from './values.js'
import { seenRelation, type VersionPair, VersionRule } from './versions.js'

/** A checkpoint without its values. */
export type Kept = Pick<
  Checkpoint,
  'checkpointNs' | 'checkpointId' | 'parentCheckpointId' | 'channelVersions' | 'versionsSeen' | 'origin'
>

/** Where a fault was found, for the report. */
interface Where {
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly key: Buffer
}

export class VersionComparison {
  private readonly rule: VersionRule<Where>
  /** Checkpoint → the channels whose versions are not the source's. */
  private readonly pairs = new Map<string, ReadonlyMap<string, VersionPair>>()
  /** Relations that are right only where versions may differ. */
  private readonly seenFaults: (() => void)[] = []

  constructor(private readonly outcome: Outcome) {
    this.rule = new VersionRule(outcome.recorded?.renumbered ?? new Map())
  }

  /**
   * `digestOf` gives the value of a channel in the source; undefined where nobody knows it. A checkpoint without a row tells all the
   * same which versions hold several values.
   */
  compare(
    checkpoint: Kept,
    row: ComparedCheckpoint | undefined,
    digestOf: (channel: string) => Digest | undefined,
  ): void {
    const { checkpointNs, checkpointId, parentCheckpointId, channelVersions, origin } = checkpoint
    if (row === undefined) {
      channelVersions.forEach((source, channel) => {
        this.rule.note({ checkpointNs, channel, source, digest: digestOf(channel) })
      })
      return
    }
    const where = { checkpointNs, checkpointId, key: origin.key }
    // Most threads have no pair that is not alike.
    const parents =
      this.pairs.size === 0
        ? undefined
        : this.pairs.get(checkpointKey(checkpointNs, parentCheckpointId ?? ''))
    const pairs = new Map<string, VersionPair>()
    eachName(channelVersions, row.channelVersions, (channel) => {
      const source = channelVersions.get(channel)
      const target = row.channelVersions.get(channel)
      if (source === undefined || target === undefined) {
        if (source !== undefined) this.rule.note({ checkpointNs, channel, source, digest: digestOf(channel) })
        const kind = kindOf(source !== undefined, target !== undefined)
        const version = versionText((source ?? target) as ChannelVersion)
        const side = source === undefined ? 'target' : 'source'
        this.differs(checkpoint, 'version', channel, { kind, [side]: { is: version } })
        return
      }
      const pair = { checkpointNs, channel, source, target, digest: digestOf(channel) }
      if (source !== target) pairs.set(channel, pair)
      this.rule.add(pair, where, parents?.get(channel))
    })
    if (pairs.size > 0) this.pairs.set(checkpointKey(checkpointNs, checkpointId), pairs)
    this.seenOf(checkpoint, row)
  }

  private seenOf(checkpoint: Kept, row: ComparedCheckpoint): void {
    eachName(checkpoint.versionsSeen, row.versionsSeen, (node) => {
      const source = checkpoint.versionsSeen.get(node)
      const target = row.versionsSeen.get(node)
      if (source === undefined || target === undefined) {
        const kind = kindOf(source !== undefined, target !== undefined)
        this.differs(checkpoint, 'versions-seen', node, { kind })
      } else if (!isSameMap(source, target)) {
        eachName(source, target, (channel) =>
          this.seenChannel(checkpoint, row, { node, channel }, [source, target]),
        )
      }
    })
  }

  private seenChannel(
    checkpoint: Kept,
    row: ComparedCheckpoint,
    { node, channel }: { readonly node: string; readonly channel: string },
    [source, target]: readonly [ReadonlyMap<string, ChannelVersion>, ReadonlyMap<string, ChannelVersion>],
  ): void {
    const [a, b] = [source.get(channel), target.get(channel)]
    if (a === b) return
    const report = () =>
      this.differs(checkpoint, 'versions-seen', `${node} · ${channel}`, {
        kind: kindOf(a !== undefined, b !== undefined),
        ...(a !== undefined && { source: { is: versionText(a) } }),
        ...(b !== undefined && { target: { is: versionText(b) } }),
      })
    const [current, stored] = [checkpoint.channelVersions.get(channel), row.channelVersions.get(channel)]
    const isRelated =
      a !== undefined &&
      b !== undefined &&
      current !== undefined &&
      stored !== undefined &&
      seenRelation(a, current) === seenRelation(b, stored)
    if (!isRelated) report()
    // Strings stay as they are, unless the channel got versions of its own.
    else if (typeof a === typeof b) {
      this.seenFaults.push(() => {
        if (!this.rule.mayDiffer(checkpoint.checkpointNs, channel)) report()
      })
    }
  }

  /** All checkpoints were compared. */
  end(): void {
    for (const { pair, where, why } of this.rule.end()) {
      this.outcome.differs(where.key, {
        kind: 'differs',
        part: 'version',
        checkpointNs: where.checkpointNs,
        checkpointId: where.checkpointId,
        name: pair.channel,
        source: { is: versionText(pair.source) },
        target: { is: versionText(pair.target) },
        ...(why !== '' && { note: why }),
      })
    }
    for (const report of this.seenFaults) report()
  }

  private differs(
    { checkpointNs, checkpointId, origin }: Kept,
    part: 'version' | 'versions-seen',
    name: string,
    details: Partial<Pick<Difference, 'kind' | 'source' | 'target'>>,
  ): void {
    const difference = { kind: 'differs', part, checkpointNs, checkpointId, name, ...details } as const
    this.outcome.differs(origin.key, difference)
  }
}

export const kindOf = (inSource: boolean, inTarget: boolean): Difference['kind'] =>
  inSource ? (inTarget ? 'differs' : 'missing') : 'extra'

const versionText = (version: ChannelVersion): string =>
  typeof version === 'string' ? JSON.stringify(version) : String(version)
