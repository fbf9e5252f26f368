/** Takes a payload apart, whatever its encoding: told by its first bytes, wrappings taken off. */

import { isUtf8 } from 'node:buffer'
import type { Outline } from '../model/outline.js'
import { DecodeError } from './bytes.js'
import { type LookInside, outlineJson } from './outline/json.js'
import { outlineMsgpack } from './outline/msgpack.js'
import { outlinePickle } from './outline/pickle.js'
import { hexOfBytes, OutlineBudget, textOfBytes } from './outline/scalars.js'
import { type Unwrapped, unwrapAll } from './wrappers/sniff.js'

/** Shorter texts are words, whatever they could be decoded to. */
const MIN_INSIDE_BYTES = 16
/** What is unwrapped only to be shown. */
const MAX_UNWRAPPED_BYTES = 64 * 1024 ** 2

export interface OutlinedPayload {
  /** `pickle`, `base64 → zlib → msgpack`; `text` or `bytes` where nothing is recognised. */
  readonly encoding: string
  readonly outline: Outline
  /** Why it could not be taken apart to its end. */
  readonly problem?: string
}

/** Never throws for what is in the bytes. */
export function outlineOf(bytes: Buffer, budget = new OutlineBudget()): OutlinedPayload {
  let found: Unwrapped
  try {
    found = unwrapAll(bytes, MAX_UNWRAPPED_BYTES)
  } catch (error) {
    return asBytes(bytes, problemOf(error))
  }
  const encoding = [...found.layers, found.encoding].join(' → ')
  if (found.encoding === 'unknown' || found.encoding === 'empty') {
    return found.layers.length === 0 ? asBytes(bytes) : { ...asBytes(found.bytes), encoding }
  }
  try {
    return { encoding, outline: outlineAs(found.encoding, found.bytes, budget) }
  } catch (error) {
    return { encoding, outline: asBytes(found.bytes).outline, problem: problemOf(error) }
  }
}

/** The text of a document. Throws `DecodeError`. */
export const outlineDocument = (text: Buffer): Outline => {
  const budget = new OutlineBudget()
  return outlineJson(text, budget, looksInside(budget))
}

function outlineAs(encoding: 'json' | 'msgpack' | 'pickle', bytes: Buffer, budget: OutlineBudget): Outline {
  switch (encoding) {
    case 'json':
      return outlineJson(bytes, budget, looksInside(budget))
    case 'msgpack':
      return outlineMsgpack(bytes, budget)
    case 'pickle':
      return outlinePickle(bytes, budget)
  }
}

const looksInside =
  (budget: OutlineBudget): LookInside =>
  (bytes) => {
    if (bytes.length < MIN_INSIDE_BYTES) return undefined
    const { encoding, outline, problem } = outlineOf(bytes, budget)
    const isPlain = encoding === 'text' || encoding === 'bytes' || outline.items === undefined
    return isPlain || problem !== undefined ? undefined : { encoding, outline }
  }

function asBytes(bytes: Buffer, problem?: string): OutlinedPayload {
  const isText = isUtf8(bytes)
  const text = isText ? textOfBytes(bytes, 0, bytes.length) : hexOfBytes(bytes, 0, bytes.length)
  const encoding = isText ? 'text' : 'bytes'
  const outline = { at: 0, end: bytes.length, kind: encoding, text }
  return { encoding, outline, ...(problem !== undefined && { problem }) }
}

function problemOf(error: unknown): string {
  if (error instanceof DecodeError) return `${error.message} at byte ${error.offset}`
  throw error
}
