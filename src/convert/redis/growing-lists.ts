/** Lists that grow from version to version: what a later one begins with is not read and written again. */
import type { ValueText } from './dialect.js'

/** Shorter ones are written as soon as compared. */
const WORTH_BYTES = 2048
/** Channels whose last value is kept, with its text. */
const MOST_KEPT = 4

interface Kept {
  readonly blob: Buffer
  readonly written: ValueText
}

export class GrowingLists {
  private readonly kept = new Map<string, Kept>()

  /** The text of a list in msgpack; `write` is asked for what was not written before, as a list of its own. */
  write(place: string, blob: Buffer, write: (list: Buffer) => ValueText): ValueText {
    if (blob.length < WORTH_BYTES || sizeOf(blob) === undefined) return write(blob)
    const earlier = this.kept.get(place)
    const rest = earlier && itemsBehind(earlier.blob, blob)
    const written = rest === undefined ? write(blob) : joined(earlier!.written, write(rest))
    this.kept.delete(place)
    this.kept.set(place, { blob: Buffer.from(blob), written })
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MOST_KEPT) break
      this.kept.delete(oldest)
    }
    return written
  }
}

/** The items that `later` has behind those of `earlier`, as a list; undefined where it has none, or does not begin with them. */
function itemsBehind(earlier: Buffer, later: Buffer): Buffer | undefined {
  const before = sizeOf(earlier)
  const after = sizeOf(later)
  if (before === undefined || after === undefined || before.items === 0 || after.items <= before.items)
    return undefined
  const body = earlier.subarray(before.header)
  const end = after.header + body.length
  if (end > later.length || later.compare(body, 0, body.length, after.header, end) !== 0) return undefined
  const header = Buffer.alloc(5)
  header[0] = ARRAY_32
  header.writeUInt32BE(after.items - before.items, 1)
  return Buffer.concat([header, later.subarray(end)])
}

function joined(earlier: ValueText, rest: ValueText): ValueText {
  const text = Buffer.allocUnsafe(earlier.text.length + rest.text.length - 1)
  earlier.text.copy(text)
  text[earlier.text.length - 1] = COMMA
  rest.text.copy(text, earlier.text.length, 1)
  const losses = new Map(earlier.losses)
  for (const [what, count] of rest.losses ?? []) losses.set(what, (losses.get(what) ?? 0) + count)
  return { text, depth: Math.max(earlier.depth, rest.depth), ...(losses.size > 0 && { losses }) }
}

/** Of the list that begins the bytes: its items, and the bytes of its header; undefined where none begins there. */
function sizeOf(blob: Buffer): { readonly items: number; readonly header: number } | undefined {
  const first = blob[0]!
  if ((first & 0xf0) === 0x90) return { items: first & 0x0f, header: 1 }
  if (first === ARRAY_16 && blob.length >= 3) return { items: blob.readUInt16BE(1), header: 3 }
  if (first === ARRAY_32 && blob.length >= 5) return { items: blob.readUInt32BE(1), header: 5 }
  return undefined
}

const ARRAY_16 = 0xdc
const ARRAY_32 = 0xdd
const COMMA = 0x2c
