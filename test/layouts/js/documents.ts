/** Documents as the official JavaScript savers write them. */
import { document, type Key } from '../read-case.js'

export const jsId = (n: number) => `1f1e0000-0000-6000-8000-${String(n).padStart(12, '0')}`
export const JS_TASK = '6a146f28-a01a-5b8d-ab05-231d2636793a'

const jsonKey = (key: string, value: unknown): Key => ({ key: Buffer.from(key), value: document(value) })

interface JsCheckpoint {
  /** Child of; 0: of none. */
  readonly parent?: number
  readonly versions?: Record<string, number | string>
  /** Only what the checkpoint changed, as `newVersions` says. */
  readonly values?: Record<string, unknown>
  readonly seen?: Record<string, Record<string, number | string>>
  readonly metadata?: Record<string, unknown>
  readonly ns?: string
  readonly thread?: string
  readonly v?: number
}

/** A document of the full saver. */
export function jsCheckpoint(n: number, options: JsCheckpoint = {}): Key {
  const { ns = '', thread = 't' } = options
  return jsonKey(`checkpoint:${thread}:${ns}:${jsId(n)}`, {
    ...fields(n, options),
    checkpoint_ns: ns === '' ? '__empty__' : ns,
  })
}

/** A document of the shallow saver. */
export function jsShallow(n: number, options: JsCheckpoint = {}): Key {
  const { ns = '', thread = 't' } = options
  return jsonKey(`checkpoint:${thread}:${ns}:shallow`, { ...fields(n, options), checkpoint_ns: ns })
}

function fields(n: number, { parent = n - 1, thread = 't', v = 4, ...more }: JsCheckpoint) {
  const { versions = { c: n }, values = { c: `value ${n}` }, seen = {}, metadata = {} } = more
  return {
    thread_id: thread,
    checkpoint_id: jsId(n),
    parent_checkpoint_id: parent === 0 ? null : jsId(parent),
    checkpoint: {
      v,
      id: jsId(n),
      ts: '2026-11-21T00:16:00.731Z',
      channel_values: values,
      channel_versions: versions,
      versions_seen: seen,
    },
    metadata: { source: 'loop', step: n, parents: {}, ...metadata },
    checkpoint_ts: 1795220161473,
    has_writes: 'false',
    source: 'loop',
    step: n,
  }
}

interface JsWriteOptions {
  readonly channel?: string
  /** Left out: undefined, as JSON leaves it out. */
  readonly value?: unknown
  readonly globalIdx?: number
  readonly ns?: string
}

export function jsWrite(
  n: number,
  idx: number,
  { channel = 'c', globalIdx, ns = '', ...rest }: JsWriteOptions,
): Key {
  return jsonKey(`checkpoint_write:t:${ns}:${jsId(n)}:${JS_TASK}:${idx}`, {
    thread_id: 't',
    checkpoint_ns: ns,
    checkpoint_id: jsId(n),
    task_id: JS_TASK,
    idx,
    channel,
    type: typeof rest.value === 'object' ? 'json' : 'string',
    ...('value' in rest && { value: rest.value }),
    ...(globalIdx !== undefined && { timestamp: globalIdx - idx, global_idx: globalIdx }),
  })
}

/** The document that 1.0.10 and later write of every value beside the checkpoint. */
export function jsBlob(channel: string, version: number | string, value?: unknown, ns = ''): Key {
  return jsonKey(`checkpoint_blob:t:${ns}:${channel}:${version}`, {
    thread_id: 't',
    checkpoint_ns: ns === '' ? '__empty__' : ns,
    checkpoint_id: jsId(1),
    channel,
    version: String(version),
    type: 'json',
    ...(value !== undefined && { value }),
  })
}
