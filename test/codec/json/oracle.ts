/** Asks `oracle.py` how Python reads texts, and spells our own trees the same way. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TreeBuilder } from '../../../src/codec/tree.js'
import type { Tree, ValueSink } from '../../../src/model/value.js'
import { pythonPeer } from '../../services/python.js'

export type Spelled =
  | null
  | boolean
  | readonly Spelled[]
  | { readonly [kind: string]: string | Spelled | readonly (readonly Spelled[])[] }

export interface Answer {
  readonly value?: Spelled
  readonly refused?: string
}

export type Reader = 'cpython' | 'orjson' | 'redis-channel' | 'redis-write' | 'msgpack'

const HERE = dirname(fileURLToPath(import.meta.url))

/** One Python process for the file that asks for it. */
export async function jsonOracle(): Promise<
  (op: Reader, texts: readonly Buffer[]) => Promise<readonly Answer[]>
> {
  const peer = await pythonPeer(join(HERE, 'oracle.py'), {
    env: { PYTHONPATH: HERE, PYTHONHASHSEED: '0' },
  })
  return (op, texts) => peer.ask({ op, texts: texts.map((text) => text.toString('hex')) })
}

/** The tree that a reader drives a sink to. */
export function treeBy(emit: (sink: ValueSink) => void): Tree {
  const builder = new TreeBuilder()
  emit(builder)
  return builder.result()
}

/** A plain tree as the oracle spells its values. */
export function spelled(tree: Tree): Spelled {
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
    case 'list':
    case 'tuple':
      return tree.items.map(spelled)
    case 'map':
      return { map: tree.entries.map((entry) => entry.map(spelled)) }
    default:
      throw new Error(`${tree.kind} is not plain`)
  }
}

function doubleHex(value: number): string {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes.toString('hex')
}
