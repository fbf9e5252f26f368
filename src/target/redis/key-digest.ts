/** What the ledger keeps of a key that was written: 12 bytes over its meaning, because RedisJSON prints a document in its own way. */
import { createHash, hash } from 'node:crypto'
import { digestOf } from '../../codec/digest.js'
import { plainJsonValue } from '../../codec/json/read.js'
import { PassingSink } from '../../codec/passing-sink.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { RedisKeyWrite } from '../../model/redis-write.js'

const BYTES = 12

/** Of what is to be written. Throws `DecodeError` where a document is none. */
export function digestOfWrite(write: RedisKeyWrite): Buffer {
  if (write.type === 'json') return ofDocument(write.document)
  if (write.type === 'string') return ofText(write.value)
  return ofMembers(write.members.map(({ member, score }) => [member, score]))
}

/** Of what stands there; the same for the same meaning. What no saver of ours writes has a digest that equals no other. */
export function digestOfValue(value: RedisValue): Buffer {
  if (value.type === 'ReJSON-RL') return ofDocument(value.text)
  if (value.type === 'string') return ofText(value.bytes)
  return value.type === 'zset' ? ofMembers(value.members) : Buffer.alloc(BYTES)
}

function ofDocument(text: Buffer): Buffer {
  const value = plainJsonValue(text, 0, text.length)
  return digestOf({ ...value, emit: (sink) => value.emit(new RedisCounts(sink)) }).subarray(0, BYTES)
}

/** RedisJSON holds integers of 64 bits, signed or not; every other number is a double there. */
class RedisCounts extends PassingSink {
  override int(value: number | bigint): void {
    const isLong = typeof value === 'bigint' && (value < -(2n ** 63n) || value >= 2n ** 64n)
    if (isLong) this.inner.float(Number(value))
    else this.inner.int(value)
  }
}

const ofText = (bytes: Buffer): Buffer => Buffer.from(hash('sha1', bytes, 'hex').slice(0, 2 * BYTES), 'hex')

function ofMembers(members: readonly (readonly [member: Buffer, score: number])[]): Buffer {
  const hashed = createHash('sha1')
  for (const [member, score] of [...members].sort(([a], [b]) => a.compare(b))) {
    hashed.update(`${member.length}:`).update(member).update(`${score};`)
  }
  return hashed.digest().subarray(0, BYTES)
}
