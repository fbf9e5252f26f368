/** The keys that a mapping describes: compiled patterns, and which of them a key fits. */
import type { RedisType } from '../../model/redis-value.js'
import { beginsWith } from '../keys/key-forms.js'
import { type KeyPattern, keyPattern, type PatternParts } from '../keys/key-pattern.js'
import type { KeyRole } from '../layout.js'
import type { BlobMapping, CheckpointMapping, Mapping, RecordMapping, WriteMapping } from './mapping.js'

export interface CompiledRecord<Kind extends RecordMapping = RecordMapping> {
  readonly mapping: Kind
  readonly pattern: KeyPattern
  readonly field: KeyPattern | undefined
}

export interface FittingKey {
  readonly role: KeyRole
  readonly parts: PatternParts
  /** Some id in it does not look like LangGraph's own. */
  readonly isLoose: boolean
}

interface Candidate {
  readonly role: KeyRole
  /** Undefined: any. */
  readonly type: RedisType | undefined
  readonly pattern: KeyPattern
}

export class GenericKeys {
  readonly emptyNs: readonly string[]
  readonly checkpoints: CompiledRecord<CheckpointMapping>
  readonly writes: CompiledRecord<WriteMapping> | undefined
  readonly blobs: CompiledRecord<BlobMapping> | undefined
  /** Fields that hold channel values. */
  readonly channels: KeyPattern | undefined
  private readonly candidates: readonly Candidate[]

  constructor(mapping: Mapping) {
    this.emptyNs = mapping.emptyNs ?? ['']
    const options = { escaping: mapping.escaping ?? 'none', emptyNs: this.emptyNs }
    const compiled = <Kind extends RecordMapping>(record: Kind): CompiledRecord<Kind> => ({
      mapping: record,
      pattern: keyPattern(record.key, options),
      field: record.field === undefined ? undefined : keyPattern(record.field, options),
    })
    this.checkpoints = compiled(mapping.checkpoints)
    this.writes = mapping.writes && compiled(mapping.writes)
    this.blobs = mapping.blobs && compiled(mapping.blobs)
    const channels = mapping.checkpoints.channels?.field
    this.channels =
      channels === undefined ? undefined : keyPattern(channels, { ...options, escaping: 'none' })
    const candidate = (role: KeyRole, record: CompiledRecord | undefined): Candidate[] =>
      record === undefined ? [] : [{ role, type: record.mapping.type, pattern: record.pattern }]
    this.candidates = [
      ...candidate('checkpoint', this.checkpoints),
      ...candidate('write', this.writes),
      ...candidate('blob', this.blobs),
      ...(mapping.index ?? []).map(
        (text): Candidate => ({ role: 'index', type: undefined, pattern: keyPattern(text, options) }),
      ),
    ].sort((a, b) => b.pattern.literals - a.pattern.literals)
  }

  /** Of several patterns the one with more text of its own, and before all one whose ids look as they should. */
  fit(key: Buffer, type: RedisType): FittingKey | null {
    const candidates = this.candidates.filter(
      (one) => (one.type === undefined || one.type === type) && beginsWith(key, one.pattern.head),
    )
    if (candidates.length === 0) return null
    const text = key.toString('utf8')
    for (const strict of [true, false]) {
      for (const candidate of candidates) {
        const parts = candidate.pattern.parse(text, strict)
        if (parts !== null) return { role: candidate.role, parts, isLoose: !strict }
      }
    }
    return null
  }
}
