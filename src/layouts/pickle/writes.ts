/** Pickled pending writes: every saver has its own form for them, some without a task id. */
import { asList, asText, field } from '../../codec/pickle/navigate.js'
import type { PickleNode } from '../../codec/pickle/node.js'
import { pickleValue } from '../../codec/pickle/value.js'
import { NULL_TASK_ID, type PendingWrite, SPECIAL_WRITE_IDX } from '../../model/thread.js'

/** A write with its place among those of its task. */
export interface PlacedWrite {
  readonly write: PendingWrite
  readonly position: number
}

/**
 * A list (or deque) of `(channel, value)` or `(task id, channel, value)`, or a dict with such a list as `writes`; undefined for anything
 * else. `about` is what the key says: its task id counts where the items have none.
 */
export function pickledWrites(
  node: PickleNode,
  about: Omit<PendingWrite, 'idx' | 'channel' | 'value' | 'taskPath' | 'taskId'> & {
    readonly taskId: string | undefined
  },
): readonly PlacedWrite[] | undefined {
  const items = asList(field(node, 'writes') ?? node)
  if (items === undefined) return undefined
  const named = field(node, 'task_id')
  const ofKey = (named && asText(named)) ?? about.taskId
  const positions = new Map<string, number>()
  const writes: PlacedWrite[] = []
  for (const item of items) {
    const parts = asList(item)
    if (parts === undefined || parts.length < 2 || parts.length > 3) return undefined
    const [channel, value] = parts.slice(-2)
    const name = asText(channel!)
    const task = parts.length === 3 ? asText(parts[0]!) : undefined
    if (name === undefined || (parts.length === 3 && task === undefined)) return undefined
    const taskId = task ?? ofKey ?? NULL_TASK_ID
    const position = positions.get(taskId) ?? 0
    positions.set(taskId, position + 1)
    const idx = SPECIAL_WRITE_IDX[name] ?? position
    const write = { ...about, taskId, taskPath: '', idx, channel: name, value: pickleValue(value!) }
    writes.push({ write, position })
  }
  return writes
}
