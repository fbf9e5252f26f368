/** The containers of a JSON text, found in one pass, so that whoever decodes it can look ahead without searching again. */
import { DecodeError, type DecodeLimits } from '../bytes.js'
import { IS_COMMA, IS_QUOTE, MAP, MAP_END, MEANING, OPENS, skipString } from './scan.js'

/**
 * Containers are numbered as they open, from 0; a container's first child has its number plus one. The arrays are used again for the
 * next text: what stands behind the last container of this one means nothing.
 */
export class JsonIndex {
  /** The offset after its closing bracket. */
  readonly end: number[] = []
  /** The number of the first container that is not inside it: its next sibling, if it has one. */
  readonly next: number[] = []
  /** Its number of commas: one less than its items, unless it is empty. */
  readonly commas: number[] = []
  /** Those that are open while a text is indexed. */
  readonly open: number[] = []
}

/** `}` and `]` stand two after `{` and `[` in ASCII. */
const CLOSING = MAP_END - MAP

/**
 * Indexes the one container that begins at `start` in `index`; what follows it is not looked at. Iterative: throws `DecodeError` for a bracket
 * too many, one too few, one of the wrong kind, and past the limits.
 */
export function indexContainers(
  text: Buffer,
  start: number,
  end: number,
  limits: DecodeLimits,
  index: JsonIndex,
): void {
  const { end: ends, next, commas, open } = index
  let count = 0
  let depth = 0
  let container = -1
  let commasHere = 0
  let items = 0
  for (let at = start; at < end; at++) {
    const meaning = MEANING[text[at]!]!
    if (meaning === 0) continue
    if (meaning === IS_QUOTE) {
      at = skipString(text, at) - 1
    } else if (meaning === IS_COMMA) {
      commasHere++
      if (++items > limits.maxItems) {
        throw new DecodeError(`more than ${limits.maxItems} values`, at, 'too-large')
      }
    } else if (meaning === OPENS) {
      if (depth === limits.maxDepth) {
        throw new DecodeError(`nested more than ${limits.maxDepth} deep`, at)
      }
      if (container >= 0) commas[container] = commasHere
      container = count++
      open[depth++] = container
      ends[container] = text[at]! // the bracket, until its end is known
      next[container] = 0
      commas[container] = 0
      commasHere = 0
    } else {
      if (ends[container] !== text[at]! - CLOSING) {
        throw new DecodeError('a closing bracket of the wrong kind', at)
      }
      ends[container] = at + 1
      next[container] = count
      commas[container] = commasHere
      depth--
      if (depth === 0) return
      container = open[depth - 1]!
      commasHere = commas[container]!
    }
  }
  throw new DecodeError('the text ends inside a value', end)
}
