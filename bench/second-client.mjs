/** Another user of the same Redis: reads one small key a hundred times a second until stdin ends, then prints what it waited (ms). */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

const EVERY_MS = 10

const redis = new Redis(process.argv[2] ?? '', { protocol: 2 })
await redis.get('cp-migrate:somebody-elses-key')
let isOver = false
process.stdin.on('end', () => {
  isOver = true
})
process.stdin.resume()
process.stdout.write('ready\n')
/** @type {number[]} */
const waits = []
while (!isOver) {
  const asked = performance.now()
  await redis.get('cp-migrate:somebody-elses-key')
  waits.push(performance.now() - asked)
  await sleep(EVERY_MS)
}
redis.disconnect()
waits.sort((a, b) => a - b)
const at = (/** @type {number} */ share) =>
  waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0
process.stdout.write(`${JSON.stringify({ p99: at(0.99), longest: at(1) })}\n`)
