/** A disk that is nearly full: a tmpfs, where this process may mount one. */
import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { folderForAll } from '../../scripts/services/server.mjs'
import { atEndOfFile } from '../services/each-file.js'

const run = promisify(execFile)
const SIZE = '96m'

export interface SmallDisk {
  readonly folder: string
  /** Leaves so many bytes free. */
  fill(freeBytes: number): Promise<void>
  /** Makes room again. */
  empty(): Promise<void>
}

/** A disk that `owner`'s user may write to (a file or folder of theirs); null where nothing can be mounted. Gone after the file. */
export async function smallDisk(owner: string): Promise<SmallDisk | null> {
  const folder = await mkdtemp(join(await folderForAll(), 'cp-migrate-disk-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder])
  } catch {
    await rm(folder, { recursive: true })
    return null
  }
  atEndOfFile(async () => {
    await run('umount', ['--lazy', folder])
    await rm(folder, { recursive: true })
  })
  await chmod(folder, 0o755)
  const own = join(folder, 'own')
  await mkdir(own)
  const { uid, gid } = await stat(owner)
  await chown(own, uid, gid)
  const ballast = join(folder, 'ballast')
  return {
    folder: own,
    empty: () => rm(ballast, { force: true }),
    fill: async (freeBytes) => {
      await rm(ballast, { force: true })
      const { bavail, bsize } = await statfs(folder)
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)))
    },
  }
}
