/** A temporary file for what does not fit into memory. It has no name while it is in use, so nothing is left of it after any end. */
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../model/failure.js'

/** A stretch of the file. */
export interface Extent {
  readonly at: number
  readonly length: number
}

export class SpillFile {
  readonly #file: FileHandle
  readonly #parent: string
  /** The folder to remove at the end; null where the system let us remove it at once. */
  readonly #folder: string | null
  #end = 0

  private constructor(file: FileHandle, parent: string, folder: string | null) {
    this.#file = file
    this.#parent = parent
    this.#folder = folder
  }

  /** Makes the file in a private folder (mode 0700) below `parent`, the system's temporary folder unless it is named. */
  static async create(parent: string = tmpdir()): Promise<SpillFile> {
    try {
      const folder = await mkdtemp(join(parent, 'cp-migrate-'))
      const file = await open(join(folder, 'keys'), 'wx+', 0o600)
      // The open file lives on without its name, even through SIGKILL the disk gets its room back. Windows refuses that.
      const removed = await rm(folder, { recursive: true }).then(
        () => true,
        () => false,
      )
      return new SpillFile(file, parent, removed ? null : folder)
    } catch (error) {
      throw spillFailure(error, parent)
    }
  }

  async append(pieces: readonly Buffer[]): Promise<Extent> {
    const at = this.#end
    try {
      for (const piece of pieces) {
        for (let done = 0; done < piece.length; ) {
          const { bytesWritten } = await this.#file.write(piece, done, piece.length - done, this.#end)
          done += bytesWritten
          this.#end += bytesWritten
        }
      }
    } catch (error) {
      throw spillFailure(error, this.#parent)
    }
    return { at, length: this.#end - at }
  }

  async read({ at, length }: Extent): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length)
    try {
      for (let done = 0; done < length; ) {
        const { bytesRead } = await this.#file.read(bytes, done, length - done, at + done)
        if (bytesRead === 0) throw new Error('the temporary file is shorter than what was written')
        done += bytesRead
      }
    } catch (error) {
      throw spillFailure(error, this.#parent)
    }
    return bytes
  }

  async close(): Promise<void> {
    await this.#file.close()
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true })
  }
}

const spillFailure = (error: unknown, folder: string): Failure =>
  new Failure(
    'spill-failed',
    { folder, problem: error instanceof Error ? error.message : String(error) },
    error,
  )
