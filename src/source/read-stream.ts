/** Cuts a stream of keys into batches by bytes and reads them one ahead of the consumer: memory stays flat whatever the keys hold. */
import type { ReadResult, RedisType } from '../model/redis-value.js'
import { oneAhead } from './ahead.js'
import type { KeyOfType, ReadKey, ReadStreamOptions, Source } from './source.js'

/** What can be told of a key without sending its value. */
export interface Measure {
  /** Null where the engine does not say. */
  readonly bytes: number | null
  /** What it had left to live, where that was asked in the same breath, so that it need not be asked again. */
  readonly life?: { readonly pttlMs: number; readonly askedAtMs: number }
}

/** What the stream needs of an engine. */
export interface BatchReader {
  /** `measures` are those of the same places. */
  read(requests: readonly KeyOfType[], measures: readonly Measure[]): Promise<readonly ReadResult[]>
  measure(requests: readonly KeyOfType[]): Promise<readonly Measure[]>
}

interface Sized<Request> {
  readonly request: Request
  readonly measure: Measure
}

interface Batch<Request> {
  readonly items: Sized<Request>[]
  /** What we think its values amount to. */
  readonly bytes: number
}

/** Keys measured at once; also the most that one batch may hold. */
const WINDOW_KEYS = 256
/** The largest value read unless the caller says otherwise: about what one field of Postgres can hold. */
const MAX_VALUE_BYTES = 1024 ** 3

/** The keys of `Source.readBatches` one by one. */
export async function* readStream<Request extends KeyOfType>(
  source: Pick<Source, 'readBatches'>,
  requests: Iterable<Request> | AsyncIterable<Request>,
  options: ReadStreamOptions,
): AsyncGenerator<ReadKey<Request>, void, undefined> {
  for await (const batch of source.readBatches(oneByOne(requests), options)) {
    for (let at = 0; at < batch.length; at++) {
      const key = batch[at]!
      delete batch[at] // consumed: its value may go before the batch does
      yield key
    }
  }
}

async function* oneByOne<Request>(requests: Iterable<Request> | AsyncIterable<Request>) {
  for await (const request of requests) yield [request]
}

/** See `Source.readBatches`. */
export async function* readBatches<Request extends KeyOfType>(
  groups: AsyncIterable<readonly Request[]>,
  { batchBytes, maxValueBytes = MAX_VALUE_BYTES }: ReadStreamOptions,
  reader: BatchReader,
): AsyncGenerator<ReadKey<Request>[], void, undefined> {
  const sizes = new SizeGuess(batchBytes / MAX_UNMEASURED_KEYS)
  const windows = oneAhead(measured(groups, reader))
  const batches = cutByBytes(windows, batchBytes, sizes)
  const read = readEach(batches, reader, sizes, maxValueBytes)
  // A value over the batch size has the memory for itself: nothing else is fetched beside it.
  for await (const { keys } of oneAhead(read, ({ bytes }) => bytes <= batchBytes)) yield keys
}

async function* measured<Request extends KeyOfType>(
  groups: AsyncIterable<readonly Request[]>,
  reader: BatchReader,
): AsyncGenerator<Sized<Request>[]> {
  let window: Request[] = []
  const sizesOf = async (window: Request[]): Promise<Sized<Request>[]> => {
    const measures = await reader.measure(window)
    return window.map((request, at) => ({ request, measure: measures[at] ?? UNMEASURED }))
  }
  for await (const group of groups) {
    for (const request of group) {
      window.push(request)
      if (window.length < WINDOW_KEYS) continue
      yield await sizesOf(window)
      window = []
    }
  }
  if (window.length > 0) yield await sizesOf(window)
}

const UNMEASURED: Measure = { bytes: null }

async function* cutByBytes<Request extends KeyOfType>(
  windows: AsyncIterable<Sized<Request>[]>,
  batchBytes: number,
  sizes: SizeGuess,
): AsyncGenerator<Batch<Request>> {
  let items: Sized<Request>[] = []
  let bytes = 0
  for await (const window of windows) {
    for (const item of window) {
      const size = sizes.of(item.request.type, item.measure.bytes)
      if (items.length > 0 && (bytes + size > batchBytes || items.length === WINDOW_KEYS)) {
        yield { items, bytes }
        items = []
        bytes = 0
      }
      items.push(item)
      bytes += size
    }
  }
  if (items.length > 0) yield { items, bytes }
}

async function* readEach<Request extends KeyOfType>(
  batches: AsyncIterable<Batch<Request>>,
  reader: BatchReader,
  sizes: SizeGuess,
  maxValueBytes: number,
): AsyncGenerator<{ keys: ReadKey<Request>[]; bytes: number }> {
  for await (const { items } of batches) {
    const isWanted = ({ request, measure }: Sized<Request>) =>
      sizes.of(request.type, measure.bytes) <= maxValueBytes
    const wanted = items.filter(isWanted)
    const requests = wanted.map(({ request }) => request)
    const results = await reader.read(
      requests,
      wanted.map(({ measure }) => measure),
    )
    let bytes = 0
    let next = 0
    const keys = items.map((item): ReadKey<Request> => {
      const { request, measure } = item
      if (wanted[next] !== item)
        return { request, result: { state: 'too-large', sizeBytes: measure.bytes ?? 0 } }
      const result: ReadResult = results[next++] ?? { state: 'gone' }
      if (result.state === 'read') {
        sizes.learn(request.type, measure.bytes, result.sizeBytes)
        bytes += result.sizeBytes
      }
      return { request, result }
    })
    yield { keys, bytes }
  }
}

/** Values of unknown size that are asked for at once: any of them may be large. */
const MAX_UNMEASURED_KEYS = 16

/**
 * Guesses what a value will amount to. The server measures in memory, which for a document is about twice its text: the factor is
 * learnt from the values seen. Where the server does not measure, a value is taken for as large as the larger ones before it, and
 * never for small.
 */
class SizeGuess {
  readonly #byType = new Map<RedisType, { perMeasured: number; unmeasured: number }>()

  constructor(readonly leastUnmeasured: number) {}

  of(type: RedisType, measured: number | null): number {
    const known = this.#byType.get(type)
    if (measured === null) return Math.max(known?.unmeasured ?? 0, this.leastUnmeasured)
    return type === 'string' ? measured : measured * (known?.perMeasured ?? 1)
  }

  learn(type: RedisType, measured: number | null, bytes: number): void {
    const known = this.#byType.get(type) ?? { perMeasured: 1, unmeasured: 0 }
    const share = measured === null || measured === 0 ? known.perMeasured : bytes / measured
    this.#byType.set(type, {
      // Up at once, down slowly: a guess too low costs memory, one too high only a round trip.
      perMeasured: share > known.perMeasured ? share : known.perMeasured * 0.95 + share * 0.05,
      unmeasured: bytes > known.unmeasured ? bytes : known.unmeasured * 0.95 + bytes * 0.05,
    })
  }
}
