/** One process at a time for a database in a folder: a file beside it that names the process. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'

interface Holder {
  readonly pid: number
  readonly host: string
  /** ISO 8601. */
  readonly since: string
}

export class LockFile {
  readonly #path: string
  #isOurs = false

  constructor(folder: string) {
    this.#path = `${folder}.lock`
  }

  /** Null where it is ours now, else who has it. A process of this machine that is gone has it no longer. */
  take(): Holder | null {
    for (let attempt = 1; ; attempt++) {
      try {
        writeFileSync(this.#path, JSON.stringify(ourselves()), { flag: 'wx' })
        this.#isOurs = true
        return null
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const holder = this.#holder()
      if (holder !== null && (attempt > 2 || isAlive(holder))) return holder
      rmSync(this.#path, { force: true })
    }
  }

  release(): void {
    if (this.#isOurs) rmSync(this.#path, { force: true })
    this.#isOurs = false
  }

  /** Null where the file has just gone, or was torn by a crash. */
  #holder(): Holder | null {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as Holder
    } catch {
      return null
    }
  }
}

const ourselves = (): Holder => ({ pid: process.pid, host: hostname(), since: new Date().toISOString() })

/** Of another machine, as on a shared disk, nobody here can tell. */
function isAlive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
