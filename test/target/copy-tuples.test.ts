/** The stream of a COPY, cut anywhere, gives the same tuples; one that ends early says so. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { COPY_HEADER, COPY_TRAILER } from '../../src/target/rows/copy-buffer.js'
import { type Tuple, tuplesOf } from '../../src/target/rows/copy-tuples.js'

const field = fc.option(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)))
const table = fc.array(fc.array(field, { maxLength: 4 }), { maxLength: 10 })

/** The format, written as plainly as it is described. */
function streamOf(tuples: readonly Tuple[]): Buffer {
  const int = (bytes: number, value: number) => {
    const buffer = Buffer.alloc(bytes)
    buffer.writeIntBE(value, 0, bytes)
    return buffer
  }
  const rows = tuples.flatMap((tuple) => [
    int(2, tuple.length),
    ...tuple.flatMap((one) => (one === null ? [int(4, -1)] : [int(4, one.length), one])),
  ])
  return Buffer.concat([COPY_HEADER, ...rows, COPY_TRAILER])
}

async function read(chunks: readonly Buffer[]): Promise<Tuple[]> {
  async function* stream() {
    yield* chunks
  }
  const tuples: Tuple[] = []
  for await (const some of tuplesOf(stream())) tuples.push(...some)
  return tuples
}

/** As a reader does that takes each tuple as it passes. */
async function readPassing(chunks: readonly Buffer[]): Promise<Tuple[]> {
  async function* stream() {
    yield* chunks
  }
  const tuples: Tuple[] = []
  for await (const some of tuplesOf(stream(), { isPassing: true })) {
    for (const tuple of some) tuples.push(tuple.map((field) => field && Buffer.from(field)))
  }
  return tuples
}

describe('the tuples of a COPY', () => {
  test('are the same however the stream was cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        async (tuples, sizes) => {
          const stream = streamOf(tuples)
          const chunks: Buffer[] = []
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const size = sizes[turn % sizes.length]!
            chunks.push(stream.subarray(at, at + size))
            at += size
          }
          expect(await read(chunks)).toEqual(tuples)
          expect(await readPassing(chunks)).toEqual(tuples)
        },
      ),
    )
  })

  test('end with the trailer, or the stream has broken', async () => {
    const stream = streamOf([[Buffer.from('a'), null]])
    for (let end = 0; end < stream.length; end++) {
      await expect(read([stream.subarray(0, end)])).rejects.toThrow('ended early')
    }
  })

  test('of one large value do not take time that grows with its square', async () => {
    const large = Buffer.alloc(40 * 1024 * 1024, 'x')
    const stream = streamOf([[large]])
    const chunks = Array.from({ length: Math.ceil(stream.length / 8192) }, (_, at) =>
      stream.subarray(at * 8192, (at + 1) * 8192),
    )
    const [tuple] = await read(chunks)
    expect(tuple?.[0]?.equals(large)).toBe(true)
  })
})
