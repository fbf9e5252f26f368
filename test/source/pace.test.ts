import { describe, expect, it } from 'vitest'
import { Pace, type PaceLimits } from '../../src/source/pace.js'

/** A pace in a world where time passes only by sleeping, and the server answers as `latencies` say. */
function paced(limits: PaceLimits, latencies: number[] = []) {
  const world = { ms: 0, asked: 0 }
  const pace = new Pace(limits, {
    now: () => world.ms,
    sleep: async (ms) => {
      world.ms += ms
    },
    latencyMs: async () => latencies[world.asked++] ?? 0,
  })
  return { pace, world }
}

/** Does so much, and asks whether it may go on. */
async function step(pace: Pace, keys: number, bytes: number): Promise<void> {
  pace.took(keys, bytes)
  await pace.turn()
}

describe('a rate', () => {
  it('in keys is kept however many come at once', async () => {
    const { pace, world } = paced({ keysPerSecond: 1000 })
    for (const keys of [1, 256, 43, 700]) await step(pace, keys, 1e9)
    expect(world.ms).toBeCloseTo(1000)
  })

  it('in bytes is kept however large the values are', async () => {
    const { pace, world } = paced({ bytesPerSecond: 1_000_000 })
    for (const bytes of [10, 999_990, 2_000_000]) await step(pace, 1, bytes)
    expect(world.ms).toBeCloseTo(3000)
  })

  it('is not made up for after a pause', async () => {
    const { pace, world } = paced({ keysPerSecond: 100 })
    await step(pace, 100, 0)
    world.ms += 60_000
    const before = world.ms
    await step(pace, 100, 0)
    expect(world.ms - before).toBeCloseTo(1000)
  })

  it('that nobody set costs nothing', async () => {
    const { pace, world } = paced({})
    await step(pace, 1e6, 1e12)
    expect(world).toEqual({ ms: 0, asked: 0 })
  })
})

describe('a server that answers late', () => {
  it('is given rests that grow, and shrink again when it has recovered', async () => {
    const { pace, world } = paced({ maxLatencyMs: 10 }, [50, 50, 50, 1, 1, 1, 1])
    const rests: number[] = []
    for (let batch = 0; batch < 7; batch++) {
      const before = world.ms
      await step(pace, 10, 10)
      rests.push(world.ms - before)
    }
    expect(rests).toEqual([20, 40, 80, 40, 20, 0, 0])
  })

  it('is rested for at most five seconds at a time', async () => {
    const { pace, world } = paced({ maxLatencyMs: 1 }, new Array(20).fill(100))
    for (let batch = 0; batch < 19; batch++) await step(pace, 1, 1)
    const before = world.ms
    await step(pace, 1, 1)
    expect(world.ms - before).toBe(5000)
  })

  it('is not asked after every batch while it is well', async () => {
    const { pace, world } = paced({ maxLatencyMs: 10 }, [])
    for (let batch = 0; batch < 50; batch++) {
      await step(pace, 1, 1)
      world.ms += 10
    }
    expect(world.asked).toBe(5)
  })
})
