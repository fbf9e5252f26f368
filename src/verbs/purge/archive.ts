/** Writes the archive: what is purged is on disk, for its owner alone to read, before the first key of its thread goes. */
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Failure } from '../../model/failure.js'
import {
  ARCHIVE_MAGIC,
  type ArchivedKey,
  type ArchiveSession,
  decodeFrame,
  encodeJsonFrame,
  encodeKeyFrame,
  FRAME_HEAD_BYTES,
  frameHead,
} from './archive-format.js'
import { FileWindow } from './archive-window.js'

const OWNER_ALONE = 0o600
/** Keys are written in pieces of about so many bytes. */
const PIECE_BYTES = 4 * 1024 ** 2

export class PurgeArchive {
  #pieces: Buffer[] = []
  #pieceBytes = 0
  #hasSession = false

  private constructor(
    private readonly file: FileHandle,
    readonly path: string,
    private readonly session: ArchiveSession,
  ) {}

  /**
   * Opens the file, or makes it. What a crash has torn at its end is cut off: no key of it was deleted. Throws `archive-unreadable` where
   * the file is no archive, `archive-unwritable` where it cannot be written.
   */
  static async open(path: string, session: ArchiveSession): Promise<PurgeArchive> {
    try {
      const file = await open(path, 'a+', OWNER_ALONE)
      try {
        await file.chmod(OWNER_ALONE)
        await prepare(file, path)
        // A new name is only sure once its folder is on disk.
        await sync(dirname(path))
        return new PurgeArchive(file, path, session)
      } catch (error) {
        await file.close()
        throw error
      }
    } catch (error) {
      throw unwritable(error, path)
    }
  }

  /** Keys follow, then `end`; without it the thread does not count. */
  async begin(threadId: string): Promise<void> {
    if (!this.#hasSession) await this.write(encodeJsonFrame('session', this.session))
    this.#hasSession = true
    await this.write(encodeJsonFrame('thread', { threadId }))
  }

  async key(key: ArchivedKey): Promise<void> {
    await this.write(encodeKeyFrame(key))
  }

  async end(keys: number): Promise<void> {
    await this.write(encodeJsonFrame('end', { keys }))
  }

  /** All that was written is on disk when this returns. */
  async flush(): Promise<void> {
    try {
      await this.send()
      await this.file.sync()
    } catch (error) {
      throw unwritable(error, this.path)
    }
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  private async write(frame: Buffer): Promise<void> {
    this.#pieces.push(frame)
    this.#pieceBytes += frame.length
    if (this.#pieceBytes < PIECE_BYTES) return
    try {
      await this.send()
    } catch (error) {
      throw unwritable(error, this.path)
    }
  }

  private async send(): Promise<void> {
    const piece = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#pieceBytes = 0
    for (let at = 0; at < piece.length; ) at += (await this.file.write(piece, at)).bytesWritten
  }
}

/** Leaves a file that ends with a whole frame. */
async function prepare(file: FileHandle, path: string): Promise<void> {
  const { size } = await file.stat()
  const window = new FileWindow(file)
  const magic = await window.read(0, Math.min(size, ARCHIVE_MAGIC.length))
  if (!ARCHIVE_MAGIC.subarray(0, magic.length).equals(magic)) {
    throw new Failure('archive-unreadable', { path, problem: 'it is something else' })
  }
  if (magic.length < ARCHIVE_MAGIC.length) {
    await file.truncate(0)
    await file.write(ARCHIVE_MAGIC)
    return
  }
  const end = await endOfFrames(window, size)
  if (end < size) await file.truncate(end)
}

/** Only the last frame can be damaged by a crash: all before it were on disk before a key was deleted. */
async function endOfFrames(window: FileWindow, size: number): Promise<number> {
  let last = ARCHIVE_MAGIC.length
  for (let at = last; ; ) {
    const head = await window.read(at, FRAME_HEAD_BYTES + 1)
    // Zeros are room that was never filled.
    if (head.length <= FRAME_HEAD_BYTES || frameHead(head).kind === undefined) break
    const next = at + frameHead(head).totalBytes
    if (next > size || next === at + FRAME_HEAD_BYTES) break
    last = at
    at = next
  }
  const head = await window.read(last, FRAME_HEAD_BYTES)
  if (head.length < FRAME_HEAD_BYTES) return last
  const { totalBytes } = frameHead(head)
  return decodeFrame(await window.read(last, totalBytes)) === null ? last : last + totalBytes
}

async function sync(folder: string): Promise<void> {
  // Windows opens no folders.
  const handle = await open(folder, 'r').catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

const unwritable = (error: unknown, path: string): Failure =>
  error instanceof Failure
    ? error
    : new Failure(
        'archive-unwritable',
        { path, problem: error instanceof Error ? error.message : String(error) },
        error,
      )
