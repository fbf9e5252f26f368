/** The digest of a decoded value: equal for equal values, whatever encoding they were read from and in whatever order their sets and maps come. */
import type { Value } from '../model/value.js'
import { DigestSink } from './digest-sink.js'

/** SHA-1 (20 bytes) of a value. Throws what the value's `emit` throws. */
export const digestOf = (value: Value): Buffer => Buffer.from(digestText(value), 'latin1')

/** The same as text, a character a byte, which is cheaper to make and to compare. */
export function digestText(value: Value): string {
  const sink = IDLE.pop() ?? new DigestSink()
  try {
    value.emit(sink)
    return sink.result()
  } finally {
    sink.reset()
    IDLE.push(sink)
  }
}

/** The digest of a list, and what a longer one that begins with the same items can go on from. */
export interface ListDigest {
  /** A character a byte. */
  readonly digest: string
  /** The canonical bytes of its items; absent where the value is no list. */
  readonly items?: Buffer
}

/**
 * As `digestText`, for a value that may grow. With `before`, the items of an earlier list, `value` holds only those behind them; it has to
 * be a list then.
 */
export function digestList(value: Value, before?: Buffer): ListDigest {
  const sink = IDLE.pop() ?? new DigestSink()
  try {
    sink.keepsItems = true
    if (before !== undefined) sink.continueList(before)
    value.emit(sink)
    const digest = sink.result()
    return sink.items === undefined ? { digest } : { digest, items: sink.items }
  } finally {
    sink.reset()
    IDLE.push(sink)
  }
}

/** Most values are so small that making a sink would take longer than using it. A value may hold others: then several are in use. */
const IDLE: DigestSink[] = []
