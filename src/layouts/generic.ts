/** A layout made of a mapping: of a user's layout file, or of one of our own for savers that need no more than that. */
import { DecodeError } from '../codec/bytes.js'
import type { RedisValue } from '../model/redis-value.js'
import { versionNumber } from './awaited-blobs.js'
import { GenericKeys } from './generic/keys.js'
import type { Mapping } from './generic/mapping.js'
import { GenericRecords } from './generic/records.js'
import { GenericThread } from './generic/thread.js'
import { keyedReadingOrder } from './keys/key-forms.js'
import type { Claim, ClaimedKey, KeyRole, Layout } from './layout.js'

export function genericLayout(mapping: Mapping): Layout {
  const { id, title, writtenBy, dialect } = mapping
  const keys = new GenericKeys(mapping)
  const records = new GenericRecords(dialect, keys)
  const hasId = keys.checkpoints.pattern.parts.has('id') || keys.checkpoints.field?.parts.has('id') === true
  /** Whether values tell their thread, for keys that leave it open. */
  const tells: Partial<Record<KeyRole, unknown>> = {
    checkpoint: mapping.checkpoints.thread,
    write: mapping.writes?.thread,
  }
  return {
    id,
    title,
    writtenBy,
    dialect,
    claim(key, type) {
      const fitting = keys.fit(key, type)
      if (fitting === null) return null
      const { parts, isLoose } = fitting
      // Without an id in its key a checkpoint is its thread's only one, and the key may as well be another application's.
      const isOnly = fitting.role === 'checkpoint' && !hasId
      const claim: Claim = {
        layout: id,
        role: isOnly ? 'snapshot' : fitting.role,
        threadId: parts.thread ?? '',
        checkpointNs: parts.ns ?? '',
        checkpointId: parts.id ?? '',
      }
      const isOpen = parts.thread === undefined || isLoose || isOnly
      return isOpen && tells[fitting.role] !== undefined ? { ...claim, ambiguous: true } : claim
    },
    recognises: (key, value) => recognises(key, value, { keys, records, evidence: mapping.evidence }),
    readingOrder: (claimed) => keyedReadingOrder(claimed, { before: (key) => versionIn(key, keys) }),
    openThread: (threadId, sink) => new GenericThread(id, threadId, sink, keys, records),
  }
}

/** Blobs go by the number of their version. */
function versionIn({ key, type, role }: ClaimedKey, keys: GenericKeys): number {
  return role === 'blob' ? versionNumber(keys.fit(key, type)?.parts.version ?? '') : 0
}

interface Known {
  readonly keys: GenericKeys
  readonly records: GenericRecords
  readonly evidence: string | undefined
}

function recognises(
  key: ClaimedKey,
  value: RedisValue,
  { keys, records, evidence = 'checkpoint where the mapping says' }: Known,
): ReturnType<Layout['recognises']> {
  const fitting = keys.fit(key.key, key.type)
  if (fitting === null) return { yes: false, evidence: 'key is not as the mapping says' }
  if (fitting.role === 'index') return { yes: true, evidence: 'index key of the mapping' }
  const compiled = { checkpoint: keys.checkpoints, write: keys.writes, blob: keys.blobs }[
    String(fitting.role)
  ]
  try {
    if (compiled === undefined) return { yes: false, evidence: 'nothing of the mapping' }
    for (const { open, parts } of records.of(compiled, fitting.parts, value)) {
      const record = open()
      if (!records.fits(compiled.mapping, record))
        return { yes: false, evidence: 'lacks what the mapping requires' }
      if (fitting.role !== 'checkpoint')
        return { yes: true, evidence: `${fitting.role} where the mapping says` }
      const found = records.checkpoint(keys.checkpoints.mapping, record, parts)
      if (found !== undefined) return { yes: true, evidence }
    }
    return { yes: false, evidence: 'no checkpoint where the mapping says' }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { yes: false, evidence: 'not encoded as the mapping says' }
  }
}
