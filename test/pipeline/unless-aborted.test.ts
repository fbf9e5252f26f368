import { expect, test } from 'vitest'
import { unlessAborted } from '../../src/pipeline/unless-aborted.js'

test('work that is given up may fail afterwards: nobody is left to hear it', async () => {
  const unheard: unknown[] = []
  const listen = (reason: unknown): void => {
    unheard.push(reason)
  }
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', listen)
  try {
    for (const signal of [AbortSignal.abort('stop'), AbortSignal.timeout(1)]) {
      let fail = (_: Error): void => {}
      const work = new Promise<never>((_, reject) => {
        fail = reject
      })
      await unlessAborted(work, signal).then(
        () => expect.unreachable(),
        (reason) => expect(reason).toBe(signal.reason),
      )
      fail(new Error('too late'))
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  } finally {
    process.removeListener('unhandledRejection', listen)
    for (const other of others) process.on('unhandledRejection', other)
  }
  expect(unheard).toEqual([])
})
