/** Finds where JSON values begin and end in UTF-8 bytes, without decoding them. */
import { DecodeError } from '../bytes.js'

export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const LIST = 0x5b
export const LIST_END = 0x5d
export const BACKSLASH = 0x5c
export const MAP = 0x7b
export const MAP_END = 0x7d
const SPACE = 0x20
const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Shorter strings are searched by a loop, longer ones natively from there on (measured on Node 20). */
export const LOOP_BYTES = 48

/** What a byte outside of strings means to whoever only looks for where values end; most mean nothing. */
export const MEANING = new Uint8Array(256)
export const IS_QUOTE = 1
export const IS_COMMA = 2
export const OPENS = 3
export const CLOSES = 4
MEANING[QUOTE] = IS_QUOTE
MEANING[COMMA] = IS_COMMA
MEANING[MAP] = MEANING[LIST] = OPENS
MEANING[MAP_END] = MEANING[LIST_END] = CLOSES

/** The offset of the next byte that is not white space. */
export function skipSpace(text: Buffer, at: number): number {
  for (;;) {
    const byte = text[at]!
    if (byte > SPACE) return at
    if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return at
    at++
  }
}

/** The offset after the string whose opening quote is at `at`. Raw control characters inside are accepted, as by Python's `strict=False`. */
export function skipString(text: Buffer, at: number): number {
  const stop = at + LOOP_BYTES
  let from = at + 1
  for (; from < stop; from++) {
    const byte = text[from]
    if (byte === QUOTE) return from + 1
    if (byte === BACKSLASH) from++
  }
  return skipStringRest(text, from)
}

/** The offset after the string whose inside goes on at `from`, which must not be the second byte of an escape. */
export function skipStringRest(text: Buffer, from: number): number {
  for (let quote = text.indexOf(QUOTE, from); quote >= 0; quote = text.indexOf(QUOTE, quote + 1)) {
    let slash = quote
    while (slash > from && text[slash - 1] === BACKSLASH) slash--
    if ((quote - slash) % 2 === 0) return quote + 1
  }
  throw new DecodeError('the text ends inside a string', text.length)
}

/** The offset after a number or a literal: of the next byte that cannot belong to one, at most `end`. */
export function skipScalar(text: Buffer, at: number, end: number): number {
  while (at < end) {
    const byte = text[at]!
    if (byte <= SPACE || byte === COMMA || byte === LIST_END || byte === MAP_END) break
    at++
  }
  return at
}

/**
 * The offset after the value that begins at `at`. Brackets are counted, not matched, and nothing else is checked: whoever decodes
 * the value finds what is wrong with it. Throws `DecodeError` where no value begins or the text ends inside it.
 */
export function skipJson(text: Buffer, at: number): number {
  const first = text[at]
  if (first === QUOTE) return skipString(text, at)
  if (first === MAP || first === LIST) return skipContainer(text, at)
  const end = skipScalar(text, at, text.length)
  if (end === at) throw new DecodeError('no value begins here', at)
  return end
}

function skipContainer(text: Buffer, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const meaning = MEANING[text[at]!]!
    if (meaning === 0 || meaning === IS_COMMA) continue
    if (meaning === IS_QUOTE) at = skipString(text, at) - 1
    else if (meaning === OPENS) depth++
    else if (--depth === 0) return at + 1
  }
  throw new DecodeError('the text ends inside a value', start)
}

/**
 * Walks the members of the object whose brace is at `at`:
 * `for (const member = members(text, at); member.next(); ) …`. Duplicate keys come as often as they stand there.
 */
export function members(text: Buffer, at: number): Members {
  return new Members(text, at, MAP, MAP_END)
}

/** Walks the elements of the array whose bracket is at `at`, as `members` walks an object. */
export function elements(text: Buffer, at: number): Elements {
  return new Elements(text, at, LIST, LIST_END)
}

export class Elements {
  /** The range of the value that `next` moved to; after the last one, `end` is the offset after the container. */
  start = 0
  end = 0
  private at: number

  constructor(
    protected readonly text: Buffer,
    at: number,
    open: number,
    private readonly close: number,
  ) {
    if (text[at] !== open) throw new DecodeError(`no ${String.fromCharCode(open)} begins here`, at)
    this.at = at
  }

  /** Moves to the next value; false when there is none. */
  next(): boolean {
    const { text } = this
    let at = this.at
    if (this.end === 0) {
      at = skipSpace(text, at + 1)
      if (text[at] === this.close) return this.finish(at)
    } else {
      at = skipSpace(text, at)
      if (text[at] === this.close) return this.finish(at)
      if (text[at] !== COMMA) throw new DecodeError('a comma is missing', at)
      at = skipSpace(text, at + 1)
    }
    this.start = this.item(at)
    this.end = skipJson(text, this.start)
    this.at = this.end
    return true
  }

  /** Where the value of the item at `at` begins. */
  protected item(at: number): number {
    return at
  }

  private finish(at: number): false {
    this.end = at + 1
    this.at = at // asked again, it says false again
    return false
  }
}

export class Members extends Elements {
  /** The range of the member's key, with its quotes. */
  keyStart = 0
  keyEnd = 0

  /** Whether the key is `name`, which must be ASCII; a key that is spelled with escapes is not recognised. */
  keyIs(name: string): boolean {
    const { text, keyStart } = this
    if (this.keyEnd - keyStart - 2 !== name.length) return false
    for (let i = 0; i < name.length; i++) if (text[keyStart + 1 + i] !== name.charCodeAt(i)) return false
    return true
  }

  protected override item(at: number): number {
    const { text } = this
    if (text[at] !== QUOTE) throw new DecodeError('a key is missing', at)
    this.keyStart = at
    this.keyEnd = skipString(text, at)
    const colon = skipSpace(text, this.keyEnd)
    if (text[colon] !== COLON) throw new DecodeError('a colon is missing', colon)
    return skipSpace(text, colon + 1)
  }
}
