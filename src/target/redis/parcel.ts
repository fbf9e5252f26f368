/** Commands that leave together as one piece of bytes: the client alone would copy each document twice, into memory of its own. */
import { Command, type Redis } from 'ioredis'
import { GrowingBuffer } from '../../codec/growing-buffer.js'

export type RedisCommand = readonly [name: string, args: (string | Buffer)[]]

/** The client keeps the order of the answers; the bytes go another way. */
const UNSENT = { write: () => true } as unknown as Redis['stream']

export class Parcels {
  /** Nobody sends them any more. */
  private readonly idle: GrowingBuffer[] = []

  /** Answers in the order of the commands, errors among them. */
  async send(client: Redis, commands: readonly RedisCommand[]): Promise<unknown[]> {
    if (commands.length === 0) return []
    const out = this.idle.pop() ?? new GrowingBuffer()
    out.clear()
    const answers = await new Promise<unknown[]>((resolve) => {
      const answers: unknown[] = new Array(commands.length)
      let open = commands.length
      for (const [at, command] of commands.entries()) {
        append(out, command)
        const waiting = new Command(command[0], [], { replyEncoding: null }, (error, answer) => {
          answers[at] = error ?? answer
          if (--open === 0) resolve(answers)
        })
        client.sendCommand(waiting, UNSENT)
      }
      // Otherwise the client has refused them all.
      if (client.stream?.writable) client.stream.write(out.bytes.subarray(0, out.length))
    })
    // A server that has answered everything has read everything.
    if (!answers.some((answer) => answer instanceof Error)) this.idle.push(out)
    return answers
  }
}

/** What almost every command says. */
const WORDS = new Map(['JSON.SET', '$', 'NX', 'ZADD', 'EXPIRE'].map((word) => [word, Buffer.from(word)]))

/** As an array of bulk strings (RESP 2). */
function append(out: GrowingBuffer, [name, args]: RedisCommand): void {
  text(out, `*${args.length + 1}\r\n`)
  bulk(out, name)
  for (const arg of args) bulk(out, arg)
}

function bulk(out: GrowingBuffer, arg: string | Buffer): void {
  const bytes = typeof arg === 'string' ? (WORDS.get(arg) ?? Buffer.from(arg)) : arg
  text(out, `$${bytes.length}\r\n`)
  out.room(bytes.length)
  out.append(bytes, 0, bytes.length)
  text(out, '\r\n')
}

function text(out: GrowingBuffer, ascii: string): void {
  out.room(ascii.length)
  for (let at = 0; at < ascii.length; at++) out.bytes[out.length++] = ascii.charCodeAt(at)
}
