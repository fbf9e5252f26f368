/** The digest of a decoded value: equal for equal values, whatever encoding they were read from and in whatever order their sets and maps come. */
import type { Value } from '../model/value.js'
import { DigestSink } from './digest-sink.js'

/** SHA-1 (20 bytes) of a value. Throws what the value's `emit` throws. */
export const digestOf = (value: Value): Buffer =>
  withSink((sink) => {
    value.emit(sink)
    return Buffer.from(sink.digest(), 'latin1')
  })

/** A text that is equal for equal values, cheaper to make and to compare: the digest, a character a byte, or a short value itself. */
export const digestText = (value: Value): string =>
  withSink((sink) => {
    value.emit(sink)
    return sink.name()
  })

/** The digest of a list, and what a longer one that begins with the same items can go on from. */
export interface ListDigest {
  /** As `digestText` gives it. */
  readonly digest: string
  /** The canonical bytes of its items; absent where the value is no list. */
  readonly items?: Buffer
}

/**
 * As `digestText`, for a value that may grow. With `before`, the items of an earlier list, `value` holds only those behind them; it has to
 * be a list then.
 */
export const digestList = (value: Value, before?: Buffer): ListDigest =>
  withSink((sink) => {
    sink.keepsItems = true
    if (before !== undefined) sink.continueList(before)
    value.emit(sink)
    const digest = sink.name()
    return sink.items === undefined ? { digest } : { digest, items: sink.items }
  })

function withSink<Result>(use: (sink: DigestSink) => Result): Result {
  const sink = IDLE.pop() ?? new DigestSink()
  try {
    return use(sink)
  } finally {
    sink.reset()
    IDLE.push(sink)
  }
}

/** Most values are so small that making a sink would take longer than using it. A value may hold others: then several are in use. */
const IDLE: DigestSink[] = []
