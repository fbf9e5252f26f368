/**
 * Delta channels (langgraph ≥ 1.2): a checkpoint may hold no value of them; the state is rebuilt from the writes of all
 * ancestors back to the nearest one that holds a value. A chain with a hole gives a wrong state silently, so it is found here.
 */
import { treeOf } from '../codec/tree.js'
import type { KnownCheckpoint } from '../model/rows.js'
import type { Checkpoint, Origin } from '../model/thread.js'

const NONE: string[] = []
/** What metadata calls them (redis-layouts 0.9). */
const MARK = 'counters_since_delta_snapshot'

/** A checkpoint as far as chains are concerned: its values are let go. */
interface Link {
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  readonly origin: Origin
  /** Delta channels named in the metadata that have no value here. */
  readonly open: readonly string[]
  readonly holds: readonly string[]
}

export class DeltaChains {
  private readonly links = new Map<string, Link>()
  /** What stands in the target: a pass before this one has looked at it, and the source may have lost it since. */
  private readonly standing: ReadonlySet<string>
  private used = false

  constructor(known: readonly KnownCheckpoint[]) {
    this.standing = new Set(known.map(nameOf))
  }

  checkpoint(checkpoint: Checkpoint): void {
    const { checkpointNs, checkpointId, parentCheckpointId, origin, channelValues } = checkpoint
    const deltas = deltaChannels(checkpoint)
    if (deltas.length > 0) this.used = true
    this.links.set(nameOf(checkpoint), {
      checkpointNs,
      checkpointId,
      parentCheckpointId,
      origin,
      open: deltas.length === 0 ? deltas : deltas.filter((channel) => !channelValues.has(channel)),
      holds: namesOf(channelValues),
    })
  }

  /** Checkpoints whose delta channels cannot be rebuilt, with the reason. */
  broken(
    isLeftOut: (checkpoint: Pick<Checkpoint, 'checkpointNs' | 'checkpointId'>) => boolean,
  ): { link: Link; detail: string }[] {
    if (!this.used) return []
    const broken: { link: Link; detail: string }[] = []
    for (const link of this.links.values()) {
      for (const channel of link.open) {
        const hole = this.holeBefore(link, channel)
        if (hole === undefined) continue
        const { checkpointNs } = link
        const why = isLeftOut({ checkpointNs, checkpointId: hole }) ? 'rejected' : 'not in the source'
        broken.push({ link, detail: `channel ${channel} needs checkpoint ${hole}, which is ${why}` })
      }
    }
    return broken
  }

  /** The id of the first ancestor that is missing before a value is found. */
  private holeBefore(from: Link, channel: string): string | undefined {
    const visited = new Set<string>()
    let id = from.parentCheckpointId
    while (id !== null && !visited.has(id)) {
      visited.add(id)
      const name = nameOf({ checkpointNs: from.checkpointNs, checkpointId: id })
      const link = this.links.get(name)
      if (link === undefined) return this.standing.has(name) ? undefined : id
      if (link.holds.includes(channel)) return undefined
      id = link.parentCheckpointId
    }
    return undefined
  }
}

function namesOf(channels: ReadonlyMap<string, unknown>): string[] {
  const names: string[] = []
  channels.forEach((_, channel) => {
    names.push(channel)
  })
  return names
}

function deltaChannels(checkpoint: Checkpoint): string[] {
  const { bytes } = checkpoint.metadata
  if (bytes !== undefined && !bytes.includes(MARK)) return NONE
  const tree = treeOf(checkpoint.metadata)
  if (tree.kind !== 'map') return []
  const counters = tree.entries.find(([key]) => key.kind === 'text' && key.utf8.toString() === MARK)?.[1]
  if (counters?.kind !== 'map') return []
  return counters.entries.flatMap(([key]) => (key.kind === 'text' ? [key.utf8.toString()] : []))
}

const nameOf = ({ checkpointNs, checkpointId }: Pick<Checkpoint, 'checkpointNs' | 'checkpointId'>): string =>
  `${checkpointNs}\0${checkpointId}`
