/** `npm run demo`: the built command's demo, which needs no server. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'

const PROGRAM = join(dirname(import.meta.dirname), 'bin', 'cp-migrate.js')

/** @param {string[]} args @returns {Promise<number>} exit code */
export async function main(args) {
  // A signal ends the command; its exit code then ends us.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  const child = spawn(process.execPath, [PROGRAM, 'demo', ...args], { stdio: 'inherit' })
  const [code] = await once(child, 'close')
  return code ?? 1
}
