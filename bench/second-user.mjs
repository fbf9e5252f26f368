/** What a second client of the same Redis waits for while something else goes on. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** @typedef {{ p99: number, longest: number }} Waits milliseconds */

/**
 * It is a process of its own: what it waits for must be the server and not us. It asks until `stop`.
 *
 * @param {string} url
 */
export async function secondClient(url) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'second-client.mjs'), url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return {
    /** @returns {Promise<Waits>} */
    async stop() {
      child.stdin.end()
      await new Promise((resolve) => child.once('close', resolve))
      return JSON.parse(said.split('\n')[1] ?? '{}')
    },
  }
}

/** @param {string} url @param {() => Promise<unknown>} work @returns {Promise<Waits>} */
export async function feltBySecond(url, work) {
  const other = await secondClient(url)
  await work()
  return other.stop()
}
