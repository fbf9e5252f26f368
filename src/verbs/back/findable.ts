/** Whether the saver finds in Redis what stands there: values that are equal help nobody when no key leads to them. */
import type { RedisDialect } from '../../convert/redis/dialect.js'
import type { ReadResult } from '../../model/redis-value.js'
import type { Difference, DifferentPart } from '../../model/verify-report.js'
import type { Source } from '../../source/source.js'
import type { Postgres } from '../../target/connection/connect.js'
import { keyText } from '../../target/ledger/pack.js'
import { type NewestCheckpoint, newestCheckpoints } from '../../target/rows/thread-names.js'
import { type WrittenCheckpoint, writtenCheckpoints } from '../../target/rows/written-checkpoints.js'

/** Pointers and lists of names are small. */
const READ_TOGETHER = 500

export interface FindableEnds {
  readonly postgres: Postgres
  readonly schema: string
  readonly source: Source
  /** What `has_writes` says in each of these documents, as JSON; they are there. */
  hasWrites(documents: readonly Buffer[]): Promise<readonly string[]>
}

/** What hides checkpoints and writes of these threads that Redis does hold. `expires`: keys of the way back may have ended since. */
export async function hiddenInRedis(
  ends: FindableEnds,
  threadIds: readonly string[],
  { keys, expires }: { readonly keys: RedisDialect; readonly expires: boolean },
): Promise<Difference[]> {
  const { postgres, schema, source } = ends
  const [heads, written] = await postgres.use(async (session) => [
    await newestCheckpoints(session, schema, threadIds),
    await writtenCheckpoints(session, schema, threadIds),
  ])
  const hidden: Difference[] = []
  const tell = (ids: NewestCheckpoint, part: DifferentPart, more: Partial<Difference> = {}): void => {
    const { threadId, checkpointNs, checkpointId } = ids
    hidden.push({ kind: 'missing', part, threadId, checkpointNs, checkpointId, ...more })
  }
  await pointers()
  await registries()
  await marks()
  return hidden

  async function pointers(): Promise<void> {
    const there = keys.pointerKey === undefined ? [] : await existing(source, heads, documentOf)
    const named = await reading(there, (head) => Buffer.from(keys.pointerKey!(head)), 'string')
    for (const [at, head] of there.entries()) {
      const found = named[at]
      if (found?.state === 'read' && found.value.type === 'string') {
        const name = found.value.bytes.toString()
        const id = name.slice(name.lastIndexOf(':') + 1)
        if (id < head.checkpointId)
          tell(head, 'pointer', { kind: 'differs', ...sides(head.checkpointId, id) })
      } else if (!expires) {
        tell(head, 'pointer')
      }
    }
  }

  async function registries(): Promise<void> {
    const lists = await reading(written, (ids) => Buffer.from(keys.registryKey(ids)), 'zset')
    for (const [at, checkpoint] of written.entries()) {
      const found = lists[at]
      const list = found?.state === 'read' && found.value.type === 'zset' ? found.value.members : null
      if (list === null && expires) continue
      const names = new Set(list?.map(([member]) => keyText(member)))
      const unnamed = checkpoint.writes.filter((write) => !names.has(keyText(writeOf(checkpoint, write))))
      const lost = await existing(source, unnamed, (write) => writeOf(checkpoint, write))
      if (lost.length > 0) tell(checkpoint, 'registry', { note: `${lost.length} writes are not in it` })
    }
  }

  async function marks(): Promise<void> {
    const there = await existing(source, written, documentOf)
    const said = await ends.hasWrites(there.map(documentOf))
    for (const [at, checkpoint] of there.entries())
      if (/false/.test(said[at] ?? ''))
        tell(checkpoint, 'field', { kind: 'differs', name: 'has_writes', ...sides('true', 'false') })
  }

  function documentOf(ids: NewestCheckpoint): Buffer {
    return Buffer.from(keys.checkpointKey(ids))
  }
  function writeOf(checkpoint: WrittenCheckpoint, write: WrittenCheckpoint['writes'][number]): Buffer {
    return Buffer.from(keys.writeKey({ ...checkpoint, ...write }))
  }
  async function reading<T>(items: readonly T[], keyOf: (item: T) => Buffer, type: string) {
    const results: ReadResult[] = []
    for (let at = 0; at < items.length; at += READ_TOGETHER) {
      const group = items.slice(at, at + READ_TOGETHER)
      results.push(...(await source.read(group.map((item) => ({ key: keyOf(item), type })))))
    }
    return results
  }
}

const sides = (wanted: string, found: string) => ({ source: { is: wanted }, target: { is: found } })

/** Those whose key is a document. */
async function existing<T>(source: Source, items: readonly T[], keyOf: (item: T) => Buffer): Promise<T[]> {
  const types = items.length === 0 ? [] : await source.types(items.map(keyOf))
  return items.filter((_, at) => types[at] === 'ReJSON-RL')
}
