/**
 * The client's end of a connection whose server is in this process: what the driver writes is collected until the server would
 * answer, and handed over in one piece. Message format: "Frontend/Backend Protocol", Postgres documentation.
 */
import { Duplex } from 'node:stream'
import type { Backend, Turns } from './turns.js'

/** Messages after which the server speaks: Query, Sync, Flush, Terminate; and the first one, which has no type. */
const ASKING = { query: 0x51, sync: 0x53, flush: 0x48, terminate: 0x58 } as const
const ANSWERED: ReadonlySet<number | null | undefined> = new Set([
  null,
  ASKING.query,
  ASKING.sync,
  ASKING.flush,
])
/** Type and length, which does not count the type. */
const LENGTH_BYTES = 4
/** ReadyForQuery: `Z`, length 5, and that no transaction is open. Whatever else ends an answer, the exchange goes on. */
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1')

export class Wire extends Duplex {
  readonly #backend: Backend
  readonly #turns: Turns
  readonly #farewell: string | null
  #started = false
  #hasLeft = false
  #pending: Buffer = Buffer.alloc(0)
  #isIdle = true

  /** `farewell`: SQL that takes back what the session has set up, for whoever shares the server with strangers. */
  constructor(backend: Backend, turns: Turns, farewell: string | null = null) {
    super({ allowHalfOpen: false })
    this.#farewell = farewell
    this.#backend = backend
    this.#turns = turns
  }

  /** What the driver expects of a socket. */
  connect(): this {
    setImmediate(() => this.emit('connect'))
    return this
  }
  setNoDelay = (): this => this
  setKeepAlive = (): this => this
  ref = (): this => this
  unref = (): this => this

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    const { end, isLast } = this.#asked()
    if (end === 0 && !isLast) {
      done()
      return
    }
    const messages = this.#pending.subarray(0, end)
    this.#pending = this.#pending.subarray(isLast ? this.#pending.length : end)
    this.#answer(messages, isLast).then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Hung up in the middle: what is open is undone, as a server would.
    this.#leave().then(
      () => done(error),
      () => done(error),
    )
  }

  /** How far the pending messages reach that the server should answer now, and whether the client says goodbye after them. */
  #asked(): { readonly end: number; readonly isLast: boolean } {
    let end = 0
    for (let at = 0; ; ) {
      const head = this.#started ? 1 : 0
      if (this.#pending.length < at + head + LENGTH_BYTES) break
      const next = at + head + this.#pending.readInt32BE(at + head)
      if (this.#pending.length < next) break
      const type = this.#started ? this.#pending[at] : null
      if (type === ASKING.terminate) return { end, isLast: true }
      this.#started = true
      at = next
      if (ANSWERED.has(type)) end = at
    }
    return { end, isLast: false }
  }

  async #answer(messages: Buffer, isLast: boolean): Promise<void> {
    if (messages.length > 0) this.push(await this.#exchange(messages))
    if (!isLast) return
    // The server itself must go on: it is everybody's.
    await this.#leave()
    this.push(null)
  }

  async #leave(): Promise<void> {
    if (this.#hasLeft || !this.#started) return
    this.#hasLeft = true
    if (!this.#isIdle) await this.#exchange(ROLLBACK)
    if (this.#farewell !== null) await this.#exchange(queryMessage(this.#farewell))
  }

  #exchange(messages: Uint8Array): Promise<Buffer> {
    return this.#turns.take(this, async () => {
      const answer = Buffer.from(await this.#backend.exchange(messages))
      this.#isIdle = answer.subarray(-READY.length).equals(READY)
      return { result: answer, keeps: !this.#isIdle }
    })
  }
}

const ROLLBACK = queryMessage('ROLLBACK')

function queryMessage(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`)
  const message = Buffer.alloc(1 + LENGTH_BYTES)
  message[0] = ASKING.query
  message.writeInt32BE(LENGTH_BYTES + text.length, 1)
  return Buffer.concat([message, text])
}
