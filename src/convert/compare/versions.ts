/**
 * Whether channel versions in Postgres stand for those in Redis. Where they are not the same text, they still have to tell the same: the
 * same integer, one version for one value, and a node that has seen a version before, at or after the current one.
 */
import type { ChannelVersion } from '../../model/thread.js'
import { integerOf } from '../lineage.js'
import type { Digest } from './values.js'

/** One channel of one checkpoint on both sides. */
export interface VersionPair {
  readonly checkpointNs: string
  readonly channel: string
  readonly source: ChannelVersion
  readonly target: ChannelVersion
  /** The value's in the source; absent where the channel has none. */
  readonly digest: Digest | undefined
}

/** A version that is not what it should be; `why` has no full stop. */
export interface VersionFault<Where> {
  readonly pair: VersionPair
  readonly where: Where
  readonly why: string
}

interface Deferred<Where> {
  readonly pair: VersionPair
  readonly where: Where
}

export class VersionRule<Where> {
  /** Target version → what it stands for in the source. */
  private readonly meanings = new Map<string, { source: ChannelVersion; digest: Digest | undefined }>()
  /** Source version → the first value seen under it. */
  private readonly values = new Map<string, Digest>()
  /** Channels of which one version holds several values in the source: their later values got a version of their own. */
  private readonly mutated = new Set<string>()
  /** Without a value, and under another version than the source's. */
  private readonly withoutValue: VersionPair[] = []
  private readonly deferred: Deferred<Where>[] = []
  private readonly faults: VersionFault<Where>[] = []

  /** `renumbered`: namespace → channels that are known to have got versions of their own. */
  constructor(private readonly renumbered: ReadonlyMap<string, ReadonlySet<string>>) {}

  /** `parent` is the same channel in the parent checkpoint, where both sides have it. */
  add(pair: VersionPair, where: Where, parent?: VersionPair): void {
    const { source, target, digest } = pair
    this.note(pair)
    const isSame = source === target
    const why = isSame ? undefined : this.faultOf(pair, parent)
    if (why !== undefined) this.faults.push({ pair, where, why })
    else if (!isSame && typeof source === typeof target) this.deferred.push({ pair, where })
    if (!isSame && digest === undefined) this.withoutValue.push(pair)
    const key = nameOf(pair, target)
    if (!this.meanings.has(key)) this.meanings.set(key, { source, digest })
  }

  /** What the source has under a version. */
  note(pair: Omit<VersionPair, 'target'>): void {
    const { digest, source, checkpointNs, channel } = pair
    if (digest === undefined) return
    const key = nameOf(pair, source)
    const first = this.values.get(key)
    if (first === undefined) this.values.set(key, digest)
    else if (first !== digest) this.mutated.add(`${checkpointNs}\0${channel}`)
  }

  /** All pairs were added. */
  end(): readonly VersionFault<Where>[] {
    // A value that is gone must not seem to be the one that another fork has under its version.
    for (const pair of this.withoutValue)
      if (this.values.has(nameOf(pair, pair.source)))
        this.mutated.add(`${pair.checkpointNs}\0${pair.channel}`)
    for (const { pair, where } of this.deferred) {
      if (!this.mayDiffer(pair.checkpointNs, pair.channel)) this.faults.push({ pair, where, why: '' })
    }
    return this.faults
  }

  /** Whether other versions than the source's are expected in this channel; complete only once all pairs were added. */
  mayDiffer(checkpointNs: string, channel: string): boolean {
    return (
      this.renumbered.get(checkpointNs)?.has(channel) === true ||
      this.mutated.has(`${checkpointNs}\0${channel}`)
    )
  }

  private faultOf(pair: VersionPair, parent: VersionPair | undefined): string | undefined {
    const { source, target, digest } = pair
    if (integerOf(source) !== integerOf(target)) return 'another integer'
    const meaning = this.meanings.get(nameOf(pair, target))
    if (meaning !== undefined && meaning.source !== source) return 'stands for two versions of the source'
    if (meaning?.digest !== undefined && digest !== undefined && meaning.digest !== digest) {
      return 'stands for two values of the source'
    }
    if (
      parent !== undefined &&
      parent.source === source &&
      parent.digest === digest &&
      parent.target !== target
    ) {
      return 'differs from its parent, in the source it does not'
    }
    return undefined
  }
}

const nameOf = (
  { checkpointNs, channel }: Pick<VersionPair, 'checkpointNs' | 'channel'>,
  version: ChannelVersion,
): string => `${checkpointNs}\0${channel}\0${typeof version}\0${version}`

/** A node has seen a version that is older than the current one, the current one, or a newer one: −1, 0, 1. */
export function seenRelation(seen: ChannelVersion, current: ChannelVersion): number {
  if (typeof seen !== typeof current) return Math.sign(integerOf(seen) - integerOf(current))
  return seen < current ? -1 : seen > current ? 1 : 0
}
