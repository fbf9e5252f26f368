/** Ids, versions and names of channels as JSON: short and plain as they are, they go out in one loop. */
import type { GrowingBuffer } from '../growing-buffer.js'
import { BACKSLASH, QUOTE } from './scan.js'

const MAX_UNITS = 128
const FIRST_PLAIN = 0x20
const LAST_PLAIN = 0x7e

/** With its quotes; false, and nothing is written, where the text is long or needs more care. */
export function writePlainString(out: GrowingBuffer, value: string): boolean {
  const { length } = value
  if (length > MAX_UNITS) return false
  out.room(length + 2)
  const { bytes } = out
  let end = out.length
  bytes[end++] = QUOTE
  for (let at = 0; at < length; at++) {
    const unit = value.charCodeAt(at)
    if (unit < FIRST_PLAIN || unit > LAST_PLAIN || unit === QUOTE || unit === BACKSLASH) return false
    bytes[end++] = unit
  }
  bytes[end++] = QUOTE
  out.length = end
  return true
}
