/** What an index holds, as names that could be keys. */
import type { RedisValue } from '../model/redis-value.js'

/** Every text in an index that could be a key. */
export function namesIn(value: RedisValue): readonly Buffer[] {
  switch (value.type) {
    case 'string':
      return [value.bytes]
    case 'list':
      return value.items
    case 'set':
      return value.members
    case 'zset':
      return value.members.map(([member]) => member)
    case 'hash':
      return value.fields.flat()
    case 'ReJSON-RL':
      return []
  }
}
