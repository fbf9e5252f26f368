/** Writes down what the built program answers to --help, so that the next one who asks need not wait for it: dist/help.txt. */
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const DIST = join(dirname(import.meta.dirname), 'dist')

// Built just before: not there when the types are checked.
const program = join(DIST, 'cli', 'main.js')
const { main } = await import(program)
let text = ''
const nothing = () => {}
const exit = await main(['--help'], {
  stdout: {
    columns: 80,
    write: (/** @type {string} */ part) => {
      text += part
    },
  },
  stderr: { write: nothing },
  env: {},
  cwd: '/',
  signals: { on: nothing, off: nothing },
  exit: nothing,
  onCrash: nothing,
  now: Date.now,
})
if (exit !== 0) throw new Error(`cp-migrate --help ended with ${exit}`)
await writeFile(join(DIST, 'help.txt'), text)
