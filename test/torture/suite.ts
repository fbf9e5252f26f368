/** Runs the parts of the torture suite that were asked for, one after the other, and writes down what came of each. */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Outcome, Part } from './part.js'

/** `scripts/torture.mjs` reads these. */
interface Result extends Outcome {
  readonly part: string
  readonly seconds: number
}

const env = (name: string): string => process.env[`CP_MIGRATE_TORTURE_${name}`] ?? ''
const parts = env('PARTS').split(' ')
const seed = Number(env('SEED'))
const count = env('COUNT') === '' ? undefined : Number(env('COUNT'))
const results: Result[] = []

test.each(parts)('%s', async (part) => {
  const file = join(import.meta.dirname, `${part}.ts`)
  expect(existsSync(file), `there is no part ${part}`).toBe(true)
  const { run } = (await import(file)) as { readonly run: Part }
  const log = (line: string) => void process.stdout.write(`${part.padEnd(5)} ${line}\n`)
  const started = performance.now()
  const outcome = await run({ seed, count, log })
  results.push({ part, seconds: (performance.now() - started) / 1000, ...outcome })
  await writeFile(env('RESULTS'), JSON.stringify(results))
})
