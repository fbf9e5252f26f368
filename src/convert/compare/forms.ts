/**
 * How the values of the two sides are looked at before they are compared: as they are on the way to Postgres; on the way back both in one
 * normal form, as the official reader of each side gives them.
 */
import { jsJsonValue, UNDEFINED } from '../../codec/json/js-json.js'
import { PassingSink } from '../../codec/passing-sink.js'
import { emitTree, TreeBuilder } from '../../codec/tree.js'
import type { ObjectHead, SetKind, Tree, Value, ValueSink } from '../../model/value.js'
import type { Dialect } from '../converter.js'
import { bytesText } from '../redis/js.js'
import { isoOf } from './iso-datetime.js'

export interface ValueForms {
  /** A value that stands in Postgres. */
  stored(value: Value): Value
  /** A value that stands in Redis. */
  source(value: Value): Value
  /** Postgres has a row that says that there is no value. */
  isNone(value: Value): boolean
  /** The parent that a row of Postgres names. */
  parent(row: { readonly checkpointId: string; readonly parentCheckpointId: string | null }): string | null
}

export const AS_THEY_ARE: ValueForms = {
  stored: (value) => value,
  source: (value) => value,
  isNone: () => false,
  parent: ({ parentCheckpointId }) => parentCheckpointId,
}

/** Nothing that a reader could tell apart becomes equal. */
export function formsOfWayBack(dialect: Dialect): ValueForms {
  // Readers of Redis' keys take a checkpoint for no parent of its own.
  const parent: ValueForms['parent'] = ({ checkpointId, parentCheckpointId }) =>
    parentCheckpointId === checkpointId ? null : parentCheckpointId
  if (dialect === 'python') {
    return {
      stored: (value) => through(value, (sink) => new AsPythonReads(sink, true)),
      // Writes stand in Redis as the same msgpack.
      source: (value) => through(value, (sink) => new AsPythonReads(sink, value.encoding === 'msgpack')),
      isNone: () => false,
      parent,
    }
  }
  return {
    stored: (value) =>
      through(value.serdeType === 'bytes' ? uint8Array(value) : value, (sink) => new AsJavaScriptReads(sink)),
    source: (value) => through(value, (sink) => new AsJavaScriptReads(sink)),
    isNone: ({ bytes }) => bytes?.equals(UNDEFINED.bytes!) === true,
    parent,
  }
}

function through(value: Value, form: (sink: ValueSink) => ValueSink): Value {
  const { encoding } = value
  return encoding === 'encrypted' ? value : { encoding, emit: (sink, notes) => value.emit(form(sink), notes) }
}

function uint8Array({ bytes }: Value): Value {
  const text = Buffer.from(bytesText(bytes!))
  return jsJsonValue(text, 0, text.length)
}

/** It has one kind of number, however Redis spells it. */
class AsJavaScriptReads extends PassingSink {
  override int(value: number | bigint): void {
    this.inner.float(Number(value))
  }
}

/**
 * A datetime is the same by its ISO text and by its arguments. Of a set in msgpack that holds lists the readers give a list, because lists
 * cannot be hashed, and so it stands in Redis' documents; there such a set would be left as JSON.
 */
class AsPythonReads extends PassingSink {
  /** A set or a datetime while it is gathered, and how many containers are open in it. */
  private gathered: TreeBuilder | undefined
  private depth = 0

  constructor(
    inner: ValueSink,
    private readonly hasSetsAsLists: boolean,
  ) {
    super(inner)
  }

  override beginSet(size: number, kind: SetKind): void {
    this.gathered ??= new TreeBuilder()
    super.beginSet(size, kind)
  }
  override beginObject(head: ObjectHead): void {
    if (isDatetimeByArguments(head)) this.gathered ??= new TreeBuilder()
    super.beginObject(head)
  }

  override end(): void {
    this.scalar().end()
    if (this.gathered === undefined || --this.depth > 0) return
    const whole = this.gathered.result()
    this.gathered = undefined
    emitTree(this.normal(whole), this.inner)
  }

  protected override scalar(): ValueSink {
    return this.gathered ?? this.inner
  }

  protected override container(): ValueSink {
    if (this.gathered !== undefined) this.depth++
    return this.scalar()
  }

  private normal(tree: Tree): Tree {
    switch (tree.kind) {
      case 'list':
      case 'tuple':
      case 'set':
      case 'frozenset': {
        const items = tree.items.map((item) => this.normal(item))
        const isSet = tree.kind === 'set' || tree.kind === 'frozenset'
        const kind = isSet && this.hasSetsAsLists && items.some(isUnhashable) ? 'list' : tree.kind
        return { kind, items }
      }
      case 'map':
        return {
          kind: 'map',
          entries: tree.entries.map(([key, value]) => [this.normal(key), this.normal(value)]),
        }
      case 'object': {
        const iso = isDatetimeByArguments(tree.head) ? isoOf(tree.body) : undefined
        if (iso === undefined) return { ...tree, body: this.normal(tree.body) }
        return { kind: 'object', head: BY_ISO, body: { kind: 'text', utf8: Buffer.from(iso) } }
      }
      default:
        return tree
    }
  }
}

const BY_ISO: ObjectHead = {
  form: 'method',
  module: 'datetime',
  name: 'datetime',
  method: 'fromisoformat',
}

const isDatetimeByArguments = ({ form, module, name }: ObjectHead): boolean =>
  form === 'positional' && module === 'datetime' && name === 'datetime'

/** What msgpack has for a tuple is an array, which its reader makes a list of. */
const isUnhashable = ({ kind }: Tree): boolean => kind === 'list' || kind === 'tuple' || kind === 'map'
