/**
 * Copies a database that others may be writing to. The library that reads SQLite here has no locks in common with them and cannot share their
 * WAL's index; so it never touches the file itself: it is given a copy that is proven to be one moment of it.
 */
import { type BigIntStats, constants } from 'node:fs'
import { chmod, copyFile, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../model/failure.js'
import { copyFailure, sqliteFailure } from './errors.js'

/** An application that is busy moves its WAL into the file again and again, each time for a moment. */
const ATTEMPTS = 50
const BREATH_MS = 100
/** File systems note times in steps: a change this soon after another one could look like none. */
const QUIET_MS = 50

export interface DatabaseCopy {
  readonly path: string
  readonly bytes: number
  /** Of them, how many are the WAL's. */
  readonly walBytes: number
  remove(): Promise<void>
}

/** In a folder of its own among the temporary files. Throws `sqlite-unreadable`, `sqlite-busy`, `sqlite-not-copied`. */
export async function copyDatabase(
  path: string,
  { endpoint, signal }: { readonly endpoint: string; readonly signal?: AbortSignal },
): Promise<DatabaseCopy> {
  let folder = ''
  const remove = async (): Promise<void> => {
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  }
  try {
    await stat(path)
    folder = await mkdtemp(join(tmpdir(), 'cp-migrate-sqlite-')).catch((error: unknown) => {
      throw copyFailure(error, { endpoint, folder: tmpdir() })
    })
    const copy = join(folder, 'copy.db')
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      signal?.throwIfAborted()
      const copied = await copyOnce(path, copy)
      if (copied !== null) return { path: copy, ...copied, remove }
      await sleep(BREATH_MS, undefined, { ...(signal && { signal }) })
    }
    throw new Failure('sqlite-busy', { endpoint })
  } catch (error) {
    await remove()
    throw isOfTarget(error)
      ? copyFailure(error, { endpoint, folder: tmpdir() })
      : sqliteFailure(error, endpoint)
  }
}

/** What only happens where something is written to. */
const isOfTarget = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EROFS', 'EFBIG'].includes(String((error as NodeJS.ErrnoException).code))

/**
 * Its size; null where somebody came between. Commits only make the WAL longer, and one that is under way ends it there. The file itself
 * changes when the WAL is moved into it: if it has not, what was copied of the WAL belongs to it. Hence the file first, then the WAL.
 */
async function copyOnce(
  path: string,
  copy: string,
): Promise<Pick<DatabaseCopy, 'bytes' | 'walBytes'> | null> {
  const before = await stateOf(path)
  if (!before.isSettled) return null
  const fileBytes = await copyWritable(path, copy)
  const walBytes = await copyWritable(`${path}-wal`, `${copy}-wal`)
  const after = await stateOf(path)
  return after.signature === before.signature ? { bytes: fileBytes + walBytes, walBytes } : null
}

interface State {
  /** The same for as long as nobody changes the file itself, or begins the WAL anew. */
  readonly signature: string
  /** Nobody is changing the file, and whoever begins to will be noticed. */
  readonly isSettled: boolean
}

/** https://sqlite.org/walformat.html: salts in the WAL's head; in its index how much of it the file has, and how much it is getting. */
async function stateOf(path: string): Promise<State> {
  // Without a WAL changes go into the file, and a journal stands beside it for as long as they are not whole.
  const hasJournal = await stat(`${path}-journal`).then(
    ({ size }) => size > 0,
    () => false,
  )
  const salts = await bytesAt(`${path}-wal`, 16, 8)
  const moved = await bytesAt(`${path}-shm`, 96, 4)
  const moving = await bytesAt(`${path}-shm`, 128, 4)
  const file = await stat(path, { bigint: true })
  const isQuiet = Math.abs(Date.now() - Number(file.mtimeMs)) > QUIET_MS
  const isAtRest = moved !== '' && moved === moving
  return {
    signature: [timesOf(file), salts, moved, moving].join(' '),
    isSettled: !hasJournal && (isQuiet || isAtRest),
  }
}

const timesOf = ({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [ino, size, mtimeNs, ctimeNs].join(' ')

/** In hexadecimal; empty where there is no such file, or less in it. */
async function bytesAt(path: string, position: number, length: number): Promise<string> {
  const file = await open(path).catch(() => null)
  if (file === null) return ''
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
    return bytesRead === length ? buffer.toString('hex') : ''
  } catch {
    return '' // some systems let nobody read what others have locked
  } finally {
    await file.close()
  }
}

/** Bytes; 0 where there is no such file. */
async function copyWritable(path: string, copy: string): Promise<number> {
  await rm(copy, { force: true })
  try {
    await copyFile(path, copy, constants.COPYFILE_FICLONE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
  await chmod(copy, 0o600)
  return (await stat(copy)).size
}
