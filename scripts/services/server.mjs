/** Server processes with a port and a folder of their own, which end with the process that started them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The supervisor of one server. It takes orders on stdin; when stdin closes, because we closed it or because we died of
 * whatever cause, SIGKILL included, it ends the server and removes its folder.
 */
const SUPERVISOR = `
trap '' INT TERM HUP PIPE
folder=$1 signal=$2; shift 2
start() {
  { sh -c 'echo $$ >"$0"; exec "$@"' "$folder/pid" "$@"; echo "[ended with $?]"; } >>"$folder/log" 2>&1 </dev/null &
  watcher=$!
}
halt() { kill -s "$1" "$(cat "$folder/pid")"; wait "$watcher"; } 2>/dev/null
start "$@"
while read -r order how; do
  case $order in start) start "$@" ;; halt) halt "$how" ;; esac
  echo done 2>/dev/null
done
halt "$signal"
rm -rf "$folder"
`

/**
 * @typedef {object} Launch
 * @property {string} name
 * @property {(port: number, folder: string) => string[]} command the program and its arguments
 * @property {RegExp} ready what its log says when it takes connections
 * @property {NodeJS.Signals} endWith the quickest signal that leaves nothing behind
 * @property {(folder: string) => Promise<void>} [prepare] fills the folder before the first start
 * @property {NodeJS.ProcessEnv} [env]
 * @property {{ uid: number, gid: number } | undefined} [user] runs as this user, who then owns the folder
 *
 * @typedef {object} Server
 * @property {number} port on 127.0.0.1
 * @property {string} folder its data, `log` and `pid`; gone after `stop`
 * @property {() => Promise<string>} log
 * @property {(signal?: NodeJS.Signals) => Promise<void>} halt ends the process and keeps its data (default SIGTERM)
 * @property {() => Promise<void>} start starts it again after `halt`, same port and data
 * @property {() => Promise<void>} stop ends it and removes its data
 */

/**
 * @param {Launch} launch
 * @returns {Promise<Server>}
 */
export async function startServer(launch) {
  // Between our look at a free port and the server's bind another process may take it: then the next port.
  for (let attempt = 1; ; attempt++) {
    const server = await launchOn(await freePort(), launch)
    try {
      await server.ready()
      return server
    } catch (error) {
      await server.stop()
      const taken = error instanceof Error && /address already in use/i.test(error.message)
      if (!taken || attempt === 5) throw error
    }
  }
}

/**
 * @param {number} port
 * @param {Launch} launch
 * @returns {Promise<Server & { ready: () => Promise<void> }>}
 */
async function launchOn(port, { name, command, ready, endWith, prepare, env, user }) {
  const place = user === undefined ? tmpdir() : await folderForAll()
  const folder = await mkdtemp(join(place, `cp-migrate-${name}-`))
  try {
    if (user) await chown(folder, user.uid, user.gid)
    await prepare?.(folder)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  // Detached: a Ctrl-C in the terminal must reach us and not the servers we still need for cleaning up.
  const supervisor = spawn(
    'sh',
    ['-c', SUPERVISOR, 'sh', folder, endWith.slice(3), ...command(port, folder)],
    {
      ...user,
      cwd: folder,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  )
  const ended = once(supervisor, 'exit')
  const answers = createInterface({ input: supervisor.stdout })
  letGo(supervisor)
  let seen = 0

  const log = () => readFile(join(folder, 'log'), 'utf8').catch(() => '')
  const untilReady = async () => {
    for (const deadline = Date.now() + 60_000; ; await sleep(10)) {
      const text = (await log()).slice(seen)
      if (ready.test(text)) return
      if (text.includes('[ended with ') || Date.now() > deadline) {
        throw new Error(`${name} does not start: ${text.slice(-2000)}`)
      }
    }
  }
  /** @param {string} order */
  const say = async (order) => {
    const answer = once(answers, 'line')
    supervisor.ref() // nothing else may keep us alive until it answers
    supervisor.stdin.write(`${order}\n`)
    await answer
    supervisor.unref()
  }
  return {
    port,
    folder,
    log,
    ready: untilReady,
    halt: (signal = 'SIGTERM') => say(`halt ${signal.slice(3)}`),
    start: async () => {
      seen = (await log()).length
      await say('start')
      await untilReady()
    },
    stop: async () => {
      supervisor.stdin.end()
      if (supervisor.exitCode === null && supervisor.signalCode === null) {
        supervisor.ref()
        await ended
      }
    },
  }
}

/**
 * Lets this process end while the server runs: the supervisor notices by itself.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
function letGo(child) {
  child.unref()
  for (const pipe of [child.stdin, child.stdout]) {
    if (pipe && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
  }
}

/** A folder for temporary files that every user can reach. */
export async function folderForAll() {
  return (await isOpenToAll(tmpdir())) ? tmpdir() : '/tmp'
}

/**
 * Whether any user may walk down to this folder; one under root's home is closed to the server's own user.
 *
 * @param {string} folder
 */
export async function isOpenToAll(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o005) !== 0o005) return false
    if (at === dirname(at)) return true
  }
}

/** @returns {Promise<number>} a port of 127.0.0.1 that nobody listens on at this moment */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
