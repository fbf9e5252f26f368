/** Documents as the official Python saver 0.5 lays them out, with whatever ids and values a test wants in them. */
import type { KeyLine } from '../corpus/load.js'
import { documentKey } from './bad-input.js'

export interface CheckpointParts {
  readonly threadId: string
  readonly checkpointId: string
  readonly checkpointNs?: string
  readonly parentId?: string
  /** channel → JSON text. */
  readonly channels?: Readonly<Record<string, string>>
  /** JSON text. */
  readonly metadata?: string
  /** Another key than the saver's. */
  readonly key?: string | Buffer
  /** Fields of the document that replace those it has; undefined leaves a field out. */
  readonly change?: Readonly<Record<string, unknown>>
}

/** Another one in each checkpoint, or different values would stand under one. */
const versionIn = (checkpointId: string): string => `${'2'.padStart(32, '0')}.0.${checkpointId.slice(-12)}`

export function checkpointDocument(parts: CheckpointParts): KeyLine {
  const { threadId, checkpointId, checkpointNs = '', parentId = '', channels = {}, change = {} } = parts
  const ns = checkpointNs || '__empty__'
  const metadata = parts.metadata ?? '{"source":"loop","step":1,"parents":{}}'
  const document = {
    thread_id: threadId,
    run_id: '',
    checkpoint_ns: ns,
    checkpoint_id: checkpointId,
    parent_checkpoint_id: parentId,
    checkpoint_ts: 1795220485281.3958,
    checkpoint: {
      type: 'json',
      v: 4,
      ts: '2026-11-21T00:21:25.281284+00:00',
      id: checkpointId,
      channel_values: '\u0001',
      channel_versions: Object.fromEntries(
        Object.keys(channels).map((channel) => [channel, versionIn(checkpointId)]),
      ),
      versions_seen: { __input__: {} },
      updated_channels: Object.keys(channels),
      pending_sends: [],
    },
    metadata,
    has_writes: true,
    source: 'loop',
    step: 1,
    ...change,
  }
  const values = Object.entries(channels).map(([channel, json]) => `${JSON.stringify(channel)}:${json}`)
  const json = JSON.stringify(document).replace('"\\u0001"', () => `{${values.join(',')}}`)
  return documentKey(parts.key ?? `checkpoint:${threadId}:${ns}:${checkpointId}`, json)
}

export interface WriteParts {
  readonly threadId: string
  readonly checkpointId: string
  readonly checkpointNs?: string
  readonly taskId?: string
  readonly idx?: number
  readonly channel?: string
  readonly type?: string
  readonly blob?: string | Buffer
  readonly key?: string | Buffer
}

export const TASK_ID = '6a146f28-a01a-9b8d-2b05-231d2636793a'

export function writeDocument(parts: WriteParts): KeyLine {
  const { threadId, checkpointId, checkpointNs = '', taskId = TASK_ID, idx = 0, type = 'json' } = parts
  const ns = checkpointNs || '__empty__'
  const document = {
    thread_id: threadId,
    checkpoint_ns: ns,
    checkpoint_id: checkpointId,
    task_id: taskId,
    task_path: '~__pregel_pull, node',
    idx,
    channel: parts.channel ?? 'messages',
    type,
    blob: Buffer.from(parts.blob ?? '1').toString('base64'),
  }
  const key = parts.key ?? `checkpoint_write:${threadId}:${ns}:${checkpointId}:${taskId}:${idx}`
  return documentKey(key, JSON.stringify(document))
}

/** Ids of LangGraph's form, the n-th newer than those before it. */
export const idAt = (n: number): string => `1f1e0000-0000-6000-8000-${String(n).padStart(12, '0')}`
