/** What the ledger keeps of a key that was written: 12 bytes over what it holds, of a document as RedisJSON prints it. */
import { hash } from 'node:crypto'
import { digestOf } from '../../codec/digest.js'
import { plainJsonValue } from '../../codec/json/read.js'
import { RedisPrint } from '../../codec/json/redis-print.js'
import { PassingSink } from '../../codec/passing-sink.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { RedisKeyWrite } from '../../model/redis-write.js'

const BYTES = 12

/** Of what is to be written; a document must be well-formed. */
export function digestOfWrite(write: RedisKeyWrite): Buffer {
  if (write.type === 'json') return ofDocument(write.document)
  if (write.type === 'string') return ofText(write.value)
  return ofMembers(write.members.map(({ member, score }) => [member, score]))
}

/** Of what stands there; the same where that was written. What no saver of ours writes has a digest that equals no other. */
export function digestOfValue(value: RedisValue): Buffer {
  if (value.type === 'ReJSON-RL') return ofDocument(value.text)
  if (value.type === 'string') return ofText(value.bytes)
  return value.type === 'zset' ? ofMembers(value.members) : Buffer.alloc(BYTES)
}

/** Whether that stands there which is to be written; the members of a document may have come in another order. */
export function holds(value: RedisValue, write: RedisKeyWrite): boolean {
  if (value.type !== 'ReJSON-RL' || write.type !== 'json')
    return digestOfValue(value).equals(digestOfWrite(write))
  return meaningOf(value.text).equals(meaningOf(write.document))
}

function meaningOf(text: Buffer): Buffer {
  const value = plainJsonValue(text, 0, text.length)
  return digestOf({ ...value, emit: (sink) => value.emit(new RedisCounts(sink)) })
}

/** RedisJSON holds integers of 64 bits, signed or not; every other number is a double there. */
class RedisCounts extends PassingSink {
  override int(value: number | bigint): void {
    const isLong = typeof value === 'bigint' && (value < -(2n ** 63n) || value >= 2n ** 64n)
    if (isLong) this.inner.float(Number(value))
    else this.inner.int(value)
  }
}

/** By another hash than a string's: what is a document is none as a string. */
const ofDocument = (text: Buffer): Buffer => digestBy('sha256', PRINT.of(text))
const PRINT = new RedisPrint()

const ofText = (bytes: Buffer): Buffer => digestBy('sha1', bytes)

function ofMembers(members: readonly (readonly [member: Buffer, score: number])[]): Buffer {
  const parts = [...members]
    .sort(([a], [b]) => a.compare(b))
    .map(([member, score]) => `${member.length}:${member.toString('latin1')}${score};`)
  return ofText(Buffer.from(parts.join(''), 'latin1'))
}

const digestBy = (name: string, bytes: Buffer): Buffer =>
  Buffer.from(hash(name, bytes, 'binary').slice(0, BYTES), 'latin1')
