/** Passes values without reading them; each gives about how many bytes it takes once it is read. */
import { DecodeError } from '../bytes.js'
import type { RdbInput } from './input.js'
import { readLength, readUint64, skipString } from './strings.js'

type Skip = (input: RdbInput) => number

/** So many things one after the other. */
export const skipEach =
  (...parts: readonly Skip[]): Skip =>
  (input) => {
    let bytes = 0
    for (let left = readLength(input); left > 0; left--) {
      for (const part of parts) bytes += part(input)
    }
    return bytes
  }

export const skipBytes =
  (length: number): Skip =>
  (input) => {
    input.skip(length)
    return length
  }

export const skipLength: Skip = (input) => {
  readLength(input)
  return 0
}

/** A score as text, with its length in a byte; the largest lengths stand for numbers that have no digits. */
export const skipTextScore: Skip = (input) => {
  const length = input.uint8()
  if (length < 253) input.skip(length)
  return 8
}

/** Parts of a module's value, each begun by what it is (`RDB_MODULE_OPCODE_…`). */
const MODULE_PARTS: Readonly<Record<number, Skip>> = {
  1: skipLength, // signed
  2: skipLength,
  3: skipBytes(4), // float
  4: skipBytes(8), // double
  5: skipString,
}
const MODULE_END = 0

/** What a module has written, after its id. */
export const skipModuleParts: Skip = (input) => {
  let bytes = 0
  for (;;) {
    const at = input.position
    const part = readLength(input)
    if (part === MODULE_END) return bytes
    const skip = MODULE_PARTS[part]
    if (skip === undefined) throw new DecodeError(`${part} begins no part of a module's value`, at)
    bytes += skip(input)
  }
}

export const skipModule: Skip = (input) => {
  readUint64(input) // which module
  return skipModuleParts(input)
}

const STREAM_ID_BYTES = 16

/** `since`: 1 for Redis 5, 2 for Redis 7.0, 3 from 7.2 on: each wrote more about groups and consumers. */
export const skipStream =
  (since: 1 | 2 | 3): Skip =>
  (input) => {
    const entries = skipEach(skipString, skipString)(input)
    // How many entries there are and the last id; then the first, the highest deleted, and how many were ever added.
    for (let left = since === 1 ? 3 : 8; left > 0; left--) readLength(input)
    const consumer = [
      skipString,
      skipBytes(since === 3 ? 16 : 8), // when it was seen, when it was active
      skipEach(skipBytes(STREAM_ID_BYTES)),
    ]
    const group = [
      skipString,
      ...new Array<Skip>(since === 1 ? 2 : 3).fill(skipLength),
      skipEach(skipBytes(STREAM_ID_BYTES + 8), skipLength),
      skipEach(...consumer),
    ]
    return entries + skipEach(...group)(input)
  }
