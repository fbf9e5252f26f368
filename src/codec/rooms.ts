/** Memory for copies that come and go: a room that is given back serves the next copy, so that nothing is left to be collected. */

const SMALLEST_BYTES = 1024
/** Larger rooms are not kept. */
const LARGEST_KEPT_BYTES = 128 * 1024
const MAX_KEPT_BYTES = 2 * 1024 * 1024

export class Rooms {
  /** Size → rooms that nobody uses. */
  private readonly idle = new Map<number, Buffer[]>()
  private idleBytes = 0

  /** At least as large. */
  take(bytes: number): Buffer {
    const size = sizeFor(bytes)
    const room = this.idle.get(size)?.pop()
    if (room === undefined) return Buffer.allocUnsafeSlow(size)
    this.idleBytes -= size
    return room
  }

  /** Nobody may use it any more. */
  giveBack(room: Buffer): void {
    const size = room.length
    if (size > LARGEST_KEPT_BYTES || this.idleBytes + size > MAX_KEPT_BYTES) return
    const rooms = this.idle.get(size)
    if (rooms === undefined) this.idle.set(size, [room])
    else rooms.push(room)
    this.idleBytes += size
  }
}

/** Powers of two, so that a few sizes serve all; what is too large to be kept gets what it needs. */
function sizeFor(bytes: number): number {
  if (bytes > LARGEST_KEPT_BYTES) return bytes
  return bytes <= SMALLEST_BYTES ? SMALLEST_BYTES : 2 ** (32 - Math.clz32(bytes - 1))
}
