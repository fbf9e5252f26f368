/** Drives a sink with a JSON text. */
import { isUtf8 } from 'node:buffer'
import type { ValueSink } from '../../model/value.js'
import { DEFAULT_LIMITS, DecodeError, type DecodeLimits } from '../bytes.js'
import { NOWHERE } from '../nowhere.js'
import { indexContainers, JsonIndex } from './index.js'
import {
  CONTAINER,
  KEY,
  KEY_END,
  KEY_ESCAPED,
  MemberStack,
  SLOT_SIZE,
  VALUE,
  VALUE_END,
  VALUE_ESCAPED,
} from './members.js'
import { decodeString, emitScalar } from './scalars.js'
import { COMMA, LIST, LIST_END, LOOP_BYTES, MAP, QUOTE, skipScalar, skipSpace } from './scan.js'

const NO_TEXT = Buffer.alloc(0)
/** Texts with more containers leave larger arrays behind than are worth keeping. */
const MAX_KEPT_CONTAINERS = 64 * 1024

/**
 * Reads one text after another. Objects are gathered before they go out, so that whoever extends this sees all members of an object.
 * While one is reading, another may be needed for what lies inside (`Emitters`).
 */
export class JsonEmitter {
  protected readonly stack = new MemberStack()
  /** The number in the index of the container that opens next. */
  protected container = 0
  protected text: Buffer = NO_TEXT
  protected sink: ValueSink = NOWHERE
  private start = 0
  private end = 0
  private limits: DecodeLimits = DEFAULT_LIMITS
  private readonly index = new JsonIndex()
  private scratch: Buffer | undefined

  /** No text has made it large. */
  get isSmall(): boolean {
    return this.index.end.length <= MAX_KEPT_CONTAINERS && this.stack.slots.length <= MAX_KEPT_CONTAINERS
  }

  /** Holds on to nothing of the text that was read. */
  letGo(): void {
    this.text = NO_TEXT
    this.sink = NOWHERE
    this.scratch = undefined
    this.stack.reset(NO_TEXT, 0)
  }

  /** Emits the one value of the range. Throws `DecodeError`, its offset counted from the start of the range. */
  read(text: Buffer, start: number, end: number, sink: ValueSink, limits: DecodeLimits): void {
    this.text = text
    this.start = start
    this.end = end
    this.sink = sink
    this.limits = limits
    this.container = 0
    this.stack.reset(text, end)
    this.whole()
  }

  private whole(): void {
    try {
      this.checkUtf8()
      const at = skipSpace(this.text, this.start)
      const first = this.text[at]
      if (first === MAP || first === LIST) {
        indexContainers(this.text, at, this.end, this.limits, this.index)
      }
      const after = skipSpace(this.text, this.value(at))
      if (after < this.end) throw new DecodeError('more text after the end of the value', after)
    } catch (error) {
      if (isStackOverflow(error)) throw new DecodeError('nested too deep', 0)
      if (!(error instanceof DecodeError)) throw error
      throw new DecodeError(error.message, Math.min(error.offset, this.end) - this.start, error.reason)
    }
  }

  /** Emits the value at `at` and returns the offset after it. */
  protected value(at: number): number {
    const first = this.text[at]
    if (first === MAP) return this.object(at)
    if (first === LIST) return this.list(at)
    let end: number
    if (first === QUOTE) {
      end = this.stack.stringEnd(at)
      if (end > this.end) throw new DecodeError('the text ends inside a string', at)
      this.string(at + 1, end - 1, this.stack.escaped)
    } else {
      end = skipScalar(this.text, at, this.end)
      emitScalar(this.text, at, end, this.sink)
    }
    return end
  }

  private list(at: number): number {
    this.sink.beginList(this.itemCount(at))
    const end = this.items(at, this.emitValue)
    this.sink.end()
    return end
  }
  private readonly emitValue = (at: number): number => this.value(at)

  /** The number of items of the array at `at`, which opens next. */
  protected itemCount(at: number): number {
    if (this.text[skipSpace(this.text, at + 1)] === LIST_END) return 0
    return this.index.commas[this.container]! + 1
  }

  /** Emits the items of the array at `at`, each by `emit`, which returns the offset after it. */
  protected items(at: number, emit: (at: number) => number): number {
    const { text } = this
    this.container++
    let item = skipSpace(text, at + 1)
    if (text[item] === LIST_END) return item + 1
    for (;;) {
      const after = skipSpace(text, emit(item))
      if (text[after] === LIST_END) return after + 1
      if (text[after] !== COMMA) throw new DecodeError('a comma is missing', after)
      item = skipSpace(text, after + 1)
    }
  }

  private object(at: number): number {
    const { stack, container } = this
    const base = stack.top
    const count = this.gather(at)
    this.members(base, count)
    stack.top = base
    this.container = this.index.next[container]!
    return this.index.end[container]!
  }

  /** Gathers the object at `at`, which opens next, above what the stack holds, and returns the number of its members. */
  protected gather(at: number): number {
    const count = this.stack.gather(at, this.index, this.container)
    this.stack.top += count * SLOT_SIZE
    if (this.stack.lost.length > 0) this.checkLost()
    return count
  }

  /** A text is JSON only if the values that do not count are. */
  private checkLost(): void {
    const { sink, stack } = this
    const lost = stack.lost.splice(0)
    this.sink = NOWHERE
    for (let i = 0; i < lost.length; i += 2) {
      this.container = lost[i + 1]!
      this.value(lost[i]!)
    }
    this.sink = sink
  }

  /** Emits the object whose members are in the slots from `base` on. */
  protected members(base: number, count: number): void {
    this.sink.beginMap(count)
    for (let i = 0, slot = base; i < count; i++, slot += SLOT_SIZE) {
      this.key(slot)
      this.member(slot)
    }
    this.sink.end()
  }

  protected key(slot: number): void {
    const { slots } = this.stack
    this.string(slots[slot + KEY]!, slots[slot + KEY_END]!, slots[slot + KEY_ESCAPED] === 1)
  }

  /** Emits the value of a member. */
  protected member(slot: number): void {
    const { slots } = this.stack
    const at = slots[slot + VALUE]!
    const first = this.text[at]
    if (first === QUOTE) {
      this.string(at + 1, slots[slot + VALUE_END]! - 1, slots[slot + VALUE_ESCAPED] === 1)
    } else if (first === MAP || first === LIST) {
      this.container = slots[slot + CONTAINER]!
      this.value(at)
    } else {
      emitScalar(this.text, at, slots[slot + VALUE_END]!, this.sink)
    }
  }

  /** Emits what stands between the quotes of a string. */
  private string(start: number, end: number, escaped: boolean): void {
    if (!escaped) {
      this.sink.text(this.text, start, end)
      return
    }
    if (this.scratch === undefined || this.scratch.length < end - start) {
      this.scratch = Buffer.allocUnsafe(end - start)
    }
    this.sink.text(this.scratch, 0, decodeString(this.text, start, end, this.scratch))
  }

  private checkUtf8(): void {
    const { text, start, end } = this
    if (isShortAscii(text, start, end) || isUtf8(text.subarray(start, end))) return
    let good = start
    let bad = end
    while (bad - good > 1) {
      let middle = (good + bad) >> 1
      while (middle > good && (text[middle]! & 0xc0) === 0x80) middle-- // never cut inside a character
      if (middle === good) break
      if (isUtf8(text.subarray(good, middle))) good = middle
      else bad = middle
    }
    throw new DecodeError('text that is not UTF-8', good)
  }
}

/** Numbers, ids, times: for them a view, which the native check takes, costs more than a loop. */
function isShortAscii(text: Buffer, start: number, end: number): boolean {
  if (end - start > LOOP_BYTES) return false
  for (let at = start; at < end; at++) if (text[at]! >= 0x80) return false
  return true
}

/** Emitters of one kind that are idle: most texts are so short that making one would take longer than reading them. */
export class Emitters<Emitter extends JsonEmitter> {
  private readonly idle: Emitter[] = []

  constructor(private readonly make: () => Emitter) {}

  use(read: (emitter: Emitter) => void): void {
    const emitter = this.idle.pop() ?? this.make()
    try {
      read(emitter)
    } finally {
      emitter.letGo()
      if (emitter.isSmall) this.idle.push(emitter)
    }
  }
}

/** Within the limit of depth, only thousands of envelopes inside each other get here; how many depends on who called. */
const isStackOverflow = (error: unknown): boolean =>
  error instanceof RangeError && error.message.includes('call stack')
