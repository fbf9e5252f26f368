/** Lists that grow from version to version: what a later one begins with is not read and written again, nor kept twice. */
import type { ValueText } from './dialect.js'

/** Shorter ones are written as soon as compared. */
const WORTH_BYTES = 1024
/** Channels whose last value is kept, with its text. */
const MOST_KEPT = 4

interface Kept {
  readonly items: number
  /** What stands in msgpack behind the header. */
  readonly body: AppendOnly
  /** The text without the bracket that closes it. */
  readonly text: AppendOnly
  readonly written: ValueText
}

export class GrowingLists {
  private readonly kept = new Map<string, Kept>()

  /**
   * The text of a list in msgpack that begins with the one that was written there last; `write` is asked for what was not written before,
   * as a list of its own. Undefined for any other value.
   */
  longer(place: string, blob: Buffer, write: (list: Buffer) => ValueText): ValueText | undefined {
    const earlier = this.kept.get(place)
    const size = earlier === undefined || blob.length < WORTH_BYTES ? undefined : sizeOf(blob)
    if (earlier === undefined || size === undefined || earlier.items >= size.items) return undefined
    const body = blob.subarray(size.header)
    if (!earlier.body.begins(body)) return undefined
    const grown = longerThan(earlier, size.items, body, write)
    this.keep(place, grown)
    return grown.written
  }

  /** What was written as a whole, where it is a list that may grow. */
  note(place: string, blob: Buffer, written: ValueText): void {
    const size = blob.length < WORTH_BYTES ? undefined : sizeOf(blob)
    if (size === undefined || size.items === 0) return
    const body = new AppendOnly(blob.subarray(size.header))
    const text = new AppendOnly(written.text.subarray(0, -1))
    this.keep(place, { items: size.items, body, text, written })
  }

  private keep(place: string, list: Kept): void {
    this.kept.delete(place)
    this.kept.set(place, list)
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MOST_KEPT) break
      this.kept.delete(oldest)
    }
  }
}

function longerThan(earlier: Kept, items: number, body: Buffer, write: (list: Buffer) => ValueText): Kept {
  const header = Buffer.alloc(5)
  header[0] = ARRAY_32
  header.writeUInt32BE(items - earlier.items, 1)
  const news = body.subarray(earlier.body.length)
  const rest = write(Buffer.concat([header, news]))
  earlier.body.append(news)
  earlier.text.append(COMMA)
  earlier.text.append(rest.text.subarray(1, -1))
  const losses = new Map(earlier.written.losses)
  for (const [what, count] of rest.losses ?? []) losses.set(what, (losses.get(what) ?? 0) + count)
  const depth = Math.max(earlier.written.depth, rest.depth)
  return { ...earlier, items, written: writtenOf(earlier.text, depth, losses) }
}

const writtenOf = (text: AppendOnly, depth: number, losses?: ReadonlyMap<string, number>): ValueText => ({
  text: text.view(),
  close: ']',
  depth,
  ...(losses !== undefined && losses.size > 0 && { losses }),
})

/** Bytes that only ever become more: what was seen of them stays as it was. They are copied when the first are added. */
class AppendOnly {
  length: number

  constructor(private bytes: Buffer) {
    this.length = bytes.length
  }

  append(more: Buffer): void {
    const wanted = this.length + more.length
    if (wanted > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2))
      this.bytes.copy(larger, 0, 0, this.length)
      this.bytes = larger
    }
    more.copy(this.bytes, this.length)
    this.length = wanted
  }

  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  /** Whether `longer` begins with these bytes. */
  begins(longer: Buffer): boolean {
    return longer.length > this.length && longer.compare(this.bytes, 0, this.length, 0, this.length) === 0
  }
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
const COMMA = Buffer.from(',')
