import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  formatBytes,
  formatBytesOf,
  formatCount,
  formatCounted,
  formatDuration,
} from '../../src/report/format.js'

test('counts have thousands', () => {
  expect(formatCount(1_204_331)).toBe('1,204,331')
  expect(formatCounted(1, 'thread')).toBe('1 thread')
  expect(formatCounted(0, 'thread')).toBe('0 threads')
  expect(formatCounted(2, 'finding rejected', 'findings rejected')).toBe('2 findings rejected')
})

test.each([
  [0, '0 B'],
  [512, '512 B'],
  [1000, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [610 * 1024 ** 2, '610 MiB'],
  [4.12 * 1024 ** 3, '4.1 GiB'],
  [1023.9 * 1024 ** 2, '1.0 GiB'],
  [5000 * 1024 ** 4, '5,000 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('a part has the unit of its whole', () => {
  expect(formatBytesOf(2.3 * 1024 ** 3, 4 * 1024 ** 3)).toBe('2.3 of 4.0 GiB')
  expect(formatBytesOf(1, 4 * 1024 ** 3)).toBe('0.0 of 4.0 GiB')
})

test.each([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.6, '1 min'],
  [200, '3 min 20 s'],
  [3599.9, '1 h'],
  [7500, '2 h 5 min'],
  [86_399, '1 d'],
  [273_600, '3 d 4 h'],
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text)
})

test('no duration shows sixty of its smaller unit', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (seconds) => {
      expect(formatDuration(seconds)).not.toMatch(/\b60 (s|min)|\b24 h/)
    }),
  )
})
