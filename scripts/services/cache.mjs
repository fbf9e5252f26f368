/** A folder of downloads outside the work tree, safe to use by any number of runs at once. */
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** @returns {string} */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cp-migrate')
}

/** @param {string} path */
export async function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/**
 * The cached folder `name`, built on first use. It is built beside its place and renamed, so a folder that exists is
 * complete; a build that is killed leaves only a folder that nobody looks at.
 *
 * @param {string} name with everything in it that makes two builds differ (versions, a hash of the recipe)
 * @param {(folder: string) => Promise<void>} build fills an empty folder; nothing in it may depend on the folder's path
 * @returns {Promise<string>}
 */
export async function cached(name, build) {
  const place = join(cacheFolder(), name)
  if (await exists(place)) return place
  return locked(place, async () => {
    if (await exists(place)) return place
    process.stderr.write(`Preparing ${place} …\n`)
    const folder = await mkdtemp(`${place}.part-`)
    try {
      await build(folder)
      await rename(folder, place)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    return place
  })
}

/**
 * Runs `work` while no other process does under the same path. A lock whose owner is dead is taken over.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function locked(path, work) {
  const lock = `${path}.lock`
  await mkdir(dirname(lock), { recursive: true })
  while (!(await take(lock))) await sleep(200)
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

/** @param {string} lock */
async function take(lock) {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => '0'))
  // Moved away before it is removed: of two that see a dead owner, one renames and the other finds nothing.
  if (owner > 0 && !isAlive(owner)) {
    const aside = `${lock}.${process.pid}`
    await rename(lock, aside).catch(() => {})
    await rm(aside, { force: true })
  }
  return false
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
