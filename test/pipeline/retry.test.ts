/** Which errors are waited out and for how long. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.js'
import { type Hindrance, hindranceOf, waitMsOf } from '../../src/pipeline/retry.js'

const pg = (code: string, message = 'said the server') => Object.assign(new Error(message), { code })
const redis = (problem: string) => new Failure('redis-error', { endpoint: 'r', command: 'MGET', problem })
const place = { endpoint: 'e', problem: 'p' }

describe('an error', () => {
  test.each<[string, unknown, Hindrance]>([
    ['deadlock', pg('40P01'), 'in-the-way'],
    ['serialization failure', pg('40001'), 'in-the-way'],
    ['our lock time-out', pg('55P03'), 'in-the-way'],
    ['server ends the session', pg('57P01'), 'away'],
    ['server crashed', pg('57P02'), 'away'],
    ['server starting', pg('57P03'), 'away'],
    ['connection failure', pg('08006'), 'away'],
    ['too many connections', pg('53300'), 'away'],
    ['read-only, as in a failover', pg('25006'), 'away'],
    ['connection reset', pg('ECONNRESET'), 'away'],
    ['broken pipe', pg('EPIPE'), 'away'],
    ['driver: terminated', new Error('Connection terminated unexpectedly'), 'away'],
    ['Postgres refuses connections', new Failure('postgres-refused', place), 'away'],
    ['Postgres recovering', new Failure('postgres-starting', place), 'away'],
    ['standby that will be promoted', new Failure('postgres-standby', place), 'away'],
    ['Redis lost', new Failure('redis-lost', place), 'away'],
    ['Redis loading', new Failure('redis-loading', { endpoint: 'r', seconds: 30 }), 'away'],
    ['Redis busy with a script', redis('BUSY Redis is busy running a script'), 'away'],
    ['disk full', pg('53100'), 'permanent'],
    ['memory full', pg('53200'), 'permanent'],
    [
      'read-only by its settings',
      new Failure('postgres-read-only', { endpoint: 'e', user: 'u' }),
      'permanent',
    ],
    ['permission', pg('42501'), 'permanent'],
    ['statement time-out', pg('57014'), 'permanent'],
    ['a row Postgres refuses', pg('22021'), 'permanent'],
    ['wrong password', new Failure('redis-password', { endpoint: 'r', user: 'u' }), 'permanent'],
    ['Redis refuses a command', redis('ERR no such thing'), 'permanent'],
    [
      'another run took over',
      new Failure('lease-lost', { endpoint: 'e', schema: 's', holder: 'h' }),
      'permanent',
    ],
    ['a defect', new TypeError('undefined is not a function'), 'permanent'],
  ])('%s', (_, error, expected) => {
    expect(hindranceOf(error)).toBe(expected)
  })
})

describe('the wait', () => {
  const usual = { attempt: 1, elapsedMs: 0, retryForMs: 300_000, random: 0 }

  test('doubles up to a limit, with half of it left to chance', () => {
    const waits = [1, 2, 3, 4, 20].map((attempt) => waitMsOf(pg('57P03'), { ...usual, attempt }))
    expect(waits).toEqual([125, 250, 500, 1000, 7500])
    expect(waitMsOf(pg('57P03'), { ...usual, attempt: 20, random: 0.999 })).toBeGreaterThan(14_900)
  })

  test('is short where another transaction is in the way', () => {
    expect(waitMsOf(pg('55P03'), usual)).toBe(25)
    expect(waitMsOf(pg('55P03'), { ...usual, attempt: 50, random: 1 })).toBe(2000)
  })

  test('never comes for what does not pass by itself, nor after the time is up', () => {
    expect(waitMsOf(pg('53100'), usual)).toBeNull()
    expect(waitMsOf(pg('57P03'), { ...usual, elapsedMs: 300_000 })).toBeNull()
  })

  test('is never longer than the time that is left, never nothing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 0, max: 299_999 }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (attempt, elapsedMs, random) => {
          const waitMs = waitMsOf(pg('57P03'), { attempt, elapsedMs, retryForMs: 300_000, random })!
          expect(waitMs).toBeGreaterThan(0)
          expect(waitMs).toBeLessThanOrEqual(Math.min(15_000, 300_000 - elapsedMs))
        },
      ),
    )
  })
})
