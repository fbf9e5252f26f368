/** Emits the objects that Python's JSON envelopes and markers stand for, once it is known which. */
import type { ObjectHead, SetKind } from '../../model/value.js'
import { JsonEmitter } from './emit.js'
import type { LangChainField } from './langchain-classes.js'
import { CONTAINER, SLOT_SIZE, VALUE } from './members.js'
import type { LostValue } from './python-envelopes.js'
import { emitJson, jsonString } from './read.js'
import { LIST, QUOTE, skipSpace } from './scan.js'

const SEND: ObjectHead = { form: 'positional', module: 'langgraph.types', name: 'Send' }
const INTERRUPT: ObjectHead = { form: 'keywords', module: 'langgraph.types', name: 'Interrupt' }
const DELTA_SNAPSHOT: ObjectHead = { form: 'delta-snapshot', module: '', name: '' }
const TIME_FIELDS = ['hour', 'minute', 'second', 'microsecond', 'tzinfo'].map((name) => Buffer.from(name))

/** `value` always; then `id` (langgraph 0.6 on) or the others (before), from which the class makes the id. */
export const INTERRUPT_FIELDS: readonly string[] = ['value', 'id', 'resumable', 'ns', 'when']

/** Methods that return false have emitted nothing: the object stands for itself. */
export class PythonBodies extends JsonEmitter {
  protected interrupt(base: number, count: number): true {
    const { stack, sink } = this
    const found = INTERRUPT_FIELDS.map((name) => stack.find(base, count, name)).filter((slot) => slot >= 0)
    sink.beginObject(INTERRUPT)
    sink.beginMap(found.length)
    for (const slot of found) this.keysAndMembers(slot, 1)
    sink.end()
    sink.end()
    return true
  }

  protected send(base: number, count: number): boolean {
    const { stack, sink } = this
    const node = stack.find(base, count, 'node')
    const arg = stack.find(base, count, 'arg')
    const timeout = stack.find(base, count, 'timeout')
    if (node < 0 || arg < 0) return false
    sink.beginObject(SEND)
    sink.beginList(timeout < 0 ? 2 : 3)
    this.member(node)
    this.member(arg)
    if (timeout >= 0) this.member(timeout)
    sink.end()
    sink.end()
    return true
  }

  protected deltaSnapshot(value: number): true {
    this.sink.beginObject(DELTA_SNAPSHOT)
    this.member(value)
    this.sink.end()
    return true
  }

  /** The set whose items are the first argument. */
  protected set(args: number, kind: SetKind): boolean {
    const at = this.firstArgument(args)
    if (this.text[at] !== LIST) return false
    this.sink.beginSet(this.itemCount(at), kind)
    this.items(at, this.hashable)
    this.sink.end()
    return true
  }

  /** The set whose items a member holds, as savers 0.2.0–0.5.0 wrote them. */
  protected setItems(items: number): true {
    const { sink, stack } = this
    this.container = stack.slots[items + CONTAINER]!
    const at = stack.slots[items + VALUE]!
    sink.beginSet(this.itemCount(at), 'set')
    this.items(at, this.hashable)
    sink.end()
    return true
  }

  /** JSON made lists of a set's tuples; only tuples can be in a set. */
  private readonly hashable = (at: number): number => {
    if (this.text[at] !== LIST) return this.value(at)
    this.sink.beginTuple(this.itemCount(at))
    const end = this.items(at, this.hashable)
    this.sink.end()
    return end
  }

  protected hexBytes(args: number, kind: 'bytes' | 'bytearray'): boolean {
    const at = this.firstArgument(args)
    if (this.text[at] !== QUOTE) return false
    const hex = jsonString(this.text, at, this.stack.stringEnd(at)).replaceAll(' ', '')
    const bytes = Buffer.from(hex, 'hex')
    if (bytes.length * 2 !== hex.length) return false
    this.sink[kind](bytes, 0, bytes.length)
    return true
  }

  /** The keywords of `time(hour, minute, second, microsecond, tzinfo, fold=…)`, whose msgpack has no positional form. */
  protected time(args: number, base: number, count: number): void {
    const { sink, stack } = this
    const given = args < 0 ? 0 : this.argCount(args)
    sink.beginMap(given + count)
    if (given > 0) {
      let argument = 0
      this.items(stack.slots[args + VALUE]!, (at) => {
        const name = TIME_FIELDS[argument++]!
        sink.text(name, 0, name.length)
        return this.value(at)
      })
    }
    this.keysAndMembers(base, count)
    sink.end()
  }

  protected argument(args: number): void {
    this.value(this.firstArgument(args))
  }

  /** The keywords of a constructor: with `known` fields in their order, what the JSON left out filled in. */
  protected keywords(base: number, count: number, known?: readonly LangChainField[]): void {
    if (known === undefined) {
      this.sink.beginMap(count)
      this.keysAndMembers(base, count)
      this.sink.end()
      return
    }
    const { stack, sink } = this
    const { slots } = stack
    const found = stack.top
    stack.top += known.length
    for (let i = 0; i < known.length; i++) slots[found + i] = -1
    let extra = 0
    let field = -1
    for (let i = 0, slot = base; i < count; i++, slot += SLOT_SIZE) {
      field = this.fieldOf(known, slot, field + 1) // they come in this order, mostly
      if (field < 0) extra++
      else slots[found + field] = slot
    }
    let size = extra
    for (let i = 0; i < known.length; i++) {
      if (slots[found + i]! >= 0 || known[i]!.default !== 'required') size++
    }
    sink.beginMap(size)
    for (let i = 0; i < known.length; i++) this.field(known[i]!, slots[found + i]!)
    for (let i = 0, slot = base; extra > 0 && i < count; i++, slot += SLOT_SIZE) {
      if (this.fieldOf(known, slot, 0) < 0) this.keysAndMembers(slot, 1)
    }
    sink.end()
  }

  protected lostValue(made: LostValue): true {
    const { sink } = this
    if (made.kind === 'null') {
      sink.null()
    } else if (made.kind === 'object') {
      const body = Buffer.from(made.body)
      sink.beginObject(made.head)
      emitJson(body, 0, body.length, sink)
      sink.end()
    } else {
      sink.beginSet(0, made.kind)
      sink.end()
    }
    return true
  }

  /** How many items the array has that a member is; it is what opens next. */
  protected argCount(args: number): number {
    const { slots } = this.stack
    this.container = slots[args + CONTAINER]!
    return this.itemCount(slots[args + VALUE]!)
  }

  /** Where the first argument begins, which opens next if it is a container. */
  private firstArgument(args: number): number {
    const { slots } = this.stack
    this.container = slots[args + CONTAINER]! + 1
    return skipSpace(this.text, slots[args + VALUE]! + 1)
  }

  private keysAndMembers(base: number, count: number): void {
    for (let i = 0, slot = base; i < count; i++, slot += SLOT_SIZE) {
      this.key(slot)
      this.member(slot)
    }
  }

  private fieldOf(known: readonly LangChainField[], slot: number, first: number): number {
    for (let i = first; i < known.length; i++) if (this.stack.keyIs(slot, known[i]!.name)) return i
    for (let i = 0; i < first; i++) if (this.stack.keyIs(slot, known[i]!.name)) return i
    return -1
  }

  private field({ utf8, default: fallback }: LangChainField, slot: number): void {
    const { sink } = this
    if (slot < 0 && fallback === 'required') return
    sink.text(utf8, 0, utf8.length)
    if (slot >= 0) {
      this.member(slot)
    } else if (fallback === 'null') {
      sink.null()
    } else if (fallback === 'map' || fallback === 'list') {
      if (fallback === 'map') sink.beginMap(0)
      else sink.beginList(0)
      sink.end()
    } else if (fallback !== 'required') {
      sink.text(fallback.text, 0, fallback.text.length)
    }
  }
}
