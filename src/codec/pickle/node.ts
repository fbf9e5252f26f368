/** What a pickle says, as a graph of plain nodes: nothing in it was imported, called or built. */
import type { DecodeLimits } from '../bytes.js'

/** What the nodes of one pickle share. */
export interface PickleDocument {
  readonly bytes: Buffer
  readonly limits: DecodeLimits
  /**
   * True once a container was taken from the memo, or so much text that copies could outgrow the pickle: only then can the
   * graph hold itself, or stand for far more than its bytes.
   */
  shared: boolean
}

interface Compound {
  readonly document: PickleDocument
  /** Offset of the opcode that made it. */
  readonly at: number
  /** What it counts written out (pickle-weight.ts); 0 until somebody asked. */
  weight: number
}

/** A range of `source`: the pickle itself, or a buffer of its own where the pickle holds it escaped. */
export interface PickleRange {
  readonly kind: 'text' | 'bytes' | 'bytearray'
  readonly source: Buffer
  readonly start: number
  readonly end: number
}

export interface PickleSequence extends Compound {
  readonly kind: 'list' | 'tuple' | 'set' | 'frozenset'
  readonly items: PickleNode[]
}

export interface PickleDict extends Compound {
  readonly kind: 'dict'
  /** Keys and values alternate, in the order they were set. */
  readonly entries: PickleNode[]
}

/** A class or a function, by name. `name` may be dotted. Names of Python 2 are already today's. */
export interface PickleGlobal {
  readonly kind: 'global'
  readonly module: string
  readonly name: string
  /** `module.name` */
  readonly path: string
  readonly at: number
}

/** What the unpickler would make by a call. */
export interface PickleObject extends Compound {
  readonly kind: 'object'
  /** `call`: callable(*args); `new`: callable.__new__(callable, *args), so that the callable is a class. */
  readonly how: 'call' | 'new'
  readonly callable: PickleNode
  readonly args: readonly PickleNode[]
  readonly kwargs: PickleNode | undefined
  /** What BUILD gives it. */
  state: PickleNode | undefined
  /** What APPENDS and ADDITEMS give it. */
  readonly items: PickleNode[]
  /** What SETITEMS gives it: keys and values alternate. */
  readonly entries: PickleNode[]
}

export type PickleNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  /** `number` within ±(2^53 − 1), `bigint` beyond, of any size. */
  | { readonly kind: 'int'; readonly value: number | bigint }
  | { readonly kind: 'float'; readonly value: number }
  | PickleRange
  | PickleSequence
  | PickleDict
  | PickleGlobal
  | PickleObject

export type PickleCompound = PickleSequence | PickleDict | PickleObject

export const isCompound = (node: PickleNode): node is PickleCompound => 'weight' in node

export const NULL_NODE: PickleNode = { kind: 'null' }
export const TRUE_NODE: PickleNode = { kind: 'bool', value: true }
export const FALSE_NODE: PickleNode = { kind: 'bool', value: false }

export const intNode = (value: bigint): PickleNode => {
  const small = Number(value)
  return { kind: 'int', value: Number.isSafeInteger(small) ? small : value }
}

export const rangeNode = (
  kind: PickleRange['kind'],
  source: Buffer,
  start = 0,
  end = source.length,
): PickleRange => ({ kind, source, start, end })

export const sequenceNode = (
  kind: PickleSequence['kind'],
  items: PickleNode[],
  document: PickleDocument,
  at: number,
): PickleSequence => ({ kind, items, document, at, weight: 0 })

export const dictNode = (entries: PickleNode[], document: PickleDocument, at: number): PickleDict => ({
  kind: 'dict',
  entries,
  document,
  at,
  weight: 0,
})

export const objectNode = (
  how: PickleObject['how'],
  callable: PickleNode,
  args: readonly PickleNode[],
  document: PickleDocument,
  at: number,
  kwargs?: PickleNode,
): PickleObject => ({
  kind: 'object',
  how,
  callable,
  args,
  kwargs,
  state: undefined,
  items: [],
  entries: [],
  document,
  at,
  weight: 0,
})

/** `module.name` of an object's class, as far as the callable is a plain name. */
export const classNameOf = (object: PickleObject): string =>
  object.callable.kind === 'global' ? object.callable.path : '(a computed callable)'
