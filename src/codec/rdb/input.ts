/** A cursor over the bytes of a snapshot, of any size: it asks for the next stretch when it needs it and keeps no other. */
import { DecodeError } from '../bytes.js'

/** What a cursor reads from. */
export interface Bytes {
  readonly size: number
  /** Fills `into` with the bytes from `at` on; the number there were. */
  read(into: Buffer, at: number): number
}

/** The bytes end where more should follow. */
export class EndOfBytes extends DecodeError {}

/** What is asked for at once. */
const WINDOW_BYTES = 1024 ** 2

export class RdbInput {
  #window: Buffer
  /** Where the next byte stands in the window. */
  #at = 0
  #end: number
  /** Position of the window's first byte. */
  #base = 0
  /** Bytes of the window that `watch` was told of. */
  #watched = 0

  /** `watch` is told of every byte once the cursor has passed it, in order; without it, what is skipped is not even read. */
  constructor(
    private readonly bytes: Bytes,
    private readonly watch?: (passed: Buffer) => void,
    from = 0,
  ) {
    this.#window = Buffer.allocUnsafeSlow(Math.min(WINDOW_BYTES, Math.max(bytes.size - from, 16)))
    this.#end = 0
    this.#base = from
  }

  /** Over bytes that are all there; what it gives are views of them. */
  static over(all: Buffer): RdbInput {
    const input = new RdbInput({ size: all.length, read: () => 0 })
    input.#window = all
    input.#end = all.length
    return input
  }

  get position(): number {
    return this.#base + this.#at
  }

  get left(): number {
    return this.bytes.size - this.position
  }

  /** The next byte, which stays the next one. */
  peek(): number {
    this.#need(1)
    return this.#window[this.#at]!
  }

  /** A view of the next bytes, which stay the next ones. */
  ahead(length: number): Buffer {
    this.#need(length)
    return this.#window.subarray(this.#at, this.#at + length)
  }

  uint8(): number {
    this.#need(1)
    return this.#window[this.#at++]!
  }

  /** A view, valid until the cursor moves on. */
  view(length: number): Buffer {
    this.#need(length)
    this.#at += length
    return this.#window.subarray(this.#at - length, this.#at)
  }

  skip(length: number): void {
    if (length > this.left) throw this.#ended(length)
    if (this.watch === undefined && length > this.#end - this.#at) {
      this.#base += this.#at + length
      this.#at = 0
      this.#end = 0
      return
    }
    for (let left = length; ; ) {
      const step = Math.min(left, this.#end - this.#at)
      this.#at += step
      left -= step
      if (left === 0) return
      this.#need(1)
    }
  }

  /** Tells `watch` of everything up to here. */
  flush(): void {
    if (this.watch !== undefined && this.#at > this.#watched)
      this.watch(this.#window.subarray(this.#watched, this.#at))
    this.#watched = this.#at
  }

  #need(length: number): void {
    if (this.#end - this.#at >= length) return
    if (length > this.left) throw this.#ended(length)
    this.flush()
    const rest = this.#window.subarray(this.#at, this.#end)
    const larger = length > this.#window.length ? Buffer.allocUnsafeSlow(length) : this.#window
    rest.copy(larger)
    this.#base += this.#at
    this.#window = larger
    this.#at = 0
    this.#watched = 0
    this.#end = rest.length
    while (this.#end < length) {
      const got = this.bytes.read(larger.subarray(this.#end), this.#base + this.#end)
      if (got === 0) throw this.#ended(length)
      this.#end += got
    }
  }

  #ended(length: number): EndOfBytes {
    return new EndOfBytes(
      `${length} more bytes are announced, ${Math.max(0, this.left)} are left`,
      this.position,
    )
  }
}
