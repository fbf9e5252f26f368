/** The containers of a JSON text, found in one pass, so that whoever decodes it can look ahead without searching again. */
import { DecodeError, type DecodeLimits } from './bytes.js'
import { COMMA, LIST, LIST_END, MAP, MAP_END, QUOTE, skipString } from './json-scan.js'

/** Containers are numbered as they open, from 0; a container's first child has its number plus one. */
export interface JsonIndex {
  /** The offset after its closing bracket. */
  readonly end: readonly number[]
  /** The number of the first container that is not inside it: its next sibling, if it has one. */
  readonly next: readonly number[]
  /** Its number of commas: one less than its items, unless it is empty. */
  readonly commas: readonly number[]
}

/** `}` and `]` stand two after `{` and `[` in ASCII. */
const CLOSING = MAP_END - MAP

/**
 * Indexes the one container in `text[start, end)`; what follows it is not looked at. Iterative: throws `DecodeError` for a bracket
 * too many, one too few, one of the wrong kind, and past the limits.
 */
export function indexContainers(text: Buffer, start: number, end: number, limits: DecodeLimits): JsonIndex {
  const index = { end: [] as number[], next: [] as number[], commas: [] as number[] }
  const brackets: number[] = []
  const open: number[] = []
  let container = -1
  let items = 0
  for (let at = start; at < end; at++) {
    const byte = text[at]!
    switch (byte) {
      case QUOTE:
        at = skipString(text, at) - 1
        break
      case COMMA:
        if (++items > limits.maxItems)
          throw new DecodeError(`more than ${limits.maxItems} values`, at, 'too-large')
        index.commas[container]!++
        break
      case MAP:
      case LIST:
        if (open.length === limits.maxDepth)
          throw new DecodeError(`nested more than ${limits.maxDepth} deep`, at)
        container = index.end.length
        open.push(container)
        brackets.push(byte)
        index.end.push(0)
        index.next.push(0)
        index.commas.push(0)
        break
      case MAP_END:
      case LIST_END:
        if (brackets.pop() !== byte - CLOSING)
          throw new DecodeError('a closing bracket of the wrong kind', at)
        index.end[container] = at + 1
        index.next[container] = index.end.length
        open.pop()
        if (open.length === 0) return index
        container = open[open.length - 1]!
    }
  }
  throw new DecodeError('the text ends inside a value', end)
}
