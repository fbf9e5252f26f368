/** What Postgres and its official reader cannot hold, checked before a row is made. */
import type { ReasonId } from '../model/finding.js'

export interface Misfit {
  readonly reason: ReasonId
  readonly detail: string
}

/** btree's largest index row. */
const MAX_INDEX_ROW_BYTES = 2704
const INDEX_ROW_HEADER_BYTES = 8
/** Shorter texts have a length of one byte before them; longer ones one of four, where their place is a multiple of four. */
const LONG_TEXT_BYTES = 127

/**
 * A primary key, its parts in the order of the columns: no NUL, and together within an index row. Postgres would compress a long
 * text that repeats itself; real ids do not.
 */
export function misfitOfKey(parts: Readonly<Record<string, string | number>>): Misfit | undefined {
  for (const [name, part] of Object.entries(parts)) {
    const misfit = misfitOfText(name, part)
    if (misfit !== undefined) return misfit
  }
  const bytes = indexRowBytes(Object.values(parts))
  if (bytes <= MAX_INDEX_ROW_BYTES) return undefined
  return { reason: 'too-large', detail: `index row of ${bytes} bytes` }
}

/** Parts of a key that fit whatever their bytes are: most are far below every limit, and need not be looked at closer. */
export function isShortKey(...parts: readonly string[]): boolean {
  let length = 0
  for (const part of parts) {
    if (part.includes('\0')) return false
    length += part.length
  }
  return length <= SHORT_UNITS
}
/** A UTF-16 unit takes at most three bytes, and an index row holds twice as many. */
const SHORT_UNITS = 400

/** Neither a column nor the key of a JSONB object holds a NUL. */
export function misfitOfText(name: string, text: string | number): Misfit | undefined {
  if (typeof text === 'number' || !text.includes('\0')) return undefined
  return { reason: 'nul-in-id', detail: name }
}

/** A text that the official reader casts to bytea: a backslash there is an escape, and the whole checkpoint becomes unreadable. */
export function misfitOfCast(name: string, text: string): Misfit | undefined {
  if (!text.includes('\\')) return undefined
  return { reason: 'backslash-in-id', detail: `${name} ${JSON.stringify(text)}` }
}

function indexRowBytes(parts: readonly (string | number)[]): number {
  let bytes = INDEX_ROW_HEADER_BYTES
  for (const part of parts) {
    const length = typeof part === 'string' ? Buffer.byteLength(part) : 0
    const isShort = typeof part === 'string' && length < LONG_TEXT_BYTES
    bytes = isShort ? bytes + 1 + length : aligned(bytes, 4) + 4 + length
  }
  return aligned(bytes, 8)
}

const aligned = (bytes: number, to: number): number => Math.ceil(bytes / to) * to
