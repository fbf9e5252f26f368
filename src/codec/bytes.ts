/** What all codecs share: the error that says where the bytes stopped making sense. */

/** Bytes that cannot be decoded. `offset` counts from the start of the value that was being read. */
export class DecodeError extends Error {
  readonly offset: number
  /** A finding's reason, where it is another than `undecodable`. */
  readonly reason: DecodeReason
  constructor(message: string, offset: number, reason: DecodeReason = 'undecodable') {
    super(message)
    this.name = 'DecodeError'
    this.offset = offset
    this.reason = reason
  }
}
export type DecodeReason =
  | 'undecodable'
  | 'unsupported-value'
  | 'integer-too-large'
  | 'recursive-value'
  | 'too-large'

/** A value that was read but cannot be written in the wanted encoding (an integer over 64 bits in msgpack, say). */
export class EncodeError extends Error {
  readonly reason: Exclude<DecodeReason, 'undecodable'>
  constructor(message: string, reason: Exclude<DecodeReason, 'undecodable'>) {
    super(message)
    this.name = 'EncodeError'
    this.reason = reason
  }
}

/** Bounds of every reader; a payload beyond them is refused, never half read. */
export interface DecodeLimits {
  /** Containers inside containers. */
  readonly maxDepth: number
  /** Values in all, after shared references are written out. */
  readonly maxItems: number
}
export const DEFAULT_LIMITS: DecodeLimits = { maxDepth: 1000, maxItems: 50_000_000 }
