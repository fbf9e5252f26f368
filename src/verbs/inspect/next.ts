/** Which nodes would run next, as far as a checkpoint alone can say: its graph is not here. */
import { type ChannelVersion, type Checkpoint, TASKS_CHANNEL } from '../../model/thread.js'
import type { Tree } from '../../model/value.js'
import { fieldOf, textOf } from './trees.js'

/** Channels that trigger the node they name (langgraph ≥ 0.3, before, and at the start). */
const TRIGGERS = [/^branch:to:(.+?)(?:::.*)?$/, /^branch:[^:]+:[^:]+:(.+)$/, /^start:(.+)$/]
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
  for (const channel of channelValues.keys()) {
    for (const trigger of TRIGGERS) {
      const node = trigger.exec(channel)?.[1]
      if (node !== undefined && isNew(node, channel)) next.add(node)
    }
  }
  for (const [node, seen] of versionsSeen) {
    if (NO_NODES.has(node)) continue
    for (const channel of seen.keys())
      if (channel !== TASKS_CHANNEL && channelValues.has(channel) && isNew(node, channel)) next.add(node)
  }
  for (const tree of sends) for (const node of nodesOfSends(tree)) next.add(node)
  return [...next]
}

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
