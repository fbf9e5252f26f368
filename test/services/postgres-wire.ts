/** Just enough of the Postgres protocol (version 3, unencrypted) to see a COMMIT pass by. */

export type CommitMoment = 'before' | 'after'

/** Bytes to pass on together; `commit` says that they are the COMMIT statement itself, or its confirmation. */
export interface Piece {
  readonly bytes: Buffer
  readonly commit?: CommitMoment
}

/** First message of a client that asks for encryption: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const SSL_REQUEST = 80877103
const GSS_REQUEST = 80877104

/** One connection, both directions. */
export class PostgresTraffic {
  readonly #client = new Messages()
  readonly #server = new Messages()
  #startedUp = false

  /** Splits what the client sent, so that a COMMIT (simple query or Parse) is a piece of its own. */
  fromClient(chunk: Buffer): Piece[] {
    const rest = this.#startedUp ? chunk : this.#startUp(chunk)
    const start = chunk.subarray(0, chunk.length - rest.length)
    const pieces = rest.length > 0 ? this.#client.split(rest, isCommit, 'before') : []
    return start.length > 0 ? [{ bytes: start }, ...pieces] : pieces
  }

  fromServer(chunk: Buffer): Piece[] {
    return this.#startedUp ? this.#server.split(chunk, isCommitComplete, 'after') : [{ bytes: chunk }]
  }

  /** The client's first messages carry no type byte; the server answers a request for encryption with one bare byte. */
  #startUp(chunk: Buffer): Buffer {
    const code = chunk.length >= 8 ? chunk.readInt32BE(4) : 0
    if (code === SSL_REQUEST || code === GSS_REQUEST) return chunk.subarray(8)
    this.#startedUp = true
    return chunk.subarray(chunk.readInt32BE(0))
  }
}

/** Finds message boundaries in a stream of chunks; holds back only a small message that is not complete yet. */
class Messages {
  #held: Buffer = Buffer.alloc(0)
  #skip = 0

  split(chunk: Buffer, isWanted: (type: string, body: Buffer) => boolean, commit: CommitMoment): Piece[] {
    const bytes = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    const pieces: Piece[] = []
    let from = 0
    let at = Math.min(this.#skip, bytes.length)
    this.#skip -= at
    while (this.#skip === 0 && at + 5 <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1)
      if (end - at > SMALL) {
        this.#skip = Math.max(0, end - bytes.length)
        at = Math.min(end, bytes.length)
        continue
      }
      if (end > bytes.length) break
      if (isWanted(bytes.toString('latin1', at, at + 1), bytes.subarray(at + 5, end))) {
        if (at > from) pieces.push({ bytes: bytes.subarray(from, at) })
        pieces.push({ bytes: bytes.subarray(at, end), commit })
        from = end
      }
      at = end
    }
    this.#held = Buffer.from(bytes.subarray(at))
    if (at > from) pieces.push({ bytes: bytes.subarray(from, at) })
    return pieces
  }
}

/** No statement or tag we look for is longer. */
const SMALL = 256

function isCommit(type: string, body: Buffer): boolean {
  // Parse carries the statement's name before its text.
  if (type === 'Q') return COMMIT.test(body.toString('latin1'))
  return type === 'P' && COMMIT.test(body.toString('latin1', body.indexOf(0) + 1))
}

const COMMIT = /^\s*(COMMIT|END)\b/i

function isCommitComplete(type: string, body: Buffer): boolean {
  return type === 'C' && body.toString('latin1') === 'COMMIT\0'
}
