/** What Postgres and its official reader cannot hold, checked before a row is made. */
import type { ReasonId } from '../model/finding.js'

export interface Misfit {
  readonly reason: ReasonId
  readonly detail: string
}

/** btree's largest index row: 2,704 bytes, less its header and the alignment of up to five columns. */
const MAX_KEY_BYTES = 2704 - 8 - 5 * 8
/** `array_agg` in the official reader joins all blobs of a checkpoint into one value of at most 1 GB. */
export const MAX_CHECKPOINT_BLOB_BYTES = 1024 ** 3 - 64 * 1024 * 1024

/** Ids of a primary key: no NUL, and together within an index row. */
export function misfitOfKey(parts: Readonly<Record<string, string>>): Misfit | undefined {
  let bytes = 0
  for (const [name, part] of Object.entries(parts)) {
    if (part.includes('\0')) return { reason: 'nul-in-id', detail: name }
    bytes += Buffer.byteLength(part)
  }
  if (bytes > MAX_KEY_BYTES) return { reason: 'too-large', detail: `index row of ${bytes} bytes` }
  return undefined
}

/** Texts that the official reader casts to bytea: a backslash there is an escape, and the whole checkpoint becomes unreadable. */
export function misfitOfCast(parts: Readonly<Record<string, string>>): Misfit | undefined {
  for (const [name, part] of Object.entries(parts)) {
    if (part.includes('\\')) return { reason: 'backslash-in-id', detail: `${name} ${JSON.stringify(part)}` }
  }
  return undefined
}
