/** One thread as it is shown: namespaces, checkpoints with what they hold, writes, findings. */
import { tsOf } from '../../convert/checkpoint-ts.js'
import { timeOfCheckpoint } from '../../model/age.js'
import type {
  InspectedThread,
  Shown,
  ShownCheckpoint,
  ShownLayout,
  ShownNamespace,
  ShownWrite,
} from '../../model/inspect-report.js'
import {
  type ChannelVersion,
  type Checkpoint,
  type PendingWrite,
  ROOT_NS,
  TASKS_CHANNEL,
} from '../../model/thread.js'
import type { Tree } from '../../model/value.js'
import type { ThreadKey, ThreadRecords } from '../../pipeline/thread-records.js'
import { nextNodes } from './next.js'
import { fieldOf, numberOf, shownValue, textOf } from './trees.js'

export interface ThreadView {
  /** Whether the channel values of a checkpoint are wanted. */
  wantsValues(checkpoint: Checkpoint, isNewest: boolean): boolean
  /** Only what came from this key. */
  readonly key?: Buffer
  readonly nowMs: number
}

export function inspectedThread(
  records: ThreadRecords,
  layoutOf: (id: string) => ShownLayout,
  view: ThreadView,
): InspectedThread {
  const isWanted = (key: Buffer): boolean => view.key === undefined || view.key.equals(key)
  const layouts = new Set([...records.checkpoints, ...records.writes].map(({ origin }) => origin.layout))
  return {
    threadId: records.threadId,
    layouts: [...layouts].map(layoutOf),
    keys: records.keys.map(({ claimed, sizeBytes, pttlMs }) => {
      const { key, type, role, layout } = claimed
      return { key, type, role, layout, sizeBytes, pttlMs }
    }),
    bytes: records.keys.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0),
    namespaces: namespacesOf(records, view).flatMap((ns) => {
      const checkpoints = ns.checkpoints.filter(
        ({ key, writes }) => isWanted(key) || writes.some((write) => isWanted(write.key)),
      )
      const orphanWrites = ns.orphanWrites.filter(({ key }) => isWanted(key))
      return checkpoints.length + orphanWrites.length === 0 ? [] : [{ ...ns, checkpoints, orphanWrites }]
    }),
    findings: records.findings.filter(({ key }) => key === undefined || isWanted(key)),
  }
}

function namespacesOf(records: ThreadRecords, view: ThreadView): ShownNamespace[] {
  const names = new Set([...records.checkpoints, ...records.writes].map(({ checkpointNs }) => checkpointNs))
  const keys = new Map(records.keys.map((key) => [key.claimed.key.toString('latin1'), key]))
  return [...names].sort(byNamespace).map((checkpointNs) => {
    const checkpoints = records.checkpoints
      .filter((one) => one.checkpointNs === checkpointNs)
      .sort((a, b) => (a.checkpointId < b.checkpointId ? -1 : 1))
    const writes = records.writes.filter((one) => one.checkpointNs === checkpointNs).sort(inWriteOrder)
    const ids = new Set(checkpoints.map(({ checkpointId }) => checkpointId))
    return {
      checkpointNs,
      checkpoints: checkpoints.map((checkpoint, at) =>
        shownCheckpoint(checkpoint, {
          records,
          siblings: checkpoints,
          writes: writes.filter(({ checkpointId }) => checkpointId === checkpoint.checkpointId),
          key: keys.get(checkpoint.origin.key.toString('latin1')),
          withValues: view.wantsValues(checkpoint, at === checkpoints.length - 1),
          nowMs: view.nowMs,
        }),
      ),
      orphanWrites: writes.filter(({ checkpointId }) => !ids.has(checkpointId)).map(shownWrite),
    }
  })
}

/** As the official readers of Postgres give them. */
export function inWriteOrder(a: WritePlace, b: WritePlace): number {
  if (a.taskPath !== b.taskPath) return a.taskPath < b.taskPath ? -1 : 1
  if (a.taskId !== b.taskId) return a.taskId < b.taskId ? -1 : 1
  return a.idx - b.idx
}
type WritePlace = Pick<PendingWrite, 'taskPath' | 'taskId' | 'idx'>

const byNamespace = (a: string, b: string): number =>
  a === b ? 0 : a === ROOT_NS || (b !== ROOT_NS && a < b) ? -1 : 1

interface Surroundings {
  readonly records: ThreadRecords
  /** All checkpoints of the namespace. */
  readonly siblings: readonly Checkpoint[]
  readonly writes: readonly PendingWrite[]
  readonly key: ThreadKey | undefined
  readonly withValues: boolean
  readonly nowMs: number
}

function shownCheckpoint(checkpoint: Checkpoint, around: Surroundings): ShownCheckpoint {
  const metadata = shownValue(checkpoint.metadata)
  const meta = treeIn(metadata)
  const ms = timeOfCheckpoint({ ...checkpoint, ts: tsOf(checkpoint) }, around.nowMs)
  const pendingSends = checkpoint.pendingSends.map(shownValue)
  const tasks = checkpoint.channelValues.get(TASKS_CHANNEL)
  const sends = [...pendingSends, ...(tasks === undefined ? [] : [shownValue(tasks)])].flatMap(
    (shown) => treeIn(shown) ?? [],
  )
  const source = meta === undefined ? undefined : fieldOf(meta, 'source')
  return {
    checkpointId: checkpoint.checkpointId,
    parentCheckpointId: checkpoint.parentCheckpointId,
    layout: checkpoint.origin.layout,
    key: checkpoint.origin.key,
    sizeBytes: around.key?.sizeBytes ?? null,
    pttlMs: around.key?.pttlMs ?? null,
    time: ms === null ? null : new Date(ms).toISOString(),
    step: numberOf(meta && fieldOf(meta, 'step')),
    source: (source && textOf(source)) ?? null,
    next: nextNodes(checkpoint, sends),
    channelVersions: checkpoint.channelVersions,
    values: around.withValues ? valuesOf(checkpoint, around) : null,
    metadata,
    pendingSends,
    writes: around.writes.map(shownWrite),
  }
}

const treeIn = (shown: Shown): Tree | undefined => (shown.kind === 'value' ? shown.tree : undefined)

/** In the order of the channels; where the source keeps a value only with the ancestor that wrote it, it is found there. */
function valuesOf(checkpoint: Checkpoint, { records, siblings }: Surroundings): Map<string, Shown> {
  const values = new Map<string, Shown>()
  for (const [channel, value] of checkpoint.channelValues) values.set(channel, shownValue(value))
  if (!checkpoint.valuesAreDelta) return values
  for (const [channel, version] of checkpoint.channelVersions) {
    if (values.has(channel)) continue
    const shown =
      inheritedValue(checkpoint, channel, version, siblings) ??
      storedValue(checkpoint, channel, version, records)
    if (shown !== undefined) values.set(channel, shown)
  }
  return values
}

function inheritedValue(
  checkpoint: Checkpoint,
  channel: string,
  version: ChannelVersion,
  siblings: readonly Checkpoint[],
): Shown | undefined {
  const byId = new Map(siblings.map((one) => [one.checkpointId, one]))
  const visited = new Set<string>()
  for (let id = checkpoint.parentCheckpointId; id !== null && !visited.has(id); ) {
    visited.add(id)
    const ancestor = byId.get(id)
    if (ancestor?.channelVersions.get(channel) !== version) return undefined
    const value = ancestor.channelValues.get(channel)
    if (value !== undefined) {
      const shown = shownValue(value)
      return shown.kind === 'value' ? { ...shown, from: id } : shown
    }
    id = ancestor.parentCheckpointId
  }
  return undefined
}

function storedValue(
  { checkpointNs }: Checkpoint,
  channel: string,
  version: ChannelVersion,
  { channelValues }: ThreadRecords,
): Shown | undefined {
  const stored = channelValues.find(
    (one) => one.checkpointNs === checkpointNs && one.channel === channel && one.version === String(version),
  )
  return stored?.value === undefined ? undefined : shownValue(stored.value)
}

function shownWrite({ taskId, taskPath, idx, channel, value, origin }: PendingWrite): ShownWrite {
  return { taskId, taskPath, idx, channel, value: shownValue(value), key: origin.key }
}
