/** Reads an archive: where each thread begins first, then the keys of one thread after another. */
import { type FileHandle, open } from 'node:fs/promises'
import { Failure } from '../model/failure.js'
import {
  ARCHIVE_MAGIC,
  type ArchivedKey,
  type ArchiveSession,
  type ArchiveThread,
  decodeFrame,
  decodeKey,
  FRAME_HEAD_BYTES,
  frameHead,
} from './purge/archive-format.js'
import { FileWindow } from './purge/archive-window.js'

/** One thread as one purge archived it, with all its keys. */
export interface ArchivedThread {
  readonly threadId: string
  /** What the ledger called the source then. */
  readonly sourceName: string
  /** Where its keys begin and end in the file. */
  readonly from: number
  readonly to: number
}

export class ArchiveReader {
  /** Frames that are not what was written. */
  damaged = 0
  readonly #window: FileWindow

  private constructor(
    private readonly file: FileHandle,
    private readonly size: number,
  ) {
    this.#window = new FileWindow(file)
  }

  /** Throws `archive-unreadable`. */
  static async open(path: string): Promise<ArchiveReader> {
    try {
      const file = await open(path, 'r')
      const magic = await new FileWindow(file).read(0, ARCHIVE_MAGIC.length)
      const { size } = await file.stat()
      if (magic.equals(ARCHIVE_MAGIC)) return new ArchiveReader(file, size)
      await file.close()
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      throw new Failure('archive-unreadable', { path, problem }, error)
    }
    throw new Failure('archive-unreadable', { path, problem: 'it is something else' })
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  /** Threads that came to their end in the file, oldest first. Of one that did not, no key was deleted. */
  async threads(): Promise<ArchivedThread[]> {
    const threads: ArchivedThread[] = []
    let sourceName = ''
    let begun: { readonly threadId: string; readonly from: number } | null = null
    for (let at = ARCHIVE_MAGIC.length; ; ) {
      const head = await this.#window.read(at, FRAME_HEAD_BYTES + 1)
      if (head.length <= FRAME_HEAD_BYTES) break
      const { totalBytes, kind } = frameHead(head)
      const next = at + totalBytes
      if (next > this.size || totalBytes <= FRAME_HEAD_BYTES) break
      if (kind === 'session') sourceName = (await this.json<ArchiveSession>(at, next))?.sourceName ?? ''
      if (kind === 'thread') {
        const thread = await this.json<ArchiveThread>(at, next)
        begun = thread && { threadId: thread.threadId, from: next }
      }
      if (kind === 'end' && begun !== null) {
        threads.push({ ...begun, sourceName, to: at })
        begun = null
      }
      at = next
    }
    return threads
  }

  async *keys({ from, to }: ArchivedThread): AsyncGenerator<ArchivedKey> {
    for (let at = from; at < to; ) {
      const { totalBytes } = frameHead(await this.#window.read(at, FRAME_HEAD_BYTES))
      const frame = decodeFrame(await this.#window.read(at, totalBytes))
      const key = frame?.kind === 'key' ? decodeKey(frame.body) : null
      if (key === null) this.damaged++
      else yield key
      at += totalBytes
    }
  }

  private async json<Value>(from: number, to: number): Promise<Value | null> {
    const frame = decodeFrame(await this.#window.read(from, to - from))
    if (frame !== null) return JSON.parse(frame.body.toString()) as Value
    this.damaged++
    return null
  }
}
