/** Finds where the items of msgpack containers begin and end, without decoding them. */
import { DecodeError } from '../bytes.js'
import { MsgpackCursor } from './cursor.js'

/** A range of the bytes that holds one value. */
export interface MsgpackRange {
  readonly start: number
  readonly end: number
}

/** The entries of the map at `start`, in their order; undefined where no map begins there. Throws `DecodeError`. */
export function msgpackEntries(
  bytes: Buffer,
  start: number,
  end: number,
): readonly { readonly key: MsgpackRange; readonly value: MsgpackRange }[] | undefined {
  const cursor = cursorAt(bytes, start, end)
  if (cursor.kind() !== 'map') return undefined
  const first = cursor.uint(1)
  const size = first < 0x90 ? first & 0x0f : cursor.uint(first === 0xde ? 2 : 4)
  cursor.require(size * 2)
  const entries = []
  for (let i = 0; i < size; i++) entries.push({ key: next(cursor), value: next(cursor) })
  return entries
}

/** The items of the array at `start`; undefined where no array begins there. Throws `DecodeError`. */
export function msgpackItems(bytes: Buffer, start: number, end: number): readonly MsgpackRange[] | undefined {
  const cursor = cursorAt(bytes, start, end)
  if (cursor.kind() !== 'array') return undefined
  const size = cursor.arraySize()
  cursor.require(size)
  return Array.from({ length: size }, () => next(cursor))
}

/** The text at `start`; undefined where none begins there. Throws `DecodeError`. */
export function msgpackText(bytes: Buffer, start: number, end: number): string | undefined {
  const cursor = cursorAt(bytes, start, end)
  if (cursor.kind() !== 'text') return undefined
  const first = cursor.uint(1)
  const from = cursor.utf8(first < 0xc0 ? first & 0x1f : cursor.uint(1 << (first - 0xd9)))
  return bytes.toString('utf8', from, cursor.at)
}

/** That the bytes hold one value and nothing behind it. What is inside its texts and objects is not looked at. */
export function requireOneMsgpack(bytes: Buffer): void {
  const { end } = next(cursorAt(bytes, 0, bytes.length))
  if (end !== bytes.length)
    throw new DecodeError(`${bytes.length - end} bytes after the end of the value`, end)
}

/** Offsets of errors count from the start of the bytes. */
function cursorAt(bytes: Buffer, start: number, end: number): MsgpackCursor {
  const cursor = new MsgpackCursor(bytes, 0, end)
  cursor.at = start
  return cursor
}

/** Moves past one value, however deep it is: what containers hold is counted, not nested. */
function next(cursor: MsgpackCursor): MsgpackRange {
  const start = cursor.at
  for (let open = 1; open > 0; open--) {
    const items = skipHead(cursor)
    cursor.require(items) // every item takes a byte at least
    open += items
  }
  return { start, end: cursor.at }
}

/** Moves past a scalar or a container's head; the number of values that follow inside it. */
function skipHead(cursor: MsgpackCursor): number {
  const first = cursor.uint(1)
  if (first < 0x80 || first >= 0xe0) return 0
  if (first < 0x90) return (first & 0x0f) * 2
  if (first < 0xa0) return first & 0x0f
  if (first < 0xc0) cursor.take(first & 0x1f)
  else if (first === 0xc1) cursor.fail('byte c1, which msgpack never uses')
  else if (first < 0xc4) return 0
  else if (first < 0xc7) cursor.take(cursor.uint(1 << (first - 0xc4)))
  else if (first < 0xca) cursor.take(cursor.uint(1 << (first - 0xc7)) + 1)
  else if (first < 0xcc) cursor.take(first === 0xca ? 4 : 8)
  else if (first < 0xd4) cursor.take(1 << (first & 0x03))
  else if (first < 0xd9) cursor.take((1 << (first - 0xd4)) + 1)
  else if (first < 0xdc) cursor.take(cursor.uint(1 << (first - 0xd9)))
  else if (first < 0xde) return cursor.uint(2 << (first - 0xdc))
  else return cursor.uint(2 << (first - 0xde)) * 2
  return 0
}
