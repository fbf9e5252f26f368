/** A job's end of the line: gets threads to move, tells what became of them. What moves them is given to it. */
import type { OnEvent } from '../../model/events.js'
import type { Failure } from '../../model/failure.js'
import type { ThreadKeys } from '../inventory.js'
import type { PutOff } from '../transfer.js'
import type { TransferListener } from '../transfer-options.js'
import {
  type FromJob,
  failureFrom,
  type Line,
  sentFacts,
  sentFailure,
  sentStray,
  type ToJob,
  threadFrom,
} from './messages.js'

/** Bytes of values that are told of together. */
const TOLD_BYTES = 256 * 1024

export class Job implements TransferListener {
  /** Aborted when the run is to stop, for its reason. */
  readonly signal: AbortSignal
  /** What the run says once it knows what there is to do. */
  readonly begun: Promise<unknown>
  readonly #line: Line<ToJob, FromJob>
  readonly #threads = new Answers<readonly ThreadKeys[]>()
  readonly #restored = new Answers<void>()
  #read = { bytes: 0, keys: 0 }

  constructor(line: Line<ToJob, FromJob>) {
    this.#line = line
    const stopping = new AbortController()
    this.signal = stopping.signal
    this.begun = new Promise((begin) => {
      line.listen((message) => {
        if (message.kind === 'begin') begin(message.begin)
        else if (message.kind === 'threads') this.#threads.take(message.threads.map(threadFrom))
        else if (message.kind === 'stop') this.#stop(stopping, failureFrom(message.failure))
        else if (message.failure === undefined) this.#restored.take()
        else this.#restored.fail(failureFrom(message.failure))
      })
    })
  }

  /** As the run hands them out; the next ones are asked for before these are done. */
  async *threads(): AsyncGenerator<ThreadKeys> {
    const ask = () => {
      const coming = this.#ask('wants-threads', this.#threads)
      // Whoever stops early does not wait for them.
      coming.catch(() => {})
      return coming
    }
    for (let coming = ask(); ; ) {
      const threads = await coming
      if (threads.length === 0) return
      coming = ask()
      yield* threads
    }
  }

  /** After a server was away: what the run has to take back first. Throws the failure that keeps it from going on. */
  restore(): Promise<void> {
    return this.#ask('wants-restored', this.#restored)
  }

  readonly onEvent: OnEvent = (event) => this.#line.post({ kind: 'event', event })

  read(bytes: number, keys = 1): void {
    this.#read.bytes += bytes
    this.#read.keys += keys
    if (this.#read.bytes >= TOLD_BYTES) this.#tellRead()
  }

  nothingToRead: TransferListener['nothingToRead'] = (facts) =>
    this.#tell({ kind: 'nothing-to-read', facts: sentFacts(facts) })

  threadLeftOut: TransferListener['threadLeftOut'] = (facts) =>
    this.#tell({ kind: 'left-out', facts: sentFacts(facts) })

  unchanged: TransferListener['unchanged'] = ({ threadId, state: { rows } }, bytes) =>
    this.#tell({ kind: 'unchanged', threadId, state: rows === undefined ? {} : { rows }, bytes })

  committed: TransferListener['committed'] = (threads, committed) =>
    this.#tell({
      kind: 'committed',
      threads: threads.map(({ facts, state }) => ({
        facts: sentFacts(facts),
        state: { hasRows: state.hasRows },
      })),
      committed,
    })

  /** The last word: all threads are through, or `failure` says why not. */
  end({ changed, strays }: PutOff, threadsAdded: number, failure?: Failure): void {
    this.#tell({
      kind: 'ended',
      changed: changed.map(({ threadId }) => threadId),
      strays: strays.map(sentStray),
      threadsAdded,
      ...(failure && { failure: sentFailure(failure) }),
    })
  }

  /** Nothing that is waited for will come any more. */
  #stop(stopping: AbortController, failure: Failure): void {
    stopping.abort(failure)
    this.#threads.end(failure)
    this.#restored.end(failure)
  }

  #tell(message: FromJob): void {
    this.#tellRead()
    this.#line.post(message)
  }

  #tellRead(): void {
    if (this.#read.keys === 0) return
    this.#line.post({ kind: 'read', ...this.#read })
    this.#read = { bytes: 0, keys: 0 }
  }

  #ask<T>(kind: 'wants-threads' | 'wants-restored', answers: Answers<T>): Promise<T> {
    this.#line.post({ kind })
    return answers.next()
  }
}

/** Questions that wait, and their answers in the same order. */
class Answers<T> {
  readonly #waiting: { take(answer: T): void; fail(error: unknown): void }[] = []

  next(): Promise<T> {
    return new Promise<T>((take, fail) => this.#waiting.push({ take, fail }))
  }

  take(answer: T): void {
    this.#waiting.shift()?.take(answer)
  }

  fail(error: unknown): void {
    this.#waiting.shift()?.fail(error)
  }

  end(error: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.fail(error)
  }
}
