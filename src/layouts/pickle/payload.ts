/** A pickle under a plain string key, with whatever compression or text encoding an app has put round it. */

import type { PickleNode } from '../../codec/pickle/node.js'
import { readPickle } from '../../codec/pickle/read.js'
import { sniff, unwrapAll } from '../../codec/wrappers/sniff.js'

const COMPRESSED: ReadonlySet<string> = new Set(['zlib', 'gzip', 'lz4', 'zstd', 'bzip2', 'xz'])

/**
 * The pickle's graph; undefined where the value was never meant to be one: text, JSON and the like are other layouts' or other people's.
 * Throws `DecodeError` for a pickle or a compression that cannot be read.
 */
export function openPickle(value: Buffer): PickleNode | undefined {
  const bytes = unwrapped(value)
  if (bytes === undefined || beginsLikePickle(bytes)) return bytes && readPickle(bytes)
  try {
    // Protocol 0 can begin with nearly anything.
    return readPickle(bytes)
  } catch {
    return undefined
  }
}

function unwrapped(value: Buffer): Buffer | undefined {
  const outermost = sniff(value)
  if (outermost === 'pickle') return value
  if (COMPRESSED.has(outermost)) return unwrapAll(value).bytes
  try {
    return unwrapAll(value).bytes
  } catch {
    // Text that only looked as if it held bytes.
    return undefined
  }
}

/** Protocols 2–5 begin with PROTO; 0 and 1 with marks and then a class by name, or a dict or list that is put into the memo. */
function beginsLikePickle(bytes: Buffer): boolean {
  if (bytes[0] === 0x80) return bytes[1]! <= 5
  return /^(?:\(*(?:c[\w.]+\n[\w.]+\n|[dl]p\d+\n)|\(?[}\]]q)/.test(bytes.toString('latin1', 0, 200))
}
