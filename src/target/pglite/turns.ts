/** One backend, several sessions: each speaks in its turn, and whoever has begun a transaction keeps the turn until it ends. */

/** Answers protocol messages; one at a time. */
export interface Backend {
  /** Whole messages of one exchange in, what the server has to say out. */
  exchange(messages: Uint8Array): Promise<Uint8Array>
}

interface Waiting {
  readonly session: object
  readonly start: () => void
}

export class Turns {
  /** The session that is speaking, or is inside a transaction. */
  #owner: object | null = null
  #busy = false
  readonly #waiting: Waiting[] = []

  /** Does `work` when it is this session's turn; its answer is whether the session keeps the turn. */
  async take<T>(
    session: object,
    work: () => Promise<{ readonly result: T; readonly keeps: boolean }>,
  ): Promise<T> {
    await this.#turnOf(session)
    let keeps = false
    try {
      const done = await work()
      keeps = done.keeps
      return done.result
    } finally {
      this.#busy = false
      if (!keeps) this.#owner = null
      this.#next()
    }
  }

  #mayStart(session: object): boolean {
    return !this.#busy && (this.#owner === null || this.#owner === session)
  }

  #turnOf(session: object): Promise<void> {
    if (!this.#mayStart(session)) return new Promise((start) => this.#waiting.push({ session, start }))
    this.#claim(session)
    return Promise.resolve()
  }

  #next(): void {
    const at = this.#waiting.findIndex(({ session }) => this.#mayStart(session))
    const [next] = at < 0 ? [] : this.#waiting.splice(at, 1)
    if (next === undefined) return
    this.#claim(next.session)
    next.start()
  }

  /** At once: its work begins in a later task, and until then nobody else may slip in. */
  #claim(session: object): void {
    this.#busy = true
    this.#owner = session
  }
}
