/** What the ledger keeps of a source key: the first 12 bytes of a SHA-1 over exactly what a server-side script would see of it. */
import { createHash, hash as hashOnce } from 'node:crypto'
import type { RedisValue } from '../model/redis-value.js'

export const SOURCE_DIGEST_BYTES = 12

/**
 * Strings by their bytes, documents by the text of `JSON.GET key`, hashes as `field, value, …` sorted by field, lists and sets by
 * their items; each item preceded by its length in decimal and a colon, so that no two values share a digest by their seams.
 */
export function sourceDigest(value: RedisValue): Buffer {
  if (value.type === 'string') return digestOf(value.bytes)
  if (value.type === 'ReJSON-RL') return digestOf(value.text)
  const hash = createHash('sha1')
  const item = (bytes: Buffer) => hash.update(`${bytes.length}:`).update(bytes)
  switch (value.type) {
    case 'hash':
      for (const [field, content] of value.fields) {
        item(field)
        item(content)
      }
      break
    case 'list':
      for (const entry of value.items) item(entry)
      break
    case 'set':
      for (const member of [...value.members].sort(Buffer.compare)) item(member)
      break
    case 'zset':
      for (const [member, score] of value.members) {
        item(member)
        item(Buffer.from(String(score)))
      }
  }
  return hash.digest().subarray(0, SOURCE_DIGEST_BYTES)
}

/** Nearly all that is read is one run of bytes; a digest of such as text costs a fifth of one as a Buffer. */
const digestOf = (bytes: Buffer): Buffer =>
  Buffer.from(hashOnce('sha1', bytes, 'hex').slice(0, 2 * SOURCE_DIGEST_BYTES), 'hex')

/** Of a key that names other keys: as above, but of a sorted set the members alone, because servers print scores in different ways. */
export const indexDigest = (value: RedisValue): Buffer =>
  value.type === 'zset'
    ? sourceDigest({ type: 'list', items: value.members.map(([member]) => member) })
    : sourceDigest(value)
