/** The time that a document says it was stored at: that of the checkpoint. */
import { timeOfUuid6 } from '../../model/uuid6.js'
import { type StoredParts, textOf } from './stored.js'

/** Milliseconds since 1970; 0 where nothing tells. */
export function documentTs({ members, row }: StoredParts): number {
  const ts = Date.parse(textOf(members.get('ts')) ?? '')
  return Number.isNaN(ts) ? (timeOfUuid6(row.checkpointId, Number.MAX_SAFE_INTEGER) ?? 0) : ts
}
