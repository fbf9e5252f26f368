/** The run's end of the lines to its jobs: hands threads out, and passes on what the jobs tell of them. */
import type { OnEvent } from '../../model/events.js'
import { Failure, failureOf } from '../../model/failure.js'
import type { ThreadKeys } from '../inventory.js'
import type { StrayKey } from '../thread-pass.js'
import { chunksOf } from '../thread-queue.js'
import type { PutOff } from '../transfer.js'
import type { TransferListener } from '../transfer-options.js'
import {
  type FromJob,
  factsFrom,
  failureFrom,
  type Line,
  sentFailure,
  sentThread,
  strayFrom,
  type ToJob,
} from './messages.js'

/** The line to one job. */
export interface JobHandle extends Line<FromJob, ToJob> {
  /** Told when the job is gone, which is an error before its last word. */
  gone(tell: (error: Error) => void): void
  /** Nothing of it goes on. */
  close(): Promise<void>
}

export interface JobsOptions {
  readonly listener: TransferListener
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  /** After a server was away: takes back what was lost with the connection. */
  restore(): Promise<void>
}

/** What the jobs leave to whoever goes on when all of them are through. */
export interface JobsDone extends PutOff {
  /** Rows that the ledger got of threads. */
  readonly threadsAdded: number
}

/** Handed out together: few enough for the last job to be done soon after the others. */
const CHUNK = { items: 50, weight: 5000 } as const

export class Jobs {
  readonly #handles: readonly JobHandle[]

  constructor(handles: readonly JobHandle[]) {
    this.#handles = handles
  }

  get count(): number {
    return this.#handles.length
  }

  /** Moves the threads, and ends when every job has ended. Throws what stopped the first one that did not get through. */
  async run(threads: AsyncIterable<ThreadKeys>, begin: unknown, options: JobsOptions): Promise<JobsDone> {
    const { signal } = options
    const chunks = chunksOf(threads, CHUNK)
    let first: Failure | undefined
    const stop = (failure: Failure) => {
      first ??= failure
      for (const handle of this.#handles) handle.post({ kind: 'stop', failure: sentFailure(failure) })
    }
    const stopped = () => stop(failureOf(signal.reason))
    signal.addEventListener('abort', stopped)
    if (signal.aborted) stopped()
    const done: JobsDone[] = []
    const drive = async (handle: JobHandle): Promise<void> => {
      try {
        done.push(await new JobDriver(handle, chunks, options).run(begin))
      } catch (error) {
        stop(failureOf(error))
      }
    }
    await Promise.all(this.#handles.map(drive))
    signal.removeEventListener('abort', stopped)
    await chunks.return(undefined)
    if (first !== undefined) throw first
    return {
      changed: done.flatMap(({ changed }) => changed),
      strays: done.flatMap(({ strays }) => strays),
      threadsAdded: done.reduce((sum, { threadsAdded }) => sum + threadsAdded, 0),
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#handles.map((handle) => handle.close()))
  }
}

/** One job, from its first word to its last. */
class JobDriver {
  /** By their ids: a job names them when it is through with them. */
  readonly #handedOut = new Map<string, ThreadKeys>()

  constructor(
    private readonly handle: JobHandle,
    private readonly chunks: AsyncGenerator<ThreadKeys[]>,
    private readonly options: JobsOptions,
  ) {}

  /** Ends when the job has: what fails here stops it first. */
  run(begin: unknown): Promise<JobsDone> {
    const { handle } = this
    let failed: Failure | undefined
    return new Promise((resolve, reject) => {
      handle.gone((error) => reject(new Failure('unexpected', { message: error.message }, error)))
      handle.listen((message) => {
        if (message.kind === 'ended') {
          if (failed !== undefined) reject(failed)
          else if (message.failure !== undefined) reject(failureFrom(message.failure))
          else resolve(this.#done(message))
          return
        }
        this.#take(message).catch((error) => {
          failed ??= failureOf(error)
          handle.post({ kind: 'stop', failure: sentFailure(failed) })
        })
      })
      handle.post({ kind: 'begin', begin })
    })
  }

  async #take(message: Exclude<FromJob, { kind: 'ended' }>): Promise<void> {
    const { listener, onEvent } = this.options
    switch (message.kind) {
      case 'wants-threads':
        return this.#handOut()
      case 'wants-restored':
        return this.#restore()
      case 'event':
        return onEvent(message.event)
      case 'read':
        return listener.read(message.bytes, message.keys)
      case 'nothing-to-read':
        this.#handedOut.delete(message.facts.threadId)
        return listener.nothingToRead(factsFrom(message.facts))
      case 'left-out':
        this.#handedOut.delete(message.facts.threadId)
        return listener.threadLeftOut(factsFrom(message.facts))
      case 'unchanged': {
        const { keys } = this.#took(message.threadId)
        const { threadId, state } = message
        return listener.unchanged({ threadId, keys, isPart: false, state }, message.bytes)
      }
      case 'committed': {
        for (const { facts } of message.threads) this.#handedOut.delete(facts.threadId)
        const threads = message.threads.map(({ facts, state }) => ({ facts: factsFrom(facts), state }))
        return listener.committed(threads, message.committed)
      }
    }
  }

  async #handOut(): Promise<void> {
    const { value: threads = [] } = await this.chunks.next()
    for (const thread of threads) this.#handedOut.set(thread.threadId, thread)
    this.handle.post({ kind: 'threads', threads: threads.map(sentThread) })
  }

  async #restore(): Promise<void> {
    try {
      await this.options.restore()
      this.handle.post({ kind: 'restored' })
    } catch (error) {
      this.handle.post({ kind: 'restored', failure: sentFailure(failureOf(error)) })
    }
  }

  #took(threadId: string): ThreadKeys {
    const thread = this.#handedOut.get(threadId)!
    this.#handedOut.delete(threadId)
    return thread
  }

  #done({ changed, strays, threadsAdded }: Extract<FromJob, { kind: 'ended' }>): JobsDone {
    return {
      changed: changed.map((threadId) => this.#took(threadId)),
      strays: strays.map((stray): StrayKey => strayFrom(stray)),
      threadsAdded,
    }
  }
}
