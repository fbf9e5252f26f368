/**
 * A server that is some way off: its answers are held back for a while, as on their way through a network.
 *
 *     relay.mjs URL MILLISECONDS
 *
 * Prints the URL under which the server is reached through it, and runs until it is killed. A process of its own, so that what it does is
 * not done in the place of what is measured.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { Redis } from 'ioredis'

const PINGS = 200

/**
 * @param {string} url @param {number} milliseconds
 * @returns {Promise<{ url: string, stop: () => void }>}
 */
export async function relayTo(url, milliseconds) {
  const child = fork(import.meta.filename, [url, String(milliseconds)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [through] = await once(child, 'message')
  return { url: String(through), stop: () => void child.kill() }
}

/** Median of the time that a question takes to be answered. @param {string} redisUrl @returns {Promise<number>} milliseconds */
export async function roundTrip(redisUrl) {
  const redis = new Redis(redisUrl)
  const times = []
  for (let ping = 0; ping < PINGS; ping++) {
    const began = performance.now()
    await redis.ping()
    times.push(performance.now() - began)
  }
  redis.disconnect()
  return times.toSorted((a, b) => a - b)[PINGS >> 1] ?? 0
}

/** @param {string} url @param {number} milliseconds */
async function relay(url, milliseconds) {
  const { hostname, port } = new URL(url)
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port), noDelay: true })
    pass(client, upstream, 0)
    pass(upstream, client, milliseconds)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  const through = new URL(url)
  through.port = String(address.port)
  process.send?.(through.href)
}

/** Pieces keep their order: timers of one length do. @param {import('node:net').Socket} from @param {import('node:net').Socket} to @param {number} milliseconds */
function pass(from, to, milliseconds) {
  /** @param {() => void} act */
  const later = (act) => void (milliseconds === 0 ? act() : setTimeout(act, milliseconds))
  from.on('data', (piece) => {
    later(() => {
      if (to.destroyed || to.write(piece)) return
      from.pause()
      to.once('drain', () => from.resume())
    })
  })
  from.on('end', () => later(() => to.end()))
  from.on('error', () => to.destroy())
  from.on('close', () => later(() => to.destroy()))
}

if (process.argv[1] === import.meta.filename) {
  const [url = '', milliseconds = '1'] = process.argv.slice(2)
  await relay(url, Number(milliseconds))
}
