/** Tuples go into pieces of memory: what was written comes out again, whatever its size and however much was taken back in between. */
import { describe, expect, test } from 'vitest'
import {
  COPY_HEADER,
  COPY_START,
  COPY_TRAILER,
  CopyBuffer,
  type CopyMark,
} from '../../src/target/rows/copy-buffer.js'
import { tuplesOf } from '../../src/target/rows/copy-tuples.js'

const SIZES = [0, 1, 100, 5_000, 100_000, 262_143, 262_144, 700_000, 3, 262_130, 9]

/** One row with a short field, a large one and none; as one text. */
const rowOf = (size: number): string => `row ${size}|${`${size},`.repeat(size).slice(0, size)}|null`

function write(buffer: CopyBuffer, size: number): void {
  const [name = '', large = ''] = rowOf(size).split('|')
  buffer.beginRow(3)
  buffer.text(name)
  buffer.bytea(Buffer.from(large))
  buffer.null()
}

async function read(parts: readonly Buffer[]): Promise<string[]> {
  async function* stream() {
    yield* [COPY_HEADER, ...parts, COPY_TRAILER]
  }
  const rows: string[] = []
  for await (const tuples of tuplesOf(stream())) rows.push(...tuples.map((tuple) => `${tuple.join('|')}null`))
  return rows
}

describe('a buffer of tuples', () => {
  test('gives what stands between any two marks', async () => {
    const buffer = new CopyBuffer()
    const marks: CopyMark[] = [buffer.mark()]
    for (const size of SIZES) {
      write(buffer, size)
      marks.push(buffer.mark())
    }
    expect(marks.at(-1)).toEqual({ length: buffer.bytes, rows: SIZES.length })
    for (let from = 0; from < marks.length; from++) {
      for (let to = from; to < marks.length; to++)
        expect(await read(buffer.between(marks[from]!, marks[to]!))).toEqual(SIZES.slice(from, to).map(rowOf))
    }
  })

  test('goes on behind a mark as if what followed had never been, and begins anew in the same memory', async () => {
    const buffer = new CopyBuffer()
    for (const keptBytes of [0, 300_000, 10_000_000, 0]) {
      expect(buffer.mark()).toEqual(COPY_START)
      for (const size of SIZES) {
        const before = buffer.mark()
        for (const dropped of SIZES) write(buffer, dropped + 1)
        buffer.rewind(before)
        write(buffer, size)
      }
      expect(await read(buffer.between(COPY_START, buffer.mark()))).toEqual(SIZES.map(rowOf))
      buffer.reuse(keptBytes)
    }
  })

  test('leaves what was taken as it is once it is cleared', async () => {
    const buffer = new CopyBuffer()
    write(buffer, 300_000)
    const taken = buffer.between(COPY_START, buffer.mark())
    buffer.clear()
    for (const size of SIZES) write(buffer, size)
    expect(await read(taken)).toEqual([rowOf(300_000)])
  })
})
