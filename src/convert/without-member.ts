/** A sink that passes a map on without one of its members. */
import { NOWHERE } from '../codec/nowhere.js'
import { PassingSink } from '../codec/passing-sink.js'
import type { ValueSink } from '../model/value.js'

/** Leaves out the member `name` of the outermost map; everything else goes through to `inner`. */
export class WithoutMember extends PassingSink {
  private depth = 0
  private atKey = false
  /** Depth at which a skipped value began; −1 while nothing is skipped, −2 when the next value is to be skipped. */
  private skipping = -1
  private readonly name: Buffer

  constructor(name: string, inner: ValueSink) {
    super(inner)
    this.name = Buffer.from(name)
  }

  override text(source: Buffer, start: number, end: number): void {
    if (this.depth === 1 && this.atKey && this.name.compare(source, start, end) === 0) {
      this.atKey = false
      this.skipping = -2
    } else {
      super.text(source, start, end)
    }
  }

  override beginMap(size: number): void {
    const isOutermost = this.depth === 0
    if (isOutermost) this.atKey = true
    // The size is no longer known once a member may be left out.
    super.beginMap(isOutermost ? -1 : size)
  }

  override end(): void {
    this.depth--
    if (this.skipping === this.depth) this.skipping = -1
    else if (this.skipping === -1) this.inner.end()
  }

  protected override scalar(): ValueSink {
    return this.passes() ? this.inner : NOWHERE
  }

  protected override container(): ValueSink {
    const goes = this.depth === 0 || this.passes()
    if (!goes && this.skipping === -1) this.skipping = this.depth
    this.depth++
    return goes ? this.inner : NOWHERE
  }

  /** Whether a value goes through; keeps track of keys and values of the outermost map. */
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
}
