/** Ids and names that no table of Postgres can hold, found before a row is made of their record. */
import type { Checkpoint, PendingWrite } from '../model/thread.js'
import { refuse } from './left-out.js'
import { isShortKey, misfitOfKey, misfitOfText } from './limits.js'

/** Leaves out a checkpoint whose key is too long, or that has a NUL in an id, in the name of a channel or node, or in a version. */
export function refuseCheckpointIds(checkpoint: Checkpoint): void {
  const { threadId, checkpointNs, checkpointId, parentCheckpointId } = checkpoint
  if (!isShortKey(threadId, checkpointNs, checkpointId))
    refuse(misfitOfKey({ 'thread id': threadId, namespace: checkpointNs, 'checkpoint id': checkpointId }))
  refuse(misfitOfText('parent checkpoint id', parentCheckpointId ?? ''))
  checkpoint.channelValues.forEach((_, channel) => {
    refuse(misfitOfText('channel', channel))
  })
  refuseVersions(checkpoint.channelVersions)
  checkpoint.versionsSeen.forEach((versions, node) => {
    refuse(misfitOfText('node', node))
    refuseVersions(versions)
  })
}

function refuseVersions(versions: Checkpoint['channelVersions']): void {
  versions.forEach((version, channel) => {
    refuse(misfitOfText('channel', channel))
    refuse(misfitOfText('version', version))
  })
}

/** Leaves out a write whose key is too long, or that has a NUL in one of its texts. */
export function refuseWriteIds(write: PendingWrite): void {
  const { threadId, checkpointNs, checkpointId, taskId, taskPath, idx, channel } = write
  if (!isShortKey(threadId, checkpointNs, checkpointId) || !isShortKey(taskId)) {
    const ids = { 'thread id': threadId, namespace: checkpointNs, 'checkpoint id': checkpointId }
    refuse(misfitOfKey({ ...ids, 'task id': taskId, index: idx }))
  }
  refuse(misfitOfText('task path', taskPath))
  refuse(misfitOfText('channel', channel))
}
