/** Opens a Postgres in a folder, without a server: PGlite, in this process. */
import { mkdir, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describeEndpoint, type PgliteEndpoint } from '../../model/endpoint.js'
import { Failure } from '../../model/failure.js'
import { Postgres } from '../connection/connect.js'
import { checkServer } from '../connection/connect-checks.js'
import { LockFile } from './lock-file.js'
import { type Embedded, EmbeddedSession } from './session.js'
import { Turns } from './turns.js'

/**
 * With `makes` the folder is made if it is not there; otherwise nothing is left on the disk, and the database is found empty. Throws
 * `pglite-missing` where the optional package is not installed, `pglite-locked` where another process has the folder open,
 * `pglite-unreadable` where it holds something else.
 */
export async function openPglite(
  endpoint: PgliteEndpoint,
  {
    writes,
    makes,
    sessions: limit = 3,
  }: { readonly writes: boolean; readonly makes: boolean; readonly sessions?: number },
): Promise<Postgres> {
  const { embedded, close } = await openEmbedded(endpoint, makes)
  try {
    const turns = new Turns()
    const connect = () => EmbeddedSession.open(embedded, turns)
    const first = await connect()
    const server = await checkServer(first, endpoint, { writes, another: connect })
    return new Postgres(endpoint, server, { first, connect, limit, afterwards: close })
  } catch (error) {
    await close()
    throw error
  }
}

/** The database itself, made if it is not there, for as long as `work` takes. Throws as `openPglite` does. */
export async function withEmbedded(
  endpoint: PgliteEndpoint,
  work: (embedded: Embedded) => Promise<void>,
): Promise<void> {
  const { embedded, close } = await openEmbedded(endpoint, true)
  try {
    await work(embedded)
  } finally {
    await close()
  }
}

async function openEmbedded(
  endpoint: PgliteEndpoint,
  makes: boolean,
): Promise<{ readonly embedded: Embedded; close(): Promise<void> }> {
  const at = { endpoint: describeEndpoint(endpoint) }
  const create = await load(at)
  const isThere = await holdsDatabase(endpoint.folder, at)
  if (!isThere && !makes) {
    const embedded = await create('memory://')
    return { embedded, close: () => embedded.close().catch(() => {}) }
  }
  await mkdir(dirname(endpoint.folder), { recursive: true })
  const lock = new LockFile(endpoint.folder)
  const holder = lock.take()
  if (holder !== null) {
    const { pid, host, since } = holder
    throw new Failure('pglite-locked', { ...at, holder: `process ${pid} on ${host} since ${since}` })
  }
  try {
    const embedded = await create(endpoint.folder)
    const close = async (): Promise<void> => {
      await embedded.close().catch(() => {})
      lock.release()
    }
    return { embedded, close }
  } catch (error) {
    lock.release()
    const problem = error instanceof Error ? error.message : String(error)
    throw new Failure('pglite-unreadable', { ...at, problem }, error)
  }
}

/** Throws where the folder holds something else: PGlite would put its files among them. */
async function holdsDatabase(folder: string, at: { readonly endpoint: string }): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [] as string[]
    throw new Failure('pglite-unreadable', { ...at, problem: error.code ?? error.message }, error)
  })
  if (names.length === 0 || names.includes('PG_VERSION')) return names.length > 0
  throw new Failure('pglite-unreadable', { ...at, problem: 'the folder holds other files' })
}

/** The function that opens or makes a database; the package is large, optional, and loaded only now. */
async function load(at: { readonly endpoint: string }): Promise<(folder: string) => Promise<Embedded>> {
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    return (folder) => PGlite.create({ dataDir: folder })
  } catch (error) {
    throw new Failure('pglite-missing', at, error)
  }
}
