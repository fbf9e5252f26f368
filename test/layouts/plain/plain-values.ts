/** Builds what savers of plain Redis store, in the forms their sources give. */
import { plainJsonValue } from '../../../src/codec/json/read.js'
import { MsgpackWriter } from '../../../src/codec/msgpack/write.js'
import type { RedisValue } from '../../../src/model/redis-value.js'
import type { Key } from '../read-case.js'

export const id = (n: number) => `1f1e0000-0000-6000-8000-${String(n).padStart(12, '0')}`
export const TASK = '6a146f28-a01a-9b8d-2b05-231d2636793a'
export const NODE = `node:${TASK}`
export const version = (n: number) => `${String(n).padStart(32, '0')}.0.5`

/** The msgpack of a JSON value. */
export function msgpack(value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value))
  const writer = new MsgpackWriter()
  writer.reset()
  plainJsonValue(text, 0, text.length).emit(writer)
  return Buffer.from(writer.view())
}

export const base64 = (bytes: Buffer | string) => Buffer.from(bytes).toString('base64')

/** A checkpoint dict with one channel. */
export const dict = (n: number, more: object = {}) => ({
  v: 4,
  ts: '2026-11-21T00:21:25+00:00',
  id: id(n),
  channel_values: { c: `value ${n}` },
  channel_versions: { c: version(n) },
  versions_seen: { node: { c: version(n) } },
  ...more,
})

export const METADATA = { source: 'loop', step: 1, parents: {} }

export function hash(key: string, fields: Readonly<Record<string, Buffer | string>>): Key {
  const entries = Object.entries(fields).map(
    ([name, content]) => [Buffer.from(name), Buffer.from(content)] as const,
  )
  return { key: Buffer.from(key), value: { type: 'hash', fields: entries } }
}

export function string(key: string, content: Buffer | string | object): Key {
  const bytes = Buffer.isBuffer(content) || typeof content === 'string' ? content : JSON.stringify(content)
  return { key: Buffer.from(key), value: { type: 'string', bytes: Buffer.from(bytes) } satisfies RedisValue }
}

/** The docs' hash under any key. */
export const docsCheckpoint = (
  key: string,
  n: number,
  more: Readonly<Record<string, Buffer | string>> = {},
): Key =>
  hash(key, {
    checkpoint: msgpack(dict(n)),
    type: 'msgpack',
    metadata: JSON.stringify(METADATA),
    parent_checkpoint_id: n > 1 ? id(n - 1) : '',
    ...more,
  })

export const docsWrite = (key: string, value: unknown, channel = 'c'): Key =>
  hash(key, { channel, type: 'msgpack', value: msgpack(value) })

/** The Valkey saver's string. */
export const valkeyCheckpoint = (key: string, threadId: string, n: number, more: object = {}): Key =>
  string(key, {
    thread_id: threadId,
    checkpoint_id: id(n),
    parent_checkpoint_id: n > 1 ? id(n - 1) : null,
    type: 'msgpack',
    checkpoint: base64(msgpack(dict(n))),
    metadata: base64(JSON.stringify(METADATA)),
    ...more,
  })

export const valkeyWrite = (idx: number, value: unknown, channel = 'c') => ({
  task_id: TASK,
  idx,
  channel,
  type: 'msgpack',
  value: base64(msgpack(value)),
})

/** The pair of plainredis. */
export const pair = (value: unknown) => ({ t: 'msgpack', d: base64(msgpack(value)) })
