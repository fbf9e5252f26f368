/** Sends of checkpoints below v4: they are writes of the parent, where the Redis saver would not find them. */
import type { WriteRow } from '../../model/rows.js'
import { TASKS_CHANNEL } from '../../model/thread.js'
import type { ThreadRows } from '../../model/thread-rows.js'
import type { ChannelTexts } from './channel-texts.js'
import type { ValueText } from './dialect.js'
import type { StoredParts } from './stored.js'

const FIRST_V_WITH_CHANNEL = 4

/** The list of them by checkpoint; an error where Redis cannot hold one. */
export async function parentSends(
  rows: ThreadRows,
  texts: ChannelTexts,
  checkpoints: readonly StoredParts[],
): Promise<ReadonlyMap<StoredParts, ValueText | Error>> {
  const children = checkpoints.filter(
    ({ v, row }) => v < FIRST_V_WITH_CHANNEL && row.parentCheckpointId !== null,
  )
  const found = new Map<StoredParts, ValueText | Error>()
  if (children.length === 0) return found
  const byParent = new Map<string, (ValueText | Error)[]>()
  const parents = children.map(({ row: { threadId, checkpointNs, parentCheckpointId } }) => ({
    threadId,
    checkpointNs,
    checkpointId: parentCheckpointId!,
  }))
  for await (const piece of rows.writes(distinct(parents), TASKS_CHANNEL)) {
    for (const row of piece) {
      const sends = byParent.get(nameOf(row)) ?? []
      byParent.set(nameOf(row), sends)
      sends.push(sendOf(texts, row))
    }
  }
  children.forEach((child, at) => {
    const sends = byParent.get(nameOf(parents[at]!))
    if (sends !== undefined) found.set(child, listOf(sends))
  })
  return found
}

function sendOf(texts: ChannelTexts, row: WriteRow): ValueText | Error {
  try {
    return texts.textOf(row) ?? { text: Buffer.from('null'), depth: 0 }
  } catch (error) {
    return error as Error
  }
}

function listOf(sends: readonly (ValueText | Error)[]): ValueText | Error {
  const parts: Buffer[] = []
  let depth = 0
  const losses = new Map<string, number>()
  for (const send of sends) {
    if (send instanceof Error) return send
    parts.push(Buffer.from(parts.length === 0 ? '[' : ','), send.text)
    depth = Math.max(depth, send.depth)
    for (const [what, count] of send.losses ?? []) losses.set(what, (losses.get(what) ?? 0) + count)
  }
  return { text: Buffer.concat([...parts, Buffer.from(']')]), depth: depth + 1, losses }
}

interface Parent {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
}

const nameOf = ({ threadId, checkpointNs, checkpointId }: Parent): string =>
  `${threadId}\0${checkpointNs}\0${checkpointId}`

const distinct = (parents: readonly Parent[]): Parent[] => [
  ...new Map(parents.map((parent) => [nameOf(parent), parent])).values(),
]
