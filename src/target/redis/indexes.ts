/** The search indexes that `RedisSaver.setup()` of langgraph-checkpoint-redis 0.5.2 makes; never one that is there already. */
import type { RedisWriter } from './writer.js'

/** Without the separator. */
interface Prefixes {
  readonly checkpoint: string
  readonly checkpointWrite: string
}

export interface SaverIndex {
  /** Also its prefix, without the colon. */
  readonly name: string
  readonly fields: readonly (readonly [name: string, type: 'TAG' | 'NUMERIC'])[]
}

const TAGS = (names: string) => names.split(' ').map((name) => [name, 'TAG'] as const)

export const indexesOf = ({ checkpoint, checkpointWrite }: Prefixes): readonly SaverIndex[] => [
  {
    name: checkpoint,
    fields: [
      ...TAGS('thread_id run_id checkpoint_ns checkpoint_id parent_checkpoint_id'),
      ['checkpoint_ts', 'NUMERIC'],
      ['source', 'TAG'],
      ['step', 'NUMERIC'],
      ['has_writes', 'TAG'],
    ],
  },
  {
    name: checkpointWrite,
    fields: [
      ...TAGS('thread_id checkpoint_ns checkpoint_id task_id'),
      ['idx', 'NUMERIC'],
      ...TAGS('channel type'),
    ],
  },
]

/** Those of them that are not there. */
export async function missingIndexes(writer: RedisWriter, prefixes: Prefixes): Promise<SaverIndex[]> {
  const names = new Set(((await writer.call('FT._LIST')) as Buffer[]).map(String))
  return indexesOf(prefixes).filter(({ name }) => !names.has(name))
}

/** The server indexes the keys that are there in the background. */
export async function makeIndex(writer: RedisWriter, { name, fields }: SaverIndex): Promise<void> {
  const schema = fields.flatMap(([field, type]) => [
    `$.${field}`,
    'AS',
    field,
    type,
    ...(type === 'TAG' ? ['SEPARATOR', ','] : []),
  ])
  const head = [name, 'ON', 'JSON', 'PREFIX', '1', `${name}:`, 'SCORE', '1.0', 'SCHEMA']
  await writer.call('FT.CREATE', ...head, ...schema)
}
