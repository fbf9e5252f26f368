/** Talks to `oracle.py`: what the official serializer writes and reads, a value at a time. */
import { join } from 'node:path'
import type { ObjectForm, Tree } from '../../../src/model/value.js'
import { pythonPeer } from '../../services/python.js'

export interface OracleAnswer {
  /** What the official writer makes of the value, as hex. */
  readonly written: string
  readonly typed: string
  /** The official reader made the same value of our bytes. */
  readonly equal: boolean
  readonly refused?: string
}

export interface MsgpackOracle {
  /** About a value, and the bytes that we made of it. */
  ask(tree: Tree, bytes: Buffer, type?: string): Promise<OracleAnswer>
  /** One value of every kind, as the official writer writes it: name → type tag and hex. */
  samples(): Promise<Record<string, readonly [string, string]>>
}

/** One Python process for the file that asks for it. */
export async function msgpackOracle(): Promise<MsgpackOracle> {
  const peer = await pythonPeer(join(import.meta.dirname, 'oracle.py'))
  return {
    ask: (tree, bytes, type = 'msgpack') =>
      peer.ask({ op: 'value', tree: described(tree), typed: [type, bytes.toString('hex')] }),
    samples: () => peer.ask({ op: 'samples' }),
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
