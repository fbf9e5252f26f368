/** The packaged command as a child process: its report, its time, and the most memory it had resident. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { packagedCommand } from './packaged.mjs'

const MEASURED = `process.on("exit",()=>{const u=process.resourceUsage();
process.stderr.write("\\nused "+JSON.stringify({peakMiB:u.maxRSS/1024,processor:(u.userCPUTime+u.systemCPUTime)/1e6}))})`
const NODE = ['--import', `data:text/javascript,${encodeURIComponent(MEASURED)}`]

/**
 * @typedef {object} Run
 * @property {any} report what `--json` printed
 * @property {number} seconds from start to end of the process
 * @property {number} peakMiB
 * @property {number} processor seconds
 */

/** @param {string[]} args @param {NodeJS.ProcessEnv} env @returns {Promise<Run>} */
export async function command(args, env) {
  const tool = await packagedCommand()
  const began = performance.now()
  const child = spawn(process.execPath, [...NODE, tool, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let said = ''
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  const seconds = (performance.now() - began) / 1000
  if (code !== 0) throw new Error(`cp-migrate ${args.join(' ')} ended with ${code}: ${said}`)
  const used = JSON.parse(/used (\{.*\})\s*$/.exec(said)?.[1] ?? '{"peakMiB":0,"processor":0}')
  return { report: args.includes('--json') ? JSON.parse(out) : null, seconds, ...used }
}
