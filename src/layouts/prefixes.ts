/** Key prefixes that a user chose, told from the server's search indexes; and which prefix a key begins with. */
import { DEFAULT_PREFIXES, type Prefixes } from './layout.js'

/** One RediSearch index as `FT.INFO` describes it. */
export interface SearchIndex {
  readonly name: string
  /** `index_definition` → `prefixes`: with or without the separator at the end. */
  readonly prefixes: readonly string[]
  /** Names (`attribute`, or the identifier without `$.`) of the indexed fields. */
  readonly fields: readonly string[]
}

/** Fields that only one kind of document has (`checkpoints_schema`, `writes_schema` of the official Python and JS savers). */
const KINDS: readonly { readonly prefix: keyof Prefixes; readonly fields: readonly string[] }[] = [
  { prefix: 'checkpointWrite', fields: ['checkpoint_id', 'task_id', 'idx', 'channel'] },
  { prefix: 'checkpointBlob', fields: ['thread_id', 'checkpoint_ns', 'channel', 'version'] },
  { prefix: 'checkpoint', fields: ['thread_id', 'checkpoint_ns', 'checkpoint_id'] },
]

/**
 * Adds the prefixes of the savers' own indexes to `base`. From langgraph-checkpoint-redis 0.3.0 on an index is named like its prefix;
 * before that and in JavaScript the names are fixed. What an index is for is told by its fields, so that indexes of others are ignored.
 */
export function prefixesOfIndexes(
  indexes: readonly SearchIndex[],
  base: Prefixes = DEFAULT_PREFIXES,
): Prefixes {
  const found: Record<keyof Prefixes, Set<string>> = {
    checkpoint: new Set(base.checkpoint),
    checkpointWrite: new Set(base.checkpointWrite),
    checkpointBlob: new Set(base.checkpointBlob),
  }
  for (const { prefixes, fields } of indexes) {
    const kind = KINDS.find((candidate) => candidate.fields.every((field) => fields.includes(field)))
    if (kind === undefined) continue
    for (const keyPrefix of prefixes) {
      const prefix = keyPrefix.endsWith(':') ? keyPrefix.slice(0, -1) : keyPrefix
      if (prefix !== '') found[kind.prefix].add(prefix)
    }
  }
  return {
    checkpoint: [...found.checkpoint],
    checkpointWrite: [...found.checkpointWrite],
    checkpointBlob: [...found.checkpointBlob],
  }
}
