/** DUMP payloads: a value as snapshots hold it, which a real server makes and takes. */
import { expect } from 'vitest'
import { Crc64 } from '../../../src/codec/rdb/crc64.js'
import { RdbInput } from '../../../src/codec/rdb/input.js'
import { VALUE_ENCODINGS } from '../../../src/codec/rdb/types.js'
import type { RedisValue } from '../../../src/model/redis-value.js'
import { le } from './encodings.js'

const FOOTER_BYTES = 10

export function checksumOf(bytes: Buffer): bigint {
  const checksum = new Crc64()
  checksum.update(bytes)
  return checksum.value()
}

/** A payload that RESTORE takes. */
export function payloadOf(encoding: number, body: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.of(encoding), body, le(9, 2)])
  return Buffer.concat([bytes, le(BigInt.asIntN(64, checksumOf(bytes)), 8)])
}

export const encodingOf = (payload: Buffer): number => payload[0]!

/** The value, once it was also passed without being read, and the checksum is right. */
export function dumpedValue(payload: Buffer): RedisValue | null {
  expect(payload.readBigUInt64LE(payload.length - 8)).toBe(checksumOf(payload.subarray(0, -8)))
  return readBody(payload.subarray(0, -FOOTER_BYTES))
}

/** The same of what stands before version and checksum. */
export function readBody(body: Buffer): RedisValue | null {
  const passed = RdbInput.over(body)
  const skipped = VALUE_ENCODINGS[passed.uint8()]?.skip(passed)
  const input = RdbInput.over(body)
  const value = VALUE_ENCODINGS[input.uint8()]?.read?.(input, 0) ?? null
  expect(skipped === undefined ? -1 : passed.left).toBe(0)
  if (value !== null) expect(input.left).toBe(value.type === 'ReJSON-RL' ? 1 : 0)
  return value
}
