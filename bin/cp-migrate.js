#!/usr/bin/env node
import { readyAnswer } from '../dist/cli/ready-answer.js'

const ready = readyAnswer(process.argv.slice(2), process.stdout.columns)
if (ready !== null) {
  process.stdout.write(ready)
} else {
  const [{ getHeapSpaceStatistics, setFlagsFromString }, { default: module }] = await Promise.all([
    import('node:v8'),
    import('node:module'),
  ])
  // Compiled code is kept for the next start, where Node knows how (22.8).
  module.enableCompileCache?.()
  // Values pass through as buffers, which live outside the heap until a collection. Collecting the old ones sooner than usual holds
  // 20,000 checkpoints in 150 MB instead of 200; a young generation that stays at 8 MB is collected early enough, and not too often.
  setFlagsFromString('--heap-growing-percent=70')
  // A run of seconds is over before all its code is optimized: compiled simply at once, it takes a twentieth less. Young values are
  // collected by one thread: the servers are busy on the other processors, and four threads take longer to agree than to collect.
  setFlagsFromString('--always-sparkplug')
  setFlagsFromString('--no-parallel-scavenge')
  const grown = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
    if (young === undefined || young.space_size < 8 * 1024 ** 2) return
    setFlagsFromString('--semi-space-growth-factor=1')
    clearInterval(grown)
  }, 10)
  grown.unref()
  // Node 20 has no navigator; without one the driver of Postgres loads a whole HTTP client to find out where it runs.
  globalThis.navigator ??= { userAgent: `Node.js/${process.versions.node.split('.')[0]}` }
  const { main } = await import('../dist/cli/main.js')
  process.exitCode = await main(process.argv.slice(2))
}
