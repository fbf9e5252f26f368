/** Talks to `peer.py`: thousands of payloads a question, as bytes, while the next ones are made. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Item {
  readonly payload: Buffer
  readonly state: keyof typeof STATES
  readonly spelling?: Buffer
}

export type Verdict = 'equal' | 'different' | 'ours-alone' | 'theirs-alone' | 'refused' | 'not-compared'
export interface Answer {
  readonly verdict: Verdict
  readonly text: string
}

/** `understood`: what stands there is clear, and no value is made of it. */
const STATES = { refused: 0, decoded: 1, uncompared: 2, understood: 3 } as const

const VERDICTS: Readonly<Record<string, Verdict>> = {
  '=': 'equal',
  '!': 'different',
  '>': 'ours-alone',
  '<': 'theirs-alone',
  '-': 'refused',
  '?': 'not-compared',
}

export class Peer {
  private readonly child
  private readonly waiting: { resolve(reply: Buffer): void; reject(error: Error): void }[] = []
  private chunks: Buffer[] = []
  private received = 0
  private said = ''

  constructor(python: string) {
    const child = spawn(python, [join(import.meta.dirname, 'peer.py')], {
      env: {
        ...process.env,
        PYTHONHASHSEED: '0',
        PYTHONWARNINGS: 'ignore',
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONUTF8: '1',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.child = child
    child.stdout.on('data', (chunk: Buffer) => this.take(chunk))
    child.stderr.on('data', (chunk) => {
      this.said = `${this.said}${chunk}`.slice(-4000)
    })
    child.stdin.on('error', () => {}) // its end is told by 'close'
    child.on('close', () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error(`Python ended: ${this.said}`))
    })
  }

  /** Answers come in the order of the questions; several may be on their way. */
  async ask(operation: string, items: readonly Item[]): Promise<Answer[]> {
    const parts: Buffer[] = []
    for (const { payload, state, spelling } of items) {
      const between = Buffer.alloc(5)
      between[0] = STATES[state]
      between.writeUInt32LE(spelling?.length ?? 0, 1)
      parts.push(length(payload), payload, between, spelling ?? NOTHING)
    }
    const reply = await this.send(operation, items.length, Buffer.concat(parts))
    const answers: Answer[] = []
    for (let at = 0; at < reply.length; ) {
      const end = at + 3 + reply.readUInt16LE(at + 1)
      answers.push({
        verdict: VERDICTS[String.fromCharCode(reply[at]!)]!,
        text: end > at + 3 ? reply.toString('utf8', at + 3, end) : '',
      })
      at = end
    }
    return answers
  }

  /** Payloads that the official writers make. */
  async seeds(operation: string): Promise<Buffer[]> {
    const reply = await this.send(operation.toUpperCase(), 0, NOTHING)
    const seeds: Buffer[] = []
    for (let at = 0; at < reply.length; ) {
      const end = at + 4 + reply.readUInt32LE(at)
      seeds.push(reply.subarray(at + 4, end))
      at = end
    }
    return seeds
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = new Promise((resolve) => this.child.once('close', resolve))
    this.child.stdin.end()
    await ended
  }

  private send(operation: string, count: number, body: Buffer): Promise<Buffer> {
    if (this.child.exitCode !== null) throw new Error(`Python ended: ${this.said}`)
    const head = Buffer.alloc(9)
    head.write(operation)
    head.writeUInt32LE(count, 1)
    head.writeUInt32LE(body.length, 5)
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.child.stdin.write(head)
      this.child.stdin.write(body)
    })
  }

  private take(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.received += chunk.length
    for (;;) {
      if (this.received < 4) return
      const size =
        this.chunks[0]!.length < 4
          ? Buffer.concat(this.chunks).readUInt32LE(0)
          : this.chunks[0]!.readUInt32LE(0)
      if (this.received < 4 + size) return
      const all = Buffer.concat(this.chunks)
      this.chunks = [all.subarray(4 + size)]
      this.received = all.length - 4 - size
      this.waiting.shift()?.resolve(all.subarray(4, 4 + size))
    }
  }
}

const NOTHING = Buffer.alloc(0)

function length(bytes: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32LE(bytes.length)
  return header
}
