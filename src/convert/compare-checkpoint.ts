/** One checkpoint against its rows: parent, fields, metadata, versions, what nodes have seen, and the value of every channel. */
import { treeOf, treeValue } from '../codec/tree.js'
import type { ChannelVersion, Checkpoint, StoredChannelValue } from '../model/thread.js'
import type { Tree, Value } from '../model/value.js'
import type { Difference } from '../model/verify-report.js'
import { describe } from './compare-describe.js'
import { InheritedValues, UNKNOWN } from './compare-inherited.js'
import type { Outcome, StoredPlace } from './compare-outcome.js'
import type { CheckpointDigests } from './compare-source.js'
import { type ComparedCheckpoint, checkpointKey, type StoredThread, UNREADABLE } from './compare-stored.js'
import type { Digest } from './compare-values.js'
import { seenRelation, type VersionPair, VersionRule } from './compare-versions.js'

/** Where a fault was found, for the report. */
interface Where {
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly key: Buffer
}

export class CheckpointComparison {
  private readonly versions: VersionRule<Where>
  private readonly inherited = new InheritedValues()
  /** Checkpoint → the channels whose versions are not the source's. */
  private readonly pairs = new Map<string, ReadonlyMap<string, VersionPair>>()
  /** Relations that are right only where versions may differ. */
  private readonly seenFaults: (() => void)[] = []
  private readonly extraValues: (() => void)[] = []

  constructor(
    private readonly stored: StoredThread,
    private readonly outcome: Outcome,
    private readonly options: { readonly showValues: boolean },
  ) {
    this.versions = new VersionRule(outcome.recorded?.renumbered ?? new Map())
  }

  /** False where Postgres has no row of it. */
  compare(checkpoint: Checkpoint, digests: CheckpointDigests): boolean {
    const { values } = digests
    const { checkpointNs, checkpointId, parentCheckpointId } = checkpoint
    const row = this.stored.checkpoints.get(checkpointKey(checkpointNs, checkpointId))
    if (row === undefined) {
      if (checkpoint.valuesAreDelta) this.inherited.add(checkpoint, values, () => {})
      return false
    }
    this.outcome.compared.checkpoints++
    if (row.parentCheckpointId !== parentCheckpointId) {
      this.differs(checkpoint, 'parent', undefined, {
        source: { is: parentCheckpointId ?? 'none' },
        target: { is: row.parentCheckpointId ?? 'none' },
      })
    }
    this.members(checkpoint, row, digests)
    this.channelValues(checkpoint, row, values)
    if (checkpoint.valuesAreDelta) {
      // Which values it shares with others is known once they were all read; their versions stand for them.
      const { channelVersions, versionsSeen, origin } = checkpoint
      const kept = { checkpointNs, checkpointId, parentCheckpointId, channelVersions, versionsSeen, origin }
      this.inherited.add(checkpoint, values, (all) => {
        this.inheritedValues(kept, row, all, values)
        this.versionsOf(kept, row, (channel) => digestIn(all, channel))
      })
    } else {
      this.versionsOf(checkpoint, row, (channel) => values.get(channel))
    }
    return true
  }

  channelValue(value: StoredChannelValue): void {
    this.inherited.channelValue(value)
  }

  /** All checkpoints were compared. */
  end(): void {
    this.inherited.end()
    for (const { pair, where, why } of this.versions.end()) {
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
    for (const report of [...this.seenFaults, ...this.extraValues]) report()
  }

  private members(checkpoint: Checkpoint, row: ComparedCheckpoint, source: CheckpointDigests): void {
    for (const name of differing(source.fields, row.fields)) {
      const place = { table: 'checkpoints', member: 'field', name } as const
      const kind = kindOf(source.fields.has(name), row.fields.has(name))
      const details = { ...this.sides(checkpoint.fields.get(name), true), kind }
      this.differs(checkpoint, 'field', name, details, place)
    }
    for (const name of differing(source.metadata, row.metadata)) {
      const place = { table: 'checkpoints', member: 'metadata', name } as const
      const kind = kindOf(source.metadata.has(name), row.metadata.has(name))
      const details = { ...this.sides(memberOf(checkpoint.metadata, name), true), kind }
      this.differs(checkpoint, 'metadata', name, details, place)
    }
  }

  private channelValues(
    checkpoint: Checkpoint,
    row: ComparedCheckpoint,
    digests: ReadonlyMap<string, Digest>,
  ): void {
    for (const [channel, digest] of digests) {
      this.outcome.compared.values++
      const stored = this.stored.valueOf(row, channel)
      const blob = this.stored.blobOf(row, channel)
      if (stored === digest) {
        if (blob !== undefined) blob.isMatched = true
        continue
      }
      const value = checkpoint.channelValues.get(channel)
      const details = this.sides(value, stored !== undefined)
      this.differs(checkpoint, 'channel', channel, details, placeOf(row, channel, stored, blob?.version))
    }
    if (!checkpoint.valuesAreDelta) this.tooManyValues(checkpoint, row, digests)
  }

  private inheritedValues(
    checkpoint: Kept,
    row: ComparedCheckpoint,
    all: ReadonlyMap<string, Digest>,
    own: ReadonlyMap<string, Digest>,
  ): void {
    for (const [channel, digest] of all) {
      if (own.has(channel) || digest === UNKNOWN) continue
      this.outcome.compared.values++
      const stored = this.stored.valueOf(row, channel)
      const blob = this.stored.blobOf(row, channel)
      if (stored === digest) {
        if (blob !== undefined) blob.isMatched = true
        continue
      }
      const kind = stored === undefined ? 'missing' : 'differs'
      const source = { is: 'the value of an earlier checkpoint' }
      const place = placeOf(row, channel, stored, blob?.version)
      this.differs(checkpoint, 'channel', channel, { kind, source }, place)
    }
    this.tooManyValues(checkpoint, row, all)
  }

  /** A value that the source has not here is right where another checkpoint has it under this version: Postgres keeps one for both. */
  private tooManyValues(
    checkpoint: Kept,
    row: ComparedCheckpoint,
    digests: ReadonlyMap<string, Digest>,
  ): void {
    const { checkpointNs, checkpointId } = checkpoint
    const channels = new Set([...row.inlined.keys(), ...row.channelVersions.keys()])
    for (const channel of channels) {
      const stored = digests.has(channel) ? undefined : this.stored.valueOf(row, channel)
      if (stored === undefined) continue
      const blob = this.stored.blobOf(row, channel)
      const place = placeOf(row, channel, stored, blob?.version)
      this.extraValues.push(() => {
        if (blob?.isMatched) return
        this.outcome.tooMuch(
          { kind: 'extra', part: 'channel', checkpointNs, checkpointId, name: channel },
          place,
        )
      })
    }
  }

  private versionsOf(
    checkpoint: Kept,
    row: ComparedCheckpoint,
    digestOf: (channel: string) => Digest | undefined,
  ): void {
    const { checkpointNs, checkpointId, parentCheckpointId, channelVersions, origin } = checkpoint
    const where = { checkpointNs, checkpointId, key: origin.key }
    const parents = this.pairs.get(checkpointKey(checkpointNs, parentCheckpointId ?? ''))
    const pairs = new Map<string, VersionPair>()
    const names = new Set([...channelVersions.keys(), ...row.channelVersions.keys()])
    for (const channel of names) {
      const source = channelVersions.get(channel)
      const target = row.channelVersions.get(channel)
      if (source === undefined || target === undefined) {
        const kind = kindOf(source !== undefined, target !== undefined)
        const version = versionText((source ?? target) as ChannelVersion)
        const side = source === undefined ? 'target' : 'source'
        this.differs(checkpoint, 'version', channel, { kind, [side]: { is: version } })
        continue
      }
      const pair = { checkpointNs, channel, source, target, digest: digestOf(channel) }
      if (source !== target) pairs.set(channel, pair)
      this.versions.add(pair, where, parents?.get(channel))
    }
    if (pairs.size > 0) this.pairs.set(checkpointKey(checkpointNs, checkpointId), pairs)
    this.seenOf(checkpoint, row)
  }

  private seenOf(checkpoint: Kept, row: ComparedCheckpoint): void {
    const nodes = new Set([...checkpoint.versionsSeen.keys(), ...row.versionsSeen.keys()])
    for (const node of nodes) {
      const source = checkpoint.versionsSeen.get(node)
      const target = row.versionsSeen.get(node)
      const channels = new Set([...(source?.keys() ?? []), ...(target?.keys() ?? [])])
      if (source === undefined || target === undefined) {
        const kind = kindOf(source !== undefined, target !== undefined)
        this.differs(checkpoint, 'versions-seen', node, { kind })
        continue
      }
      for (const channel of channels) this.seenChannel(checkpoint, row, { node, channel }, [source, target])
    }
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
        if (!this.versions.mayDiffer(checkpoint.checkpointNs, channel)) report()
      })
    }
  }

  private sides(source: Value | undefined, isStored: boolean): Omit<Details, 'target'> {
    return {
      kind: kindOf(source !== undefined, isStored),
      ...(source !== undefined && { source: describe(source, this.options.showValues) }),
    }
  }

  private differs(
    { checkpointNs, checkpointId, origin }: Pick<Kept, 'checkpointNs' | 'checkpointId' | 'origin'>,
    part: Difference['part'],
    name: string | undefined,
    details: Details,
    place?: StoredPlace,
  ): void {
    const named = name === undefined ? {} : { name }
    const difference = { kind: 'differs', part, checkpointNs, checkpointId, ...named, ...details } as const
    this.outcome.differs(origin.key, difference, place)
  }
}

type Details = Partial<Pick<Difference, 'kind' | 'source' | 'target' | 'note'>>
/** A checkpoint without its values. */
type Kept = Pick<
  Checkpoint,
  'checkpointNs' | 'checkpointId' | 'parentCheckpointId' | 'channelVersions' | 'versionsSeen' | 'origin'
>

/** Stands for "no value", which is told apart from a value where versions are made anew for either. */
const ABSENT = 'absent'

const digestIn = (all: ReadonlyMap<string, Digest>, channel: string): Digest | undefined => {
  const digest = all.get(channel) ?? ABSENT
  return digest === UNKNOWN ? undefined : digest
}

const kindOf = (inSource: boolean, inTarget: boolean): Difference['kind'] =>
  inSource ? (inTarget ? 'differs' : 'missing') : 'extra'

const versionText = (version: ChannelVersion): string =>
  typeof version === 'string' ? JSON.stringify(version) : String(version)

/** Names that are not the same on both sides. */
function differing(source: ReadonlyMap<string, Digest>, target: ReadonlyMap<string, Digest>): string[] {
  const names = new Set([...source.keys(), ...target.keys()])
  return [...names].filter((name) => source.get(name) !== target.get(name) || target.get(name) === UNREADABLE)
}

function memberOf(map: Value, name: string): Value | undefined {
  const tree = treeOf(map)
  const member = tree.kind === 'map' ? tree.entries.find(([key]) => textOf(key) === name) : undefined
  return member && treeValue(member[1])
}

const textOf = (tree: Tree): string | undefined => (tree.kind === 'text' ? tree.utf8.toString() : undefined)

function placeOf(
  row: ComparedCheckpoint,
  channel: string,
  stored: Digest | undefined,
  blobVersion: string | undefined,
): StoredPlace | undefined {
  if (stored === undefined) return undefined
  return blobVersion === undefined || row.inlined.get(channel) === stored
    ? { table: 'checkpoints', member: 'channel', name: channel }
    : { table: 'checkpoint_blobs', channel, version: blobVersion }
}
