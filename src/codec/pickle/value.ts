/** The graph of a pickle as a value: emitted into any sink, as often as it is asked. */
import type { Value, ValueNotes, ValueSink } from '../../model/value.js'
import { DecodeError, type DecodeLimits } from '../bytes.js'
import { unsupported } from './meaning.js'
import { isCompound, type PickleNode, type PickleObject } from './node.js'
import { meaningOf } from './objects.js'
import { checkWeight } from './weight.js'

/**
 * `emit` throws `DecodeError` with the offset in the pickle: `recursive-value` for what holds itself, `too-large` beyond the limits that
 * `readPickle` was given, `unsupported-value` for what no official reader could rebuild.
 */
export function pickleValue(node: PickleNode): Value {
  return {
    encoding: 'pickle',
    emit: (sink, notes) => emitNode(node, sink, notes),
  }
}

function emitNode(node: PickleNode, sink: ValueSink, notes?: ValueNotes): void {
  if (!isCompound(node)) {
    emitLeaf(node, sink)
    return
  }
  const { document } = node
  if (document.shared) checkWeight(node, document.limits)
  new Emitter(sink, notes, document.limits).emit(node)
}

class Emitter {
  private depth = 0
  constructor(
    private readonly sink: ValueSink,
    private readonly notes: ValueNotes | undefined,
    private readonly limits: DecodeLimits,
  ) {}

  /** Recursive, as deep as `maxDepth`. */
  emit(node: PickleNode): void {
    const { sink } = this
    if (!isCompound(node)) {
      emitLeaf(node, sink)
      return
    }
    if (node.kind === 'object') {
      this.emitObject(node)
      return
    }
    this.enter(node.at)
    const nodes = node.kind === 'dict' ? node.entries : node.items
    if (node.kind === 'dict') sink.beginMap(nodes.length / 2)
    else if (node.kind === 'list') sink.beginList(nodes.length)
    else if (node.kind === 'tuple') sink.beginTuple(nodes.length)
    else sink.beginSet(nodes.length, node.kind)
    for (const child of nodes) this.emit(child)
    this.leave()
  }

  private emitObject(object: PickleObject): void {
    const { head, body, flattened } = meaningOf(object)
    if (flattened !== undefined) this.notes?.note('object-flattened', flattened)
    if (head === undefined) {
      this.emit(body)
      return
    }
    this.enter(object.at)
    this.sink.beginObject(head)
    this.emit(body)
    this.leave()
  }

  private enter(at: number): void {
    if (++this.depth > this.limits.maxDepth) {
      throw new DecodeError(`containers more than ${this.limits.maxDepth} deep`, at, 'too-large')
    }
  }

  private leave(): void {
    this.depth--
    this.sink.end()
  }
}

function emitLeaf(node: Exclude<PickleNode, { weight: number }>, sink: ValueSink): void {
  switch (node.kind) {
    case 'text':
      sink.text(node.source, node.start, node.end)
      return
    case 'null':
      sink.null()
      return
    case 'int':
      sink.int(node.value)
      return
    case 'bool':
      sink.bool(node.value)
      return
    case 'float':
      sink.float(node.value)
      return
    case 'bytes':
      sink.bytes(node.source, node.start, node.end)
      return
    case 'bytearray':
      sink.bytearray(node.source, node.start, node.end)
      return
    case 'global':
      throw unsupported(`a reference to ${node.path}`, node.at)
  }
}
