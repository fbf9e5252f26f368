/** Writes whole snapshots as old servers did, piece by piece. */

import { checksumOf } from './dump.js'
import { le, length, raw, short } from './encodings.js'

export const about = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.of(250), raw(name), short(value)])

export const database = (db: number): Buffer => Buffer.concat([Buffer.of(254), length(db)])

export const sizes = (keys: number, expiring: number): Buffer =>
  Buffer.concat([Buffer.of(251), length(keys), length(expiring)])

export const functions = (code: string): Buffer => Buffer.concat([Buffer.of(245), raw(code)])

/** `before`: what stands before a key, its expiry for example. */
export const key = (name: string, encoding: number, body: Buffer, before: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([before, Buffer.of(encoding), raw(name), body])

export const text = (name: string, value: string, before?: Buffer): Buffer => key(name, 0, raw(value), before)

export const expires = {
  atSecond: (seconds: number) => Buffer.concat([Buffer.of(253), le(seconds, 4)]),
  atMs: (ms: number) => Buffer.concat([Buffer.of(252), le(ms, 8)]),
}
/** What a server that evicts by age or by use notes of a key. */
export const idle = (seconds: number): Buffer => Buffer.concat([Buffer.of(248), length(seconds)])
export const used = (often: number): Buffer => Buffer.of(249, often)

export function rdbFile(version: number, ...records: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([header(version), ...records, Buffer.of(255)])
  const checksum = checksumOf(bytes)
  return Buffer.concat([bytes, le(BigInt.asIntN(64, checksum), 8)])
}

/** A server told to save without checksums (`rdbchecksum no`). */
export function uncheckedFile(version: number, ...records: readonly Buffer[]): Buffer {
  return Buffer.concat([header(version), ...records, Buffer.of(255), Buffer.alloc(8)])
}

const header = (version: number): Buffer => Buffer.from(`REDIS${String(version).padStart(4, '0')}`)
