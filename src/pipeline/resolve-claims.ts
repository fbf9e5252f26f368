/** Asks the documents themselves where a key's name can be split in several ways. */

import type { Claim, ClaimedKey, RecordSink } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { RedisValue } from '../model/redis-value.js'
import { readStream } from '../source/read-stream.js'
import type { Source } from '../source/source.js'
import type { ResolveClaims } from './inventory/ambiguous.js'

/** Bytes of values asked for at once: a saver of one key a thread leaves all of its keys in doubt, however large they are. */
const BATCH_BYTES = 4 * 1024 ** 2

/** A key that is gone, or whose document says nothing, keeps what its name says; the pass over its thread reports it. */
export function claimsByDocument(source: Source, registry: LayoutRegistry): ResolveClaims {
  return async (keys) => {
    const claims: (Claim | null)[] = []
    const named: Named[] = []
    for await (const { request, result } of readStream(source, keys, { batchBytes: BATCH_BYTES })) {
      if (result.state !== 'read') claims.push(request)
      else {
        const claim = request.role === 'index' ? request : claimOf(request, result.value, registry)
        const document = claim?.ambiguous ? namedDocument(claim, result.value, registry) : null
        if (document !== null) named.push({ ...document, at: claims.length })
        claims.push(claim)
      }
    }
    for await (const { request, result } of readStream(source, named, { batchBytes: BATCH_BYTES })) {
      const first = result.state === 'read' ? claimOf(request, result.value, registry) : null
      if (result.state !== 'read' || first === null) continue
      const { threadId } = first
      // A reader of another thread says whose the document is, and only one of its own thread the rest.
      const { checkpointNs } = claimOf({ ...request, threadId }, result.value, registry) ?? first
      claims[request.at] = { ...claims[request.at]!, threadId, checkpointNs }
    }
    return claims
  }
}

/** A document, and the place of the key that names it. */
interface Named extends ClaimedKey {
  readonly at: number
}

/** Pointers and indexes do not say whose they are; the keys of documents that they hold do. */
function namedDocument({ role }: Claim, value: RedisValue, registry: LayoutRegistry): ClaimedKey | null {
  const key =
    role === 'pointer' && value.type === 'string'
      ? value.bytes
      : role === 'index' && value.type === 'zset'
        ? value.members[0]?.[0]
        : undefined
  const claim = key && registry.claim(key, 'ReJSON-RL')
  return key && claim ? { ...claim, key, type: 'ReJSON-RL' } : null
}

/** Lets the layout's own reader read the one value, and takes the ids of the record that it makes. */
function claimOf(key: ClaimedKey, value: RedisValue, registry: LayoutRegistry): Claim | null {
  let found: Claim | null = key
  let next: ClaimedKey | null = null
  const ids = ({ threadId, checkpointNs }: { threadId: string; checkpointNs: string }) => {
    found = { ...key, threadId, checkpointNs }
  }
  const probe: RecordSink = {
    checkpoint: ids,
    write: ids,
    channelValue: ids,
    finding: () => {},
    belongsTo: (_, threadId) => {
      found = { ...key, threadId }
    },
    notMine: () => {
      next = registry.claimAfter(key)
      found = next
    },
  }
  const reader = registry.byId(registry.readerOf(key.layout)).openThread(key.threadId, probe)
  reader.accept(key, value)
  reader.end()
  return next === null ? found : claimOf(next, value, registry)
}
