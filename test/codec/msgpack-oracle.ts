/** Talks to `msgpack-oracle.py`: what the official serializer writes and reads, a value at a time. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { ObjectForm, Tree } from '../../src/model/value.js'

export interface OracleAnswer {
  /** What the official writer makes of the value, as hex. */
  readonly written: string
  readonly typed: string
  /** The official reader made the same value of our bytes. */
  readonly equal: boolean
  readonly refused?: string
}

export class MsgpackOracle {
  private readonly child: ChildProcessWithoutNullStreams
  private readonly lines: AsyncIterator<string>
  private complaint = ''

  constructor() {
    const python = process.env.CP_MIGRATE_TEST_PYTHON
    if (python === undefined) {
      throw new Error(
        'CP_MIGRATE_TEST_PYTHON must name a Python that has langgraph-checkpoint; npm test sets it',
      )
    }
    this.child = spawn(python, [new URL('msgpack-oracle.py', import.meta.url).pathname])
    this.child.stderr.on('data', (chunk: Buffer) => {
      this.complaint += chunk.toString()
    })
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  /** About a value, and the bytes that we made of it. */
  ask(tree: Tree, bytes: Buffer, type = 'msgpack'): Promise<OracleAnswer> {
    return this.request({ op: 'value', tree: described(tree), typed: [type, bytes.toString('hex')] })
  }

  /** One value of every kind, as the official writer writes it: name → type tag and hex. */
  samples(): Promise<Record<string, readonly [string, string]>> {
    return this.request({ op: 'samples' })
  }

  close(): void {
    this.child.stdin.end()
  }

  private async request<T>(request: object): Promise<T> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`)
    const line = await this.lines.next()
    if (line.done === true) throw new Error(`the oracle stopped: ${this.complaint}`)
    return JSON.parse(line.value) as T
  }
}

type Described =
  | null
  | boolean
  | { readonly [kind: string]: string | readonly Described[] | readonly (readonly Described[])[] }
  | {
      readonly object: {
        form: ObjectForm
        module: string
        name: string
        method?: string | undefined
        body: Described
      }
    }

function described(tree: Tree): Described {
  switch (tree.kind) {
    case 'null':
      return null
    case 'bool':
      return tree.value
    case 'int':
      return { int: String(tree.value) }
    case 'float':
      return { float: doubleHex(tree.value) }
    case 'text':
      return { text: tree.utf8.toString('hex') }
    case 'bytes':
    case 'bytearray':
      return { [tree.kind]: tree.bytes.toString('hex') }
    case 'map':
      return { map: tree.entries.map((entry) => entry.map(described)) }
    case 'object':
      return { object: { ...tree.head, body: described(tree.body) } }
    default:
      return { [tree.kind]: tree.items.map(described) }
  }
}

function doubleHex(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}
