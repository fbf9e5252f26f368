/** Reads the JSON of LangGraph's Python savers: plain JSON in which some objects stand for others, which are built as they are met. */
import type { TextReading, Value, ValueNotes, ValueSink } from '../../model/value.js'
import { DEFAULT_LIMITS, DecodeError } from '../bytes.js'
import { Emitters } from './emit.js'
import { type LangChainClass, langChainClassOf, langChainIds } from './langchain-classes.js'
import { CONTAINER, KEY, KEY_END, KEY_ESCAPED, SLOT_SIZE, VALUE } from './members.js'
import { begins, isSpelled, spellingOf, textAt, textsAt } from './peek.js'
import { base64Of } from './python-base64.js'
import { INTERRUPT_FIELDS, PythonBodies } from './python-bodies.js'
import { type Envelope, type Revival, revivalOf } from './python-envelopes.js'
import { BACKSLASH, LIST, MAP, members } from './scan.js'
import { JsonText } from './text-value.js'

export { plainJsonValue } from './read.js'

export interface PythonJsonOptions {
  /** Read the outermost objects of a value as Interrupts: savers 0.1.2 and 0.1.3 left no marker in `__interrupt__` writes. */
  readonly plainInterrupts?: boolean
  /**
   * Read `{"__bytes__": …}` as bytes (default). False for writes: there nested bytes make the whole value msgpack, so that such a
   * map is the user's own.
   */
  readonly bytesMarkers?: boolean
}

/**
 * Decodes the one value in `text[start, end)` into a sink. Envelopes (`lc` 1 and 2) and markers (`__interrupt__`, `__send__`,
 * `__bytes__`, `__delta_snapshot__`) of langgraph-checkpoint 1.0–2.1 and langgraph-checkpoint-redis 0.0.1–0.5.2 go out as what they
 * stand for. Where the newest official reader (0.5.2) keeps a raw map, so does this; what that reader would lose although the JSON
 * holds it (pydantic models, sets of tuples, datetimes, bytes) is kept. Throws `DecodeError`, its offset counted from `start`.
 */
export function emitPythonJson(
  text: Buffer,
  start: number,
  end: number,
  sink: ValueSink,
  notes?: ValueNotes,
  options: PythonJsonOptions = {},
): void {
  EMITTERS.use((emitter) => emitter.readPython(text, start, end, sink, { notes, options }))
}

/** A value in a text of a Python saver; decoded each time it is emitted. */
export function pythonJsonValue(
  text: Buffer,
  start: number,
  end: number,
  options: PythonJsonOptions = {},
): Value {
  return new JsonText(text, start, end, readingOf(options))
}

/** One reading for every combination of options. */
function readingOf({ plainInterrupts = false, bytesMarkers = true }: PythonJsonOptions): TextReading {
  return READINGS[(plainInterrupts ? 1 : 0) + (bytesMarkers ? 2 : 0)]!
}

const READINGS = [0, 1, 2, 3].map((which): TextReading => {
  const options = { plainInterrupts: (which & 1) === 1, bytesMarkers: (which & 2) === 2 }
  return {
    emit: (text, start, end, sink, notes) => emitPythonJson(text, start, end, sink, notes, options),
  }
})

/**
 * Whether the object that a text begins with is nothing but a map: none of its keys could make it stand for something else. False
 * also where that cannot be told at a glance.
 */
export function isPlainMap(text: Buffer): boolean {
  try {
    const member = members(text, 0)
    while (member.next()) {
      const first = text[member.keyStart + 1]
      if (first === UNDERSCORE || first === LETTER_L || first === BACKSLASH) return false
      if (text.subarray(member.keyStart, member.keyEnd).includes(BACKSLASH)) return false
    }
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

const LETTER_L = 0x6c
const LETTER_C = 0x63
const UNDERSCORE = 0x5f

class PythonJsonEmitter extends PythonBodies {
  private reviving = true
  private notes: ValueNotes | undefined
  private options: PythonJsonOptions = {}

  readPython(
    text: Buffer,
    start: number,
    end: number,
    sink: ValueSink,
    { notes, options }: { readonly notes: ValueNotes | undefined; readonly options: PythonJsonOptions },
  ): void {
    this.reviving = true
    this.notes = notes
    this.options = options
    this.read(text, start, end, sink, DEFAULT_LIMITS)
  }

  protected override members(base: number, count: number): void {
    if (this.reviving && this.mayBeSpecial(base, count) && this.special(base, count)) return
    if (base === 0 && this.options.plainInterrupts && this.isPlainInterrupt(count))
      this.interrupt(base, count)
    else super.members(base, count)
  }

  /** Whether any key is `lc`, begins with two underscores, or is spelled so that one cannot tell. */
  private mayBeSpecial(base: number, count: number): boolean {
    const { text } = this
    const { slots } = this.stack
    for (let i = 0, slot = base; i < count; i++, slot += SLOT_SIZE) {
      const key = slots[slot + KEY]!
      const first = text[key]
      if (first === UNDERSCORE && text[key + 1] === UNDERSCORE) return true
      if (first === LETTER_L && text[key + 1] === LETTER_C && slots[slot + KEY_END] === key + 2) return true
      if (slots[slot + KEY_ESCAPED] === 1) return true
    }
    return false
  }

  /** Emits what the object stands for; false where it stands for itself. */
  private special(base: number, count: number): boolean {
    const { stack } = this
    if (isSpelled(stack, stack.find(base, count, 'type'), '"constructor"')) {
      const lc = stack.find(base, count, 'lc')
      if (isSpelled(stack, lc, '1')) return this.langChain(base, count)
      if (isSpelled(stack, lc, '2')) return this.langGraph(base, count)
    }
    return this.marked(base, count)
  }

  private marked(base: number, count: number): boolean {
    const { stack } = this
    const isMarked = (marker: string): boolean => isSpelled(stack, stack.find(base, count, marker), 'true')
    const value = stack.find(base, count, 'value')
    if (value >= 0 && isMarked('__interrupt__')) return this.interrupt(base, count)
    if (value >= 0 && count === 2 && isMarked('__delta_snapshot__')) return this.deltaSnapshot(value)
    if (count === 3 && isMarked('__send__')) return this.send(base, count)
    return count === 1 && this.options.bytesMarkers !== false && this.markedBytes(base)
  }

  private markedBytes(slot: number): boolean {
    const base64 = this.stack.keyIs(slot, '__bytes__') ? textAt(this.stack, slot) : undefined
    const bytes = base64 === undefined ? undefined : base64Of(base64)
    if (bytes === undefined) return false
    this.sink.bytes(bytes, 0, bytes.length)
    return true
  }

  private isPlainInterrupt(count: number): boolean {
    for (let slot = 0; slot < count * SLOT_SIZE; slot += SLOT_SIZE) {
      if (!INTERRUPT_FIELDS.some((name) => this.stack.keyIs(slot, name))) return false
    }
    return count > 1 && this.stack.find(0, count, 'value') >= 0
  }

  /** `lc: 1`. A class of another package stays the map it is, with all that it holds: the official reader cannot build it either. */
  private langChain(base: number, count: number): true {
    const { stack } = this
    const known = this.langChainClass(stack.find(base, count, 'id'))
    const kwargs = stack.find(base, count, 'kwargs')
    if (known === undefined || (kwargs >= 0 && !begins(stack, kwargs, MAP))) {
      this.reviving = false
      super.members(base, count)
      this.reviving = true
      return true
    }
    this.sink.beginObject(known.head)
    const fields = stack.top
    this.keywords(fields, kwargs < 0 ? 0 : this.gatherMember(kwargs), known.fields)
    this.sink.end()
    return true
  }

  private langChainClass(id: number): LangChainClass | undefined {
    if (id < 0) return undefined
    return langChainIds.get(spellingOf(this.stack, id)) ?? langChainClassOf(textsAt(this.stack, id))
  }

  /** `lc: 2`. */
  private langGraph(base: number, count: number): boolean {
    const { stack } = this
    const id = textsAt(stack, stack.find(base, count, 'id'))
    const args = this.unlessNull(stack.find(base, count, 'args'))
    const kwargs = this.unlessNull(stack.find(base, count, 'kwargs'))
    if (id.length < 2 || (args >= 0 && !begins(stack, args, LIST))) return false
    if (kwargs >= 0 && !begins(stack, kwargs, MAP)) return false
    const method = stack.find(base, count, 'method')
    const fields = stack.top
    const fieldCount = kwargs < 0 ? undefined : this.gatherMember(kwargs)
    const setItems = fieldCount === 1 && stack.keyIs(fields, '__set_items__') && begins(stack, fields, LIST)
    if (setItems && id.join('.') === 'builtins.set') return this.setItems(fields)
    const envelope: Envelope = {
      module: id.slice(0, -1).join('.'),
      name: id[id.length - 1]!,
      method: textAt(stack, method) ?? textsAt(stack, method)[0],
      args: args < 0 ? undefined : this.argCount(args),
      kwargs: fieldCount,
      hasNotes: fieldCount !== undefined && stack.find(fields, fieldCount, '__notes__') >= 0,
    }
    return this.revive(envelope, revivalOf(envelope), { args, fields, fieldCount: fieldCount ?? 0 })
  }

  private revive(
    { module, name }: Envelope,
    revival: Revival,
    { args, fields, fieldCount }: { args: number; fields: number; fieldCount: number },
  ): boolean {
    if (revival.as === 'map' || revival.as === 'lost') {
      if (revival.lost !== undefined) this.notes?.note('value-lost-at-source', `${module}.${name}`)
      return revival.as === 'lost' && this.lostValue(revival.lost)
    }
    if (revival.as === 'set') return this.set(args, revival.kind)
    if (revival.as !== 'object') return this.hexBytes(args, revival.as)
    if (revival.body === 'send') return this.send(fields, fieldCount)
    this.sink.beginObject(revival.head)
    if (revival.body === 'argument') this.argument(args)
    else if (revival.body === 'arguments') this.member(args)
    else if (revival.body === 'time') this.time(args, fields, fieldCount)
    else this.keywords(fields, fieldCount, revival.fields)
    this.sink.end()
    return true
  }

  /** Gathers the object that a member is above what the stack holds; the number of its members. */
  private gatherMember(slot: number): number {
    const { slots } = this.stack
    this.container = slots[slot + CONTAINER]!
    return this.gather(slots[slot + VALUE]!)
  }

  private unlessNull(slot: number): number {
    return isSpelled(this.stack, slot, 'null') ? -1 : slot
  }
}

const EMITTERS = new Emitters(() => new PythonJsonEmitter())
