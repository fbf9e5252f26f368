/** Reads a file here and there in steps that are mostly small and mostly forward, with few calls to the system. */
import type { FileHandle } from 'node:fs/promises'

const WINDOW_BYTES = 1024 ** 2

export class FileWindow {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(private readonly file: FileHandle) {}

  /** Fewer bytes where the file ends. They are valid for as long as the caller likes. */
  async read(at: number, length: number): Promise<Buffer> {
    if (at < this.#at || at + length > this.#at + this.#bytes.length) {
      // A new buffer each time: somebody may still hold a part of the one before.
      this.#bytes = await this.fill(at, Math.max(length, WINDOW_BYTES))
      this.#at = at
    }
    return this.#bytes.subarray(at - this.#at, at - this.#at + length)
  }

  private async fill(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length)
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.file.read(bytes, done, length - done, at + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return bytes.subarray(0, done)
  }
}
