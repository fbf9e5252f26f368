/** What a thread of Redis is waiting for, by its newest root checkpoint. */
import { type Checkpoint, ROOT_NS, TASKS_CHANNEL } from '../../model/thread.js'
import type { ThreadState } from '../../model/threads-report.js'
import type { Tree, Value } from '../../model/value.js'
import type { ThreadRecords } from '../../pipeline/thread-records.js'
import { nextNodes } from '../inspect/next.js'
import { fieldOf, shownValue, textOf } from '../inspect/trees.js'

export function stateOf({ checkpoints, writes }: ThreadRecords): ThreadState {
  let head: Checkpoint | undefined
  for (const checkpoint of checkpoints) {
    if (checkpoint.checkpointNs !== ROOT_NS) continue
    if (head === undefined || checkpoint.checkpointId > head.checkpointId) head = checkpoint
  }
  if (head === undefined) return null
  const { checkpointId } = head
  const channels = new Set(
    writes
      .filter((write) => write.checkpointNs === ROOT_NS && write.checkpointId === checkpointId)
      .map(({ channel }) => channel),
  )
  if (channels.has('__interrupt__')) return 'waiting'
  if (channels.has('__error__')) return 'failed'
  return isUnfinished(head) ? 'unfinished' : 'done'
}

function isUnfinished(head: Checkpoint): boolean {
  const metadata = treeOf(head.metadata)
  const source = metadata && fieldOf(metadata, 'source')
  if (source !== undefined && textOf(source) === 'input') return true
  const tasks = head.channelValues.get(TASKS_CHANNEL)
  const sends = [...head.pendingSends, ...(tasks === undefined ? [] : [tasks])].flatMap((value) => {
    const tree = treeOf(value)
    return tree === undefined ? [] : [tree]
  })
  return nextNodes(head, sends).length > 0
}

function treeOf(value: Value): Tree | undefined {
  const shown = shownValue(value)
  return shown.kind === 'value' ? shown.tree : undefined
}
