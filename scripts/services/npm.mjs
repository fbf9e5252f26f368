/** npm, as the user runs it. */
import { run } from './run.mjs'

/**
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export async function npm(args, cwd) {
  const program = process.env.npm_execpath
  if (program?.endsWith('.js')) await run(process.execPath, [program, ...args], { cwd })
  else await run('npm', args, { cwd })
}
