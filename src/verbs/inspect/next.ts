/** Which nodes would run next, as far as a checkpoint alone can say: its graph is not here. */
import { type ChannelVersion, type Checkpoint, TASKS_CHANNEL } from '../../model/thread.js'
import type { Tree, Value } from '../../model/value.js'
import { fieldOf, shownValue, textOf } from './trees.js'

/** Channels that trigger the node they name (langgraph ≥ 0.3, before, and at the start). */
const TRIGGERS = [/^branch:to:(.+?)(?:::.*)?$/, /^branch:[^:]+:[^:]+:(.+)$/, /^start:(.+)$/]
/** A channel that waits for several nodes; when all have run it triggers the last one it names. Node names hold no colon. */
const JOIN = /^join:(.+):([^:]+)$/s
/** In `versions_seen` beside the nodes. */
const NO_NODES: ReadonlySet<string> = new Set(['__input__', '__interrupt__', '__start__'])

/** `sends` are the values of the channel of Sends, and those that stand in the checkpoint itself before v4. */
export function nextNodes(checkpoint: Checkpoint, sends: readonly Tree[]): string[] {
  const { channelValues, channelVersions, versionsSeen } = checkpoint
  const next = new Set<string>()
  const isNew = (node: string, channel: string): boolean => {
    const version = channelVersions.get(channel)
    return version !== undefined && isAbove(version, versionsSeen.get(node)?.get(channel))
  }
  const incomplete = new Set<string>()
  for (const [channel, value] of channelValues) {
    for (const trigger of TRIGGERS) {
      const node = trigger.exec(channel)?.[1]
      if (node !== undefined && isNew(node, channel)) next.add(node)
    }
    const [, awaited, node] = JOIN.exec(channel) ?? []
    if (awaited === undefined || node === undefined) continue
    if (!isComplete(value, awaited)) incomplete.add(channel)
    else if (isNew(node, channel)) next.add(node)
  }
  for (const [node, seen] of versionsSeen) {
    if (NO_NODES.has(node)) continue
    for (const channel of seen.keys()) {
      if (channel === TASKS_CHANNEL || incomplete.has(channel)) continue
      if (channelValues.has(channel) && isNew(node, channel)) next.add(node)
    }
  }
  for (const tree of sends) for (const node of nodesOfSends(tree)) next.add(node)
  return [...next]
}

/** Whether all that it waits for have run. Its node empties it, and that, too, makes a new version. */
function isComplete(value: Value, awaited: string): boolean {
  const shown = shownValue(value)
  if (shown.kind !== 'value') return false
  const items = itemsOf(shown.tree)
  const [names, isFinished] = items
  // Before a deferred node it is a pair: who has run, and whether all other nodes have.
  if (names !== undefined && isFinished?.kind === 'bool')
    return isFinished.value && namesIn(itemsOf(names)) === sorted(awaited)
  return namesIn(items) === sorted(awaited)
}

const itemsOf = (tree: Tree): readonly Tree[] => ('items' in tree ? tree.items : [])

const namesIn = (items: readonly Tree[]): string => sorted(items.map((item) => textOf(item) ?? '').join('+'))

/** A set has its members in any order. A name may itself hold a plus sign. */
const sorted = (names: string): string => names.split('+').sort().join('+')

function isAbove(version: ChannelVersion, seen: ChannelVersion | undefined): boolean {
  if (seen === undefined) return true
  return typeof version === typeof seen ? version > seen : String(version) > String(seen)
}

function nodesOfSends(tree: Tree): string[] {
  if (tree.kind === 'list' || tree.kind === 'tuple') return tree.items.flatMap(nodesOfSends)
  const node = fieldOf(tree, 'node')
  const name = node === undefined ? undefined : textOf(node)
  return name === undefined ? [] : [name]
}
