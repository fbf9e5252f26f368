/** The pickle machine without its instructions: the input, the stack with its marks, and the memo. */
import { DecodeError, type DecodeLimits, type DecodeReason } from '../bytes.js'
import {
  dictNode,
  isCompound,
  objectNode,
  type PickleDict,
  type PickleDocument,
  type PickleNode,
  type PickleObject,
  type PickleSequence,
  sequenceNode,
} from './node.js'
import { isPythonText } from './text.js'

/** Text taken from the memo beyond this is counted when the value is emitted. */
const MAX_SHARED_TEXT_BYTES = 64 * 1024 * 1024

const UNHASHABLE: ReadonlySet<PickleNode['kind']> = new Set(['list', 'dict', 'set', 'bytearray'])

/** Looked at in one key. Tuples in tuples can stand for far more than their bytes; what is beyond is refused when it is emitted. */
const MAX_LOOKED_AT = 100

/** Tuples are as hashable as what they hold. */
function isHashable(key: PickleNode): boolean {
  const open = [key]
  for (let looked = 0; open.length > 0 && looked < MAX_LOOKED_AT; looked++) {
    const node = open.pop()!
    if (UNHASHABLE.has(node.kind)) return false
    if (node.kind === 'tuple') for (const item of node.items) open.push(item)
  }
  return true
}

export class PickleMachine {
  readonly document: PickleDocument
  readonly stack: PickleNode[] = []
  /** Offset of the next byte, and of the opcode that runs. */
  at = 0
  opcodeAt = 0
  private readonly marks: number[] = []
  private readonly memo: PickleNode[] = []
  /** Indexes that are set: `MEMOIZE` takes the next by their number, whatever the highest is. */
  private memoised = 0
  private sharedTextBytes = 0

  constructor(
    readonly bytes: Buffer,
    limits: DecodeLimits,
  ) {
    this.document = { bytes, limits, shared: false }
  }

  /** Never returns; a return type that lets callers end an expression with it. */
  fail(message: string, reason?: DecodeReason): never {
    throw new DecodeError(message, this.opcodeAt, reason)
  }

  /** Moves past `count` bytes and gives where they begin. */
  skip(count: number): number {
    const start = this.at
    if (count > this.bytes.length - start) {
      throw new DecodeError(`${count} bytes are wanted, ${this.bytes.length - start} are left`, start)
    }
    this.at = start + count
    return start
  }

  uint8(): number {
    return this.bytes[this.skip(1)]!
  }
  uint16(): number {
    return this.bytes.readUInt16LE(this.skip(2))
  }
  int32(): number {
    return this.bytes.readInt32LE(this.skip(4))
  }
  uint32(): number {
    return this.bytes.readUInt32LE(this.skip(4))
  }
  /** A length of eight bytes. Lengths over 2^53 lose their last digits, which are only there to be refused. */
  uint64(): number {
    return Number(this.bytes.readBigUInt64LE(this.skip(8)))
  }
  float64(): number {
    return this.bytes.readDoubleBE(this.skip(8))
  }

  /** The bytes up to the next line end, as a view. */
  line(): Buffer {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0) throw new DecodeError('a line without an end', this.at)
    const start = this.at
    this.at = end + 1
    return this.bytes.subarray(start, end)
  }

  text(length: number): PickleNode {
    const start = this.skip(length)
    if (!isPythonText(this.bytes, start, this.at)) throw new DecodeError('text that is not UTF-8', start)
    return { kind: 'text', source: this.bytes, start, end: this.at }
  }

  range(kind: 'bytes' | 'bytearray', length: number): PickleNode {
    const start = this.skip(length)
    return { kind, source: this.bytes, start, end: this.at }
  }

  push(node: PickleNode): void {
    this.stack.push(node)
  }

  pop(): PickleNode {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.fail('the stack is empty')
    return this.stack.pop()!
  }

  top(): PickleNode {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.fail('the stack is empty')
    return this.stack.at(-1)!
  }

  mark(): void {
    this.marks.push(this.stack.length)
  }

  /** Everything above the last mark, which goes with it. */
  popMark(): PickleNode[] {
    const mark = this.marks.pop()
    if (mark === undefined) this.fail('there is no mark')
    return this.stack.splice(mark)
  }

  /** `POP` takes a mark away where one is on top. */
  popOrUnmark(): void {
    if (this.stack.length === this.marks.at(-1)) this.marks.pop()
    else this.pop()
  }

  memoise(index = this.memoised): void {
    // No pickler skips indexes, and each needs an opcode: a larger one only wants memory.
    if (index > this.bytes.length) this.fail(`memo index ${index} in ${this.bytes.length} bytes`)
    const node = this.top()
    if (this.memo[index] === undefined) this.memoised++
    this.memo[index] = node
  }

  recall(index: number): void {
    const node = this.memo[index]
    if (node === undefined) this.fail(`memo index ${index} was never set`)
    if (isCompound(node)) {
      this.document.shared = true
    } else if ('start' in node) {
      this.sharedTextBytes += node.end - node.start
      if (this.sharedTextBytes > MAX_SHARED_TEXT_BYTES) this.document.shared = true
    }
    this.stack.push(node)
  }

  /** Every `step`th of the nodes is a key or a member: CPython refuses what it cannot hash. */
  hash(nodes: readonly PickleNode[], step: 1 | 2): void {
    for (let i = 0; i < nodes.length; i += step) {
      const { kind } = nodes[i]!
      if (kind !== 'text' && !isHashable(nodes[i]!)) this.fail(`a ${kind} as a key`)
    }
  }

  sequence(kind: PickleSequence['kind'], items: PickleNode[]): PickleSequence {
    if (kind === 'set' || kind === 'frozenset') this.hash(items, 1)
    return sequenceNode(kind, items, this.document, this.opcodeAt)
  }

  dict(entries: PickleNode[]): PickleDict {
    if (entries.length % 2 === 1) this.fail('a key without a value')
    this.hash(entries, 2)
    return dictNode(entries, this.document, this.opcodeAt)
  }

  object(
    how: PickleObject['how'],
    callable: PickleNode,
    args: readonly PickleNode[],
    kwargs?: PickleNode,
  ): PickleObject {
    return objectNode(how, callable, args, this.document, this.opcodeAt, kwargs)
  }

  /** What STOP leaves. */
  result(): PickleNode {
    if (this.marks.length > 0) this.fail('a mark is left on the stack')
    return this.pop()
  }
}
