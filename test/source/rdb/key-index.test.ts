/** Where keys stand: the same answers from memory and from the temporary file, whatever the number of keys. */
import { expect, test } from 'vitest'
import { KeyIndex, type Place } from '../../../src/source/rdb/key-index.js'
import { atEndOfFile } from '../../services/each-file.js'

const keyOf = (number: number): Buffer => Buffer.from(`checkpoint:thread-${number % 97}:${number}`)
const placeOf = (number: number): Place => ({
  at: number * 1000 + 2 ** 33,
  length: number % 900,
  valueBytes: number,
})

async function indexOf(keys: number, maxBytes: number): Promise<KeyIndex> {
  const index = new KeyIndex(maxBytes)
  atEndOfFile(() => index.close())
  for (let number = 0; number < keys; number++) await index.add(keyOf(number), placeOf(number))
  await index.finish()
  return index
}

test.each([
  ['in memory', 3000, 1e6],
  ['in one run', 1000, 22_000],
  ['in many runs', 20_000, 22_000],
  ['a few only', 3, 1e6],
])('every key is found %s, and no other', async (_, keys, maxBytes) => {
  const index = await indexOf(keys, maxBytes)
  for (let number = 0; number < keys; number += Math.ceil(keys / 500)) {
    expect(await index.find(keyOf(number))).toEqual([placeOf(number)])
  }
  expect(await index.find(keyOf(keys))).toEqual([])
  expect(await index.find(Buffer.alloc(0))).toEqual([])
})

test('a key that stands in several places is found in each', async () => {
  const index = new KeyIndex(22 * 50)
  atEndOfFile(() => index.close())
  for (let number = 0; number < 300; number++) {
    await index.add(keyOf(number), placeOf(number))
    await index.add(Buffer.from('twice'), placeOf(number))
  }
  await index.finish()
  const places = await index.find(Buffer.from('twice'))
  expect(places.map(({ valueBytes }) => valueBytes).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 300 }, (_, at) => at),
  )
})

test('many keys take little memory once they are in the file', async () => {
  const index = await indexOf(50_000, 22 * 1000)
  expect(index.memoryBytes).toBeLessThan(50_000)
})
