/** The command line of `npm run fuzz`. */
import { parseArgs } from 'node:util'
import { Peer } from './peer.js'
import { runTarget, type Tally } from './run.js'
import { allTargets } from './targets.js'
import { Watchdog } from './watchdog.js'

const USAGE = `npm run fuzz -- [--seed N] [--count N] [--only NAME,…] [--from N]

  --seed N   which payloads (1)
  --count N  payloads of each target (1000000)
  --only     targets whose name begins with one of these
  --from N   number of the first payload (0): with --count 1 it makes one payload again
`

/** Runs the targets; the exit code is 1 where anything happened that must never happen. */
export async function fuzz(args: readonly string[], python: string): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '1000000' },
      only: { type: 'string' },
      from: { type: 'string', default: '0' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const [seed, count, from] = [values.seed, values.count, values.from].map(Number)
  const wanted = values.only?.split(',')
  const peer = new Peer(python)
  const watchdog = new Watchdog()
  let failed = false
  try {
    for (const target of await allTargets(peer)) {
      if (wanted !== undefined && !wanted.some((name) => target.name.startsWith(name))) continue
      watchdog.watch(`${target.name}, seed ${seed}`)
      const tally = await runTarget(target, peer, {
        seed: seed!,
        count: count!,
        from: from!,
        onPayload: (index) => watchdog.isAt(index),
        onProgress: (soFar) => progress(soFar, seed!),
      })
      process.stdout.write(`${lineOf(tally)}\n`)
      report(tally)
      showNew(tally, seed!)
      failed ||= tally.failures.length > 0
    }
  } finally {
    watchdog.stop()
    await peer.close()
  }
  return failed ? 1 : 0
}

const percent = (part: number, whole: number) => `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`

const lineOf = ({ target, payloads, decoded, compared, failures }: Tally): string =>
  `${target}: ${payloads} payloads, ${percent(decoded, payloads)} decoded, ${compared} compared, ${failures.length} failures`

let shownAt = 0
function progress(tally: Tally, seed: number): void {
  showNew(tally, seed)
  if (Date.now() - shownAt < 5000) return
  shownAt = Date.now()
  process.stderr.write(`${lineOf(tally)} …\n`)
}

const shown = new Set<Tally['failures'][number]>()
function showNew({ target, failures }: Tally, seed: number): void {
  for (const failure of failures) {
    if (shown.has(failure)) continue
    shown.add(failure)
    const { what, index, payload } = failure
    process.stdout.write(
      `\n  FAILED ${target} --seed ${seed} --from ${index} --count 1\n    ${what}\n    ${payload.toString('hex')}\n`,
    )
  }
}

function report({ meant, repeats }: Tally): void {
  for (const [what, times] of [...meant].sort((a, b) => b[1] - a[1]))
    process.stdout.write(`    ${times} × ${what}\n`)
  for (const [what, times] of repeats) if (times > 1) process.stdout.write(`    ${times} failures: ${what}\n`)
}
