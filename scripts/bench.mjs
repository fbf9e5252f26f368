/** `npm run bench [PART [ARGUMENTS]]`: measurements, each in one run side by side with what it is compared to. Never a test. */
import { access } from 'node:fs/promises'
import { dirname, join } from 'node:path'

const BENCH = join(dirname(import.meta.dirname), 'bench')
/** Programs of bench/, each a part that can be run alone; it writes its figures into bench/results/. */
const PARTS = ['migrate', 'way-back', 'detect', 'steps', 'purge-latency', 'start-up']

/** @param {string[]} args a part and what it is given; all parts without @returns {Promise<number>} exit code */
export async function main([part, ...args]) {
  if (part !== undefined && !PARTS.includes(part)) {
    process.stderr.write(`There is no part ${part}: ${PARTS.join(', ')}\n`)
    return 2
  }
  for (const name of part === undefined ? PARTS : [part]) {
    const file = join(BENCH, `${name}.mjs`)
    if (
      part === undefined &&
      (await access(file).then(
        () => false,
        () => true,
      ))
    )
      continue
    const { main: measure } = await import(file)
    await measure(args)
  }
  return 0
}
