/** Finds where the members of a JSON document stand, and those of the objects inside it that matter, in one pass over its bytes. */
import { DecodeError } from '../../codec/bytes.js'
import { jsonString } from '../../codec/json/read.js'
import { COLON, COMMA, MAP, MAP_END, QUOTE, skipJson, skipSpace, skipString } from '../../codec/json/scan.js'

/** Where a value stands; `members` where it is an object that was looked into. */
export interface Range {
  readonly start: number
  readonly end: number
  readonly members?: Fields
}
export type Fields = ReadonlyMap<string, Range>

/** Names of members whose own members are wanted too. */
export interface LookInto {
  readonly [name: string]: LookInto
}
const NOWHERE: LookInto = {}

/** Members of the object at `at`; of a name that comes twice the last, as Python reads it. Throws `DecodeError`. */
export function fieldsAt(text: Buffer, at: number, lookInto: LookInto = NOWHERE): Fields {
  return objectAt(text, at, lookInto).members
}

function objectAt(text: Buffer, start: number, lookInto: LookInto): Required<Range> {
  if (text[start] !== MAP) throw new DecodeError('no object begins here', start)
  const members = new Map<string, Range>()
  let at = skipSpace(text, start + 1)
  if (text[at] === MAP_END) return { start, end: at + 1, members }
  for (;;) {
    if (text[at] !== QUOTE) throw new DecodeError('a key is missing', at)
    const keyEnd = skipString(text, at)
    const name = jsonString(text, at, keyEnd)
    const colon = skipSpace(text, keyEnd)
    if (text[colon] !== COLON) throw new DecodeError('a colon is missing', colon)
    const value = skipSpace(text, colon + 1)
    const inside = text[value] === MAP && Object.hasOwn(lookInto, name) ? lookInto[name] : undefined
    const range =
      inside === undefined ? { start: value, end: skipJson(text, value) } : objectAt(text, value, inside)
    members.set(name, range)
    at = skipSpace(text, range.end)
    if (text[at] === MAP_END) return { start, end: at + 1, members }
    if (text[at] !== COMMA) throw new DecodeError('a comma is missing', at)
    at = skipSpace(text, at + 1)
  }
}
