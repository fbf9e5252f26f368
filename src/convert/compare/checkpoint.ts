/** One checkpoint against its rows: parent, fields, metadata, and the value of every channel. */
import { treeOf, treeValue } from '../../codec/tree.js'
import type { Checkpoint, StoredChannelValue } from '../../model/thread.js'
import type { Tree, Value } from '../../model/value.js'
import type { Difference } from '../../model/verify-report.js'
import { describe } from './describe.js'
import { InheritedValues, UNKNOWN } from './inherited.js'
import { differing, eachName } from './names.js'
import type { Outcome, StoredPlace } from './outcome.js'
import type { CheckpointDigests } from './source.js'
import { type ComparedCheckpoint, checkpointKey, type StoredThread } from './stored.js'
import type { Digest } from './values.js'
import { type Kept, kindOf, VersionComparison } from './version-fields.js'

export class CheckpointComparison {
  private readonly versions: VersionComparison
  private readonly inherited = new InheritedValues()
  private readonly extraValues: (() => void)[] = []

  constructor(
    private readonly stored: StoredThread,
    private readonly outcome: Outcome,
    private readonly options: { readonly showValues: boolean },
  ) {
    this.versions = new VersionComparison(outcome)
  }

  /** False where Postgres has no row of it. */
  compare(checkpoint: Checkpoint, digests: CheckpointDigests): boolean {
    const { values } = digests
    const { checkpointNs, checkpointId, parentCheckpointId } = checkpoint
    const row = this.stored.checkpoints.get(checkpointKey(checkpointNs, checkpointId))
    // Without the values: what is kept of it must not keep its document in memory.
    const { channelVersions, versionsSeen, origin } = checkpoint
    const kept = { checkpointNs, checkpointId, parentCheckpointId, channelVersions, versionsSeen, origin }
    const isLost = checkpoint.parentIsLost === true
    if (row !== undefined) {
      this.outcome.compared.checkpoints++
      if (!isLost || !this.isStanding(checkpointNs, row.parentCheckpointId)) this.parent(kept, row)
      this.members(checkpoint, row, digests)
      this.channelValues(checkpoint, row, values)
    }
    if (checkpoint.valuesAreDelta) {
      // Which values it shares with others is known once they were all read; their versions stand for them.
      this.inherited.add(checkpoint, values, (all) => {
        if (row !== undefined) this.inheritedValues(kept, row, all, values)
        this.versions.compare(kept, row, (channel) => digestIn(all, channel))
      })
    } else {
      this.versions.compare(kept, row, (channel) => values.get(channel))
    }
    return row !== undefined
  }

  channelValue(value: StoredChannelValue): void {
    const found = value.value && this.stored.forms.source(value.value)
    this.inherited.channelValue({ ...value, ...(found && { value: found }) })
  }

  /** All checkpoints were compared. */
  end(): void {
    this.inherited.end()
    this.versions.end()
    for (const report of this.extraValues) report()
  }

  private parent(checkpoint: Kept, row: ComparedCheckpoint): void {
    const { checkpointNs, checkpointId, parentCheckpointId, origin } = checkpoint
    if (row.parentCheckpointId === parentCheckpointId) return
    const difference = {
      kind: 'differs',
      part: 'parent',
      checkpointNs,
      checkpointId,
      source: { is: parentCheckpointId ?? 'none' },
      target: { is: row.parentCheckpointId ?? 'none' },
    } as const
    const isCutOff =
      row.parentCheckpointId === null &&
      !this.stored.checkpoints.has(checkpointKey(checkpointNs, parentCheckpointId ?? ''))
    if (!isCutOff) this.outcome.differs(origin.key, difference)
    else if (!this.mayBeCutOff(checkpoint)) this.outcome.tooMuch(difference)
  }

  private isStanding(checkpointNs: string, checkpointId: string | null): boolean {
    return checkpointId !== null && this.stored.checkpoints.has(checkpointKey(checkpointNs, checkpointId))
  }

  /** The oldest checkpoint that a run takes, or that the official saver's prune leaves, has no parent any more. */
  private mayBeCutOff({ checkpointNs, parentCheckpointId }: Kept): boolean {
    const { recorded } = this.outcome
    return recorded?.isBounded === true || recorded?.wrote(checkpointNs, parentCheckpointId ?? '') === true
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
      const blob = this.stored.blobOf(row, channel)
      const stored = this.stored.valueIn(row, channel, blob)
      if (stored === digest) {
        if (blob !== undefined) blob.isMatched = true
        continue
      }
      const value = checkpoint.channelValues.get(channel)
      const details = { ...this.sides(value, stored !== undefined), ...goneBlob(row, channel, stored) }
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
      const blob = this.stored.blobOf(row, channel)
      const stored = this.stored.valueIn(row, channel, blob)
      if (stored === digest) {
        if (blob !== undefined) blob.isMatched = true
        continue
      }
      if (this.isAsParentSays(checkpoint, row, channel)) continue
      const kind = stored === undefined ? 'missing' : 'differs'
      const source = { is: 'the value of an earlier checkpoint' }
      const place = placeOf(row, channel, stored, blob?.version)
      this.differs(checkpoint, 'channel', channel, { kind, source, ...goneBlob(row, channel, stored) }, place)
    }
    this.tooManyValues(checkpoint, row, all)
  }

  /**
   * A fork overwrites what the source keeps apart under a version. Where the parent has gone from the source and stands in Postgres, it
   * says what is right: its own value where the version is still its own, none where the channel changed since.
   */
  private isAsParentSays(kept: Kept, row: ComparedCheckpoint, channel: string): boolean {
    const { checkpointNs, parentCheckpointId } = kept
    const parent = this.stored.checkpoints.get(checkpointKey(checkpointNs, parentCheckpointId ?? ''))
    if (parent === undefined || this.inherited.has(checkpointNs, parent.checkpointId)) return false
    const isShared = parent.channelVersions.get(channel) === row.channelVersions.get(channel)
    return this.stored.valueOf(row, channel) === (isShared ? this.stored.valueOf(parent, channel) : undefined)
  }

  /** A value that the source has not here is right where another checkpoint has it under this version: Postgres keeps one for both. */
  private tooManyValues(
    checkpoint: Kept,
    row: ComparedCheckpoint,
    digests: ReadonlyMap<string, Digest>,
  ): void {
    const { checkpointNs, checkpointId } = checkpoint
    eachName(row.inlined, row.channelVersions, (channel) => {
      if (digests.has(channel)) return
      const blob = this.stored.blobOf(row, channel)
      const stored = this.stored.valueIn(row, channel, blob)
      if (stored === undefined) return
      const place = placeOf(row, channel, stored, blob?.version)
      this.extraValues.push(() => {
        if (blob?.isMatched) return
        this.outcome.tooMuch(
          { kind: 'extra', part: 'channel', checkpointNs, checkpointId, name: channel },
          place,
        )
      })
    })
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
/** Stands for "no value", which is told apart from a value where versions are made anew for either. */
const ABSENT = 'absent'

const digestIn = (all: ReadonlyMap<string, Digest>, channel: string): Digest | undefined => {
  const digest = all.get(channel) ?? ABSENT
  return digest === UNKNOWN ? undefined : digest
}

/** The official reader joins a blob by the version that the checkpoint names. */
function goneBlob(row: ComparedCheckpoint, channel: string, stored: Digest | undefined) {
  const version = row.channelVersions.get(channel)
  if (stored !== undefined || version === undefined) return {}
  return { note: `checkpoint_blobs has none for its version ${version}` }
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
