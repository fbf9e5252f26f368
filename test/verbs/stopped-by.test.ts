/** Which of several things that went wrong together a report names. */
import { expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.js'
import { stoppedBy } from '../../src/verbs/stopped-by.js'

const postgres = {
  failureOf: () => new Failure('postgres-lost', { endpoint: 'postgres://db', problem: 'ended' }),
}
const { signal } = new AbortController()
const interrupted = AbortSignal.abort(new Failure('interrupted'))

test('who pressed Ctrl-C reads that, not what ended because of it', () => {
  const lost = new Failure('redis-lost', { endpoint: 'redis://cache', problem: 'ended' })
  expect(stoppedBy(lost, { signal: interrupted, postgres }).id).toBe('interrupted')
  expect(stoppedBy(new Error('ended'), { signal: interrupted, postgres }).id).toBe('interrupted')
  expect(stoppedBy(lost, { signal, postgres })).toBe(lost)
})

test('what a driver throws is worded by its server, a mistake of ours is named as one', () => {
  expect(stoppedBy(new Error('ended'), { signal, postgres }).id).toBe('postgres-lost')
  expect(stoppedBy(new TypeError('x is not a function'), { signal, postgres }).id).toBe('unexpected')
  expect(stoppedBy(new Error('full'), { signal, postgres: null }).id).toBe('unexpected')
})
