/** Digests of the keys of one thread that are made when somebody asks for them: a verification does where something differs. */
import { sourceDigest } from '../source-digest.js'
import { digested, type ReadKey, type ReadValue } from '../thread-pass.js'

/** Values of a thread are held until it is compared, up to so many bytes; the digests of those behind them are made at once. */
const MAX_HELD_BYTES = 512 * 1024

export class DigestsWhenAsked {
  private heldBytes = 0

  readonly remember = (key: Buffer, read: ReadValue): ReadKey => {
    if (this.heldBytes + read.sizeBytes > MAX_HELD_BYTES) return digested(key, read)
    this.heldBytes += read.sizeBytes
    const { value } = read
    let made: Buffer | undefined
    return {
      key,
      get digest() {
        made ??= sourceDigest(value)
        return made
      },
    }
  }
}
