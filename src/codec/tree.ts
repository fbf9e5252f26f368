/** Values as trees: built from what a reader emits, and emitted again, for whoever needs to look twice. */
import type { ObjectHead, SetKind, Tree, Value, ValueSink } from '../model/value.js'

type Items = { readonly kind: 'list' | 'tuple' | SetKind; readonly items: Tree[] }
type Open =
  | Items
  | { readonly kind: 'map'; readonly entries: (readonly [Tree, Tree])[]; key: Tree | undefined }
  | { readonly kind: 'object'; readonly head: ObjectHead; body: Tree | undefined }

/** Builds the tree of one value. Texts and bytes are copied: a tree outlives the buffer it was read from. */
export class TreeBuilder implements ValueSink {
  private readonly open: Open[] = []
  private whole: Tree | undefined

  /** The finished tree; throws when the value was left unfinished, which is a mistake of the reader that drove it. */
  result(): Tree {
    if (this.whole === undefined || this.open.length > 0) throw new Error('the value is not finished')
    return this.whole
  }

  null(): void {
    this.add({ kind: 'null' })
  }
  bool(value: boolean): void {
    this.add({ kind: 'bool', value })
  }
  int(value: number | bigint): void {
    this.add({ kind: 'int', value })
  }
  float(value: number): void {
    this.add({ kind: 'float', value })
  }
  text(source: Buffer, start: number, end: number): void {
    this.add({ kind: 'text', utf8: Buffer.from(source.subarray(start, end)) })
  }
  bytes(source: Buffer, start: number, end: number): void {
    this.add({ kind: 'bytes', bytes: Buffer.from(source.subarray(start, end)) })
  }
  bytearray(source: Buffer, start: number, end: number): void {
    this.add({ kind: 'bytearray', bytes: Buffer.from(source.subarray(start, end)) })
  }
  beginList(): void {
    this.open.push({ kind: 'list', items: [] })
  }
  beginTuple(): void {
    this.open.push({ kind: 'tuple', items: [] })
  }
  beginSet(_size: number, kind: SetKind): void {
    this.open.push({ kind, items: [] })
  }
  beginMap(): void {
    this.open.push({ kind: 'map', entries: [], key: undefined })
  }
  beginObject(head: ObjectHead): void {
    this.open.push({ kind: 'object', head, body: undefined })
  }

  end(): void {
    const closed = this.open.pop()
    if (closed === undefined) throw new Error('end() without a container')
    if (closed.kind === 'map') {
      if (closed.key !== undefined) throw new Error('a map ended after a key')
      this.add({ kind: 'map', entries: closed.entries })
    } else if (closed.kind === 'object') {
      if (closed.body === undefined) throw new Error('an object ended without a body')
      this.add({ kind: 'object', head: closed.head, body: closed.body })
    } else {
      this.add(closed)
    }
  }

  private add(tree: Tree): void {
    const parent = this.open.at(-1)
    if (parent === undefined) {
      if (this.whole !== undefined) throw new Error('a second value after the end')
      this.whole = tree
    } else if (parent.kind === 'object') {
      if (parent.body !== undefined) throw new Error('an object with two bodies')
      parent.body = tree
    } else if (parent.kind !== 'map') {
      parent.items.push(tree)
    } else if (parent.key === undefined) {
      parent.key = tree
    } else {
      parent.entries.push([parent.key, tree])
      parent.key = undefined
    }
  }
}

/** Reads a value whole. Throws what its `emit` throws. */
export function treeOf(value: Value): Tree {
  const builder = new TreeBuilder()
  value.emit(builder)
  return builder.result()
}

/** Drives a sink with a tree. Recursive: every reader bounds the depth of what it lets into a tree. */
export function emitTree(tree: Tree, sink: ValueSink): void {
  switch (tree.kind) {
    case 'null':
      sink.null()
      return
    case 'bool':
      sink.bool(tree.value)
      return
    case 'int':
      sink.int(tree.value)
      return
    case 'float':
      sink.float(tree.value)
      return
    case 'text':
      sink.text(tree.utf8, 0, tree.utf8.length)
      return
    case 'bytes':
      sink.bytes(tree.bytes, 0, tree.bytes.length)
      return
    case 'bytearray':
      sink.bytearray(tree.bytes, 0, tree.bytes.length)
      return
    case 'map':
      sink.beginMap(tree.entries.length)
      for (const [key, value] of tree.entries) {
        emitTree(key, sink)
        emitTree(value, sink)
      }
      sink.end()
      return
    case 'object':
      sink.beginObject(tree.head)
      emitTree(tree.body, sink)
      sink.end()
      return
    case 'list':
      sink.beginList(tree.items.length)
      break
    case 'tuple':
      sink.beginTuple(tree.items.length)
      break
    default:
      sink.beginSet(tree.items.length, tree.kind)
  }
  for (const item of tree.items) emitTree(item, sink)
  sink.end()
}

/** A tree as a value (encoding `tree`), so that values made up by a layout go the way of all others. */
export function treeValue(tree: Tree): Value {
  return { encoding: 'tree', emit: (sink) => emitTree(tree, sink) }
}
