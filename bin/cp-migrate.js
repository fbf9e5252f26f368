#!/usr/bin/env node
import { readyAnswer } from '../dist/cli/ready-answer.js'

const ready = readyAnswer(process.argv.slice(2), process.stdout.columns)
if (ready !== null) {
  process.stdout.write(ready)
} else {
  const [{ setFlagsFromString }, { default: module }] = await Promise.all([
    import('node:v8'),
    import('node:module'),
  ])
  // Compiled code is kept for the next start, where Node knows how (22.8).
  module.enableCompileCache?.()
  // Values pass through as buffers, which live outside the heap until a collection: a small young generation collects them soon.
  setFlagsFromString('--max-semi-space-size=4')
  setFlagsFromString('--semi-space-growth-factor=1')
  const { main } = await import('../dist/cli/main.js')
  process.exitCode = await main(process.argv.slice(2))
}
