/** Remembers threads by their hashes, and forgets none. */
import { expect, test } from 'vitest'
import { SeenThreads } from '../../src/pipeline/seen-threads.js'

test('Threads that were noted are known with the last number they got, and no others', () => {
  const seen = new SeenThreads()
  const ids = Array.from({ length: 5000 }, (_, at) => `thread-${at}`)
  for (const [at, id] of ids.entries()) expect(seen.note(id, at % 8)).toBeUndefined()
  expect(seen.size).toBe(5000)
  for (const [at, id] of ids.entries()) expect(seen.note(id, 3)).toBe(at % 8)
  expect(seen.size).toBe(5000)
  expect(ids.every((id) => seen.has(id))).toBe(true)
  expect(ids.some((id) => seen.has(`${id}x`))).toBe(false)
})
