/** One key on its way into Redis: what it is of its thread, and what it shall hold. */
import type { CheckpointKeys, RedisKeyWrite } from '../../model/redis-write.js'
import { digestOfWrite } from '../../target/redis/key-digest.js'
import { bytesOf } from '../../target/redis/writer.js'

export type KeyKind = 'document' | 'write' | 'registry' | 'pointer'

export interface KeyOrder {
  readonly threadId: string
  readonly checkpointNs: string
  /** Null for a pointer. */
  readonly checkpointId: string | null
  readonly kind: KeyKind
  readonly write: RedisKeyWrite
  /** Of what is to be written. */
  readonly digest: Buffer
  readonly bytes: number
}

/** The keys of one part, in their order. */
export function ordersOf(part: CheckpointKeys, writePrefix: string): KeyOrder[] {
  const { threadId, checkpointNs, checkpointId } = part
  const isWrite = Buffer.from(`${writePrefix}:`)
  return part.keys.map((write) => {
    const isJson = write.type === 'json'
    const kind: KeyKind = !isJson
      ? KINDS[write.type]
      : write.key.subarray(0, isWrite.length).equals(isWrite)
        ? 'write'
        : 'document'
    const digest = digestOfWrite(write)
    return { threadId, checkpointNs, checkpointId, kind, write, digest, bytes: bytesOf(write) }
  })
}

const KINDS = { string: 'pointer', zset: 'registry' } as const
