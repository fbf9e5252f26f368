/** The lines between a run and its jobs, without the processors: what is said arrives, and what ends a job ends the run. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClaimedKey } from '../../src/layouts/layout.js'
import { Failure } from '../../src/model/failure.js'
import type { ThreadTold } from '../../src/model/run.js'
import type { ThreadKeys } from '../../src/pipeline/inventory.js'
import { Job } from '../../src/pipeline/jobs/job.js'
import { type JobHandle, Jobs } from '../../src/pipeline/jobs/jobs.js'
import {
  type FromJob,
  factsFrom,
  failureFrom,
  sentFacts,
  sentFailure,
  sentStray,
  sentThread,
  strayFrom,
  type ToJob,
  threadFrom,
} from '../../src/pipeline/jobs/messages.js'
import type { TransferListener } from '../../src/pipeline/transfer-options.js'

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const claimed: fc.Arbitrary<ClaimedKey> = fc.record({
  key: bytes,
  type: fc.constantFrom('string', 'ReJSON-RL', 'hash'),
  layout: fc.constant('python-full'),
  role: fc.constantFrom('checkpoint', 'write', 'blob'),
  threadId: fc.string({ unit: 'binary' }),
  checkpointNs: fc.string(),
  checkpointId: fc.string(),
})

describe('what is said', () => {
  test('of threads arrives as it was, byte for byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(claimed), (threadId, keys) => {
        expect(threadFrom(structuredClone(sentThread({ threadId, keys })))).toEqual({ threadId, keys })
      }),
    )
  })

  test('of keys that belong elsewhere, too', () => {
    fc.assert(
      fc.property(claimed, fc.string(), (key, threadId) => {
        expect(strayFrom(structuredClone(sentStray({ key, threadId })))).toEqual({ key, threadId })
      }),
    )
  })

  test('of what became of a thread: everything but the keys, of which only the number is told', () => {
    const facts: ThreadTold = {
      threadId: 't',
      layouts: ['python-full'],
      completeness: 'partial',
      checkpoints: 3,
      writes: 2,
      blobs: 1,
      sourceBytes: 10,
      targetBytes: 20,
      sourceKeys: [1, 2, 3],
      unreadKeys: [1],
      longestPttlMs: -1,
      heads: new Map([['', 'id']]),
      notedMs: 12,
      findings: [{ reason: 'gone', threadId: 't', key: Buffer.from([0, 255, 10]) }, { reason: 'gone' }],
      isPart: false,
      seen: {
        shortestPttlMs: null,
        days: new Map([[1, 2]]),
        classes: new Set(['a.B']),
        valuesSeen: 4,
        waitsAtInterrupt: true,
      },
      cut: { leftOut: { checkpoints: 1, writes: 0, blobs: 0, bytes: 5 } as never },
    }
    const { sourceKeys, unreadKeys, ...rest } = factsFrom(structuredClone(sentFacts(facts)))
    expect({ ...rest, keys: [sourceKeys.length, unreadKeys.length] }).toEqual({
      ...(({ sourceKeys: _, unreadKeys: __, ...told }) => told)(facts),
      keys: [3, 1],
    })
  })

  test('of a failure: its wording, and where it comes from', () => {
    const failure = new Failure('unexpected', { message: 'why' })
    const arrived = failureFrom(structuredClone(sentFailure(failure)))
    expect([arrived.id, arrived.facts, arrived.stack]).toEqual([failure.id, failure.facts, failure.stack])
  })
})

/** A job that runs `work` in this process. */
class Near implements JobHandle {
  #take: (message: FromJob) => void = () => {}
  #toJob: (message: ToJob) => void = () => {}
  #tell: (error: Error) => void = () => {}
  readonly ended: Promise<void>

  constructor(work: (job: Job, die: (error: Error) => void) => Promise<void>) {
    const line = {
      post: (message: FromJob) => setImmediate(() => this.#take(structuredClone(message))),
      listen: (take: (message: ToJob) => void) => {
        this.#toJob = take
      },
    }
    this.ended = work(new Job(line), (error) => this.#tell(error))
  }

  post(message: ToJob): void {
    setImmediate(() => this.#toJob(structuredClone(message)))
  }
  listen(take: (message: FromJob) => void): void {
    this.#take = take
  }
  gone(tell: (error: Error) => void): void {
    this.#tell = tell
  }
  async close(): Promise<void> {}
}

const NOTHING = { changed: [], strays: [] }

async function* threads(count: number): AsyncGenerator<ThreadKeys> {
  for (let at = 0; at < count; at++) yield { threadId: `t-${at}`, keys: [] }
}

function listening(told: string[] = []): TransferListener {
  return {
    read: () => {},
    nothingToRead: ({ threadId }) => told.push(threadId),
    unchanged: ({ threadId }) => told.push(threadId),
    threadLeftOut: ({ threadId }) => told.push(threadId),
    committed: (done) => told.push(...done.map(({ facts }) => facts.threadId)),
  }
}

const options = (listener: TransferListener, signal = new AbortController().signal) => ({
  listener,
  signal,
  onEvent: () => {},
  restore: async () => {},
})

/** Says of each thread that it is unchanged, until it is stopped. */
async function looksOnly(job: Job): Promise<void> {
  await job.begun
  try {
    for await (const { threadId, keys } of job.threads()) {
      job.signal.throwIfAborted()
      job.unchanged({ threadId, keys, isPart: false, state: {} }, 1)
    }
    job.end(NOTHING, 7)
  } catch (error) {
    job.end(NOTHING, 0, error as Failure)
  }
}

describe('jobs', () => {
  test('share the threads: each is handed out once, and told of once', async () => {
    const told: string[] = []
    const shares = [0, 0, 0]
    const counting = (place: number) => async (job: Job) => {
      const { unchanged } = job
      job.unchanged = (...about) => {
        shares[place]!++
        unchanged(...about)
      }
      await looksOnly(job)
    }
    const done = await new Jobs([0, 1, 2].map((place) => new Near(counting(place)))).run(
      threads(500),
      {},
      options(listening(told)),
    )
    expect(done).toEqual({ ...NOTHING, threadsAdded: 21 })
    expect(told.sort()).toEqual(Array.from({ length: 500 }, (_, at) => `t-${at}`).sort())
    expect(
      shares.every((share) => share >= 50),
      shares.join(),
    ).toBe(true)
  })

  test("one that fails stops the others, and its failure is the run's", async () => {
    const failing = async (job: Job) =>
      job.end(NOTHING, 0, new Failure('unexpected', { message: 'by itself' }))
    const patient = new Near(looksOnly)
    const running = new Jobs([new Near(failing), patient]).run(threads(1e6), {}, options(listening()))
    await expect(running).rejects.toMatchObject({ id: 'unexpected', facts: { message: 'by itself' } })
    await patient.ended
  })

  test('one that is gone without a last word is an error, not an end', async () => {
    const dying = async (_: Job, die: (error: Error) => void) =>
      void setImmediate(() => die(new Error('out of memory')))
    const running = new Jobs([new Near(dying), new Near(looksOnly)]).run(
      threads(1e6),
      {},
      options(listening()),
    )
    await expect(running).rejects.toMatchObject({ facts: { message: 'out of memory' } })
  })

  test('a listener that fails stops them', async () => {
    const listener = {
      ...listening(),
      unchanged: () => {
        throw new Error('cannot count')
      },
    }
    const running = new Jobs([new Near(looksOnly), new Near(looksOnly)]).run(
      threads(1e6),
      {},
      options(listener),
    )
    await expect(running).rejects.toMatchObject({ facts: { message: 'cannot count' } })
  })

  test('asked to stop, they do, for the reason they were given', async () => {
    const stopping = new AbortController()
    const reason = new Failure('unexpected', { message: 'enough' })
    const listener = { ...listening(), unchanged: () => stopping.abort(reason) }
    const running = new Jobs([new Near(looksOnly), new Near(looksOnly)]).run(
      threads(1e6),
      {},
      options(listener, stopping.signal),
    )
    await expect(running).rejects.toMatchObject({ facts: { message: 'enough' } })
  })

  test('the threads cannot be listed any more: they stop, and that is why', async () => {
    async function* broken(): AsyncGenerator<ThreadKeys> {
      yield* threads(60)
      throw new Error('the file of keys is gone')
    }
    const running = new Jobs([new Near(looksOnly), new Near(looksOnly)]).run(
      broken(),
      {},
      options(listening()),
    )
    await expect(running).rejects.toMatchObject({ facts: { message: 'the file of keys is gone' } })
  })
})
