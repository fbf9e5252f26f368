/** `npm test` and `npm run demo` on a fresh clone: sets up what is missing, then runs what was asked for. */
import { build, install } from './setup.mjs'

/** A task is a program of this folder; it starts when the packages are installed and dist/ is up to date. */
const TASKS = ['test', 'demo', 'bench', 'torture', 'fuzz', 'nodes']

const [task = '', ...args] = process.argv.slice(2)

if (!TASKS.includes(task)) {
  process.stderr.write(`usage: node scripts/bootstrap.mjs ${TASKS.join('|')} [arguments]\n`)
  process.exitCode = 2
} else {
  try {
    await install()
    await build()
    const { main } = await import(`./${task}.mjs`)
    process.exitCode = await main(args)
  } catch (error) {
    for (let at = error; at; at = at instanceof Error ? at.cause : undefined) {
      process.stderr.write(`${at instanceof Error ? at.message : at}\n`)
    }
    process.exitCode = 1
  }
}
