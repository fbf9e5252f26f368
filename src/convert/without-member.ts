/** A sink that passes a map on without one of its members. */
import type { ObjectHead, SetKind, ValueSink } from '../model/value.js'

/** Leaves out the member `name` of the outermost map; everything else goes through to `inner`. */
export class WithoutMember implements ValueSink {
  private depth = 0
  private atKey = false
  /** Depth at which a skipped value began; −1 while nothing is skipped, −2 when the next value is to be skipped. */
  private skipping = -1
  private readonly name: Buffer

  constructor(
    name: string,
    private readonly inner: ValueSink,
  ) {
    this.name = Buffer.from(name)
  }

  null(): void {
    if (this.passes()) this.inner.null()
  }
  bool(value: boolean): void {
    if (this.passes()) this.inner.bool(value)
  }
  int(value: number | bigint): void {
    if (this.passes()) this.inner.int(value)
  }
  float(value: number): void {
    if (this.passes()) this.inner.float(value)
  }
  text(source: Buffer, start: number, end: number): void {
    if (this.depth === 1 && this.atKey && this.name.compare(source, start, end) === 0) {
      this.atKey = false
      this.skipping = -2
    } else if (this.passes()) {
      this.inner.text(source, start, end)
    }
  }
  bytes(source: Buffer, start: number, end: number): void {
    if (this.passes()) this.inner.bytes(source, start, end)
  }
  bytearray(source: Buffer, start: number, end: number): void {
    if (this.passes()) this.inner.bytearray(source, start, end)
  }
  beginList(size: number): void {
    if (this.opens()) this.inner.beginList(size)
  }
  beginTuple(size: number): void {
    if (this.opens()) this.inner.beginTuple(size)
  }
  beginSet(size: number, kind: SetKind): void {
    if (this.opens()) this.inner.beginSet(size, kind)
  }
  beginMap(_size: number): void {
    // The size is no longer known once a member may be left out.
    if (this.depth === 0) this.atKey = true
    const outermost = this.depth === 0
    if (this.opens(outermost)) this.inner.beginMap(outermost ? -1 : _size)
  }
  beginObject(head: ObjectHead): void {
    if (this.opens()) this.inner.beginObject(head)
  }
  end(): void {
    this.depth--
    if (this.skipping === this.depth) this.skipping = -1
    else if (this.skipping === -1) this.inner.end()
  }

  /** Whether a scalar goes through; keeps track of keys and values of the outermost map. */
  private passes(): boolean {
    if (this.skipping >= 0) return false
    if (this.depth === 1) this.atKey = !this.atKey
    if (this.skipping === -2) {
      // The value of the left-out member: the next thing is a key again.
      this.skipping = -1
      this.atKey = true
      return false
    }
    return true
  }

  private opens(outermost = false): boolean {
    const goes = outermost || this.passes()
    if (!goes && this.skipping === -1) this.skipping = this.depth
    this.depth++
    return goes
  }
}
