/** JSON text taken apart. */
import type { Outline } from '../../model/outline.js'
import { elements, jsonString, members } from '../json/read.js'
import { LIST, MAP, QUOTE, skipJson, skipSpace } from '../json/scan.js'
import { MAX_OUTLINE_DEPTH, type OutlineBudget, TOO_MUCH, textOfBytes } from './scalars.js'

/** What the bytes of a string hold, where they are a payload themselves. */
export type LookInside = (bytes: Buffer) => Outline['inside']

/** Throws `DecodeError`. */
export function outlineJson(text: Buffer, budget: OutlineBudget, inside: LookInside): Outline {
  const start = skipSpace(text, 0)
  return outlineAt(start, skipJson(text, start), 0)

  function outlineAt(at: number, end: number, depth: number): Outline {
    if (!budget.take() || depth > MAX_OUTLINE_DEPTH) return { at, end, kind: TOO_MUCH }
    if (text[at] === MAP) return { at, end, kind: 'map', items: [...membersAt(at, depth)] }
    if (text[at] === LIST) return { at, end, kind: 'list', items: [...elementsAt(at, depth)] }
    if (text[at] !== QUOTE) return { at, end, kind: 'scalar', text: text.toString('utf8', at, end) }
    const string = Buffer.from(jsonString(text, at, end))
    const found = inside(string)
    return {
      at,
      end,
      kind: 'text',
      text: textOfBytes(string, 0, string.length),
      ...(found && { inside: found }),
    }
  }

  function* membersAt(at: number, depth: number): Generator<Outline> {
    for (const member = members(text, at); member.next(); ) {
      const label = jsonString(text, member.keyStart, member.keyEnd)
      yield { ...outlineAt(member.start, member.end, depth + 1), label }
    }
  }

  function* elementsAt(at: number, depth: number): Generator<Outline> {
    for (const element = elements(text, at); element.next(); )
      yield outlineAt(element.start, element.end, depth + 1)
  }
}
