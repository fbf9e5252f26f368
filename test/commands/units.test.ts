import { expect, test } from 'vitest'
import { parseDuration, parseRate, parseSize } from '../../src/commands/units.js'

test.each([
  ['48MB', 48 * 1024 ** 2],
  ['48 MiB', 48 * 1024 ** 2],
  ['48m', 48 * 1024 ** 2],
  ['1.5GB', 1.5 * 1024 ** 3],
  ['512', 512],
  ['512B', 512],
  ['2kb', 2048],
  ['MB', null],
  ['-1MB', null],
  ['1XB', null],
  ['', null],
  ['9999999TB', null],
])('the size %j is %j bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each([
  ['60s', 60_000],
  ['500ms', 500],
  ['30d', 30 * 86_400_000],
  ['1h30m', 5_400_000],
  ['2 h 5 m', 7_500_000],
  ['1w', 604_800_000],
  ['60', null],
  ['1h x', null],
  ['', null],
  ['h', null],
])('the duration %j is %j ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each([
  ['2000', { keysPerSecond: 2000 }],
  ['2000/s', { keysPerSecond: 2000 }],
  ['20MB', { bytesPerSecond: 20 * 1024 ** 2 }],
  ['1.5 GiB/s', { bytesPerSecond: 1.5 * 1024 ** 3 }],
  ['0', null],
  ['fast', null],
  ['', null],
])('the rate %j is %j', (text, rate) => {
  expect(parseRate(text)).toEqual(rate)
})
