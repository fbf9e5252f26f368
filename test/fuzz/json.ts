/** JSON texts: Python's plain JSON beside `json.loads`, JavaScript's beside `JSON.parse`; and the mutations of both. */
import { DecodeError, EncodeError } from '../../src/codec/bytes.js'
import { jsJsonValue, jsTyped } from '../../src/codec/json/js-json.js'
import { emitJson } from '../../src/codec/json/read.js'
import { elements, LIST, MAP, members, skipJson, skipSpace } from '../../src/codec/json/scan.js'
import { treeOf } from '../../src/codec/tree.js'
import type { Tree, ValueSink } from '../../src/model/value.js'
import { damaged } from './blunt.js'
import type { Random } from './random.js'
import { changed, type Dialect, type Shape } from './shape.js'
import { Speller } from './spelled.js'
import { Broken, type Outcome, type Target } from './target.js'

export function plainJsonTarget(seeds: readonly Buffer[]): Target {
  const pool = seeds.map(jsonShape)
  return {
    name: 'json',
    peer: 'j',
    payload: (random) => mutatedJson(pool, random),
    read: (payload) => spelledBy((sink) => emitJson(payload, 0, payload.length, sink)),
    meant: { theirsAlone: /^nested more than 1000 deep/ },
  }
}

/** `JSON.parse` is the official reader, and it is at hand. */
export function jsJsonTarget(seeds: readonly Buffer[]): Target {
  const pool = seeds.map(jsonShape)
  return {
    name: 'js-json',
    payload: (random) => mutatedJson(pool, random),
    read(payload) {
      const outcome = ownReading(payload)
      const parsed = officialReading(payload)
      if (outcome instanceof Error) {
        const isMeant = /^(nested more than 1000|integer of over 4300|text that is not UTF-8)/.test(
          outcome.message,
        )
        if (parsed !== undefined && !isMeant)
          throw new Broken(`refused (${outcome.message}), but JSON.parse reads it`)
        return { state: 'refused', reason: outcome.message }
      }
      if (parsed === undefined) throw new Broken('decoded, but JSON.parse refuses it')
      if (!isSame(outcome, parsed.value)) throw new Broken('read differently by JSON.parse')
      return { state: 'decoded' }
    },
  }
}

function ownReading(payload: Buffer): Tree | DecodeError {
  try {
    const value = jsJsonValue(payload, 0, payload.length)
    jsTyped(value)
    return treeOf(value)
  } catch (error) {
    if (error instanceof DecodeError) return error
    throw error
  }
}

function officialReading(payload: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(payload.toString('utf8')) }
  } catch {
    return undefined
  }
}

/** Numbers as JavaScript rounds them; of keys that come twice the last counts. */
function isSame(tree: Tree, value: unknown): boolean {
  switch (tree.kind) {
    case 'null':
      return value === null
    case 'bool':
      return value === tree.value
    case 'int':
    case 'float':
      return Number(tree.value) === value
    case 'text':
      return typeof value === 'string' && Buffer.from(value).equals(Buffer.from(textOf(tree.utf8)))
    case 'list':
      return (
        Array.isArray(value) &&
        value.length === tree.items.length &&
        tree.items.every((item, i) => isSame(item, value[i]))
      )
    case 'map': {
      if (typeof value !== 'object' || value === null) return false
      const held = new Map(
        tree.entries.map(([key, item]) => [key.kind === 'text' ? textOf(key.utf8) : '', item]),
      )
      const keys = Object.keys(value)
      return (
        keys.length === held.size &&
        keys.every((key) => held.has(key) && isSame(held.get(key)!, Reflect.get(value, key)))
      )
    }
    default:
      return false
  }
}

/** Lone surrogates, which are three bytes in a tree, as the characters that JavaScript has for them. */
function textOf(utf8: Buffer): string {
  if (!utf8.includes(0xed)) return utf8.toString('utf8')
  return utf8.toString('latin1').replace(/[\xc2-\xf4][\x80-\xbf]+/g, (bytes) => {
    const raw = Buffer.from(bytes, 'latin1')
    const isLone = raw[0] === 0xed && raw[1]! >= 0xa0
    return isLone
      ? String.fromCharCode(0xd000 | ((raw[1]! & 0x3f) << 6) | (raw[2]! & 0x3f))
      : raw.toString('utf8')
  })
}

export function spelledBy(emit: (sink: ValueSink) => void): Outcome {
  const speller = new Speller()
  try {
    emit(speller)
  } catch (error) {
    if (error instanceof EncodeError) return { state: 'decoded' }
    if (error instanceof DecodeError) return { state: 'refused', reason: error.message }
    throw error
  }
  return { state: 'decoded', spelling: speller.result() }
}

export function mutatedJson(pool: readonly Shape[], random: Random): Buffer {
  const shape = changed(random.pick(pool), pool, JSON_TEXT, random)
  const text = Buffer.from(textOfShape(shape, random), 'latin1')
  return random.chance(35) ? damaged(text, random) : text
}

/** Takes whole JSON apart. */
export function jsonShape(text: Buffer): Shape {
  return shapeAt(text, skipSpace(text, 0))
}

function shapeAt(text: Buffer, start: number): Shape {
  const items: Shape[] = []
  if (text[start] === LIST) {
    for (const element = elements(text, start); element.next(); ) items.push(shapeAt(text, element.start))
    return { kind: 'list', code: 0, items }
  }
  if (text[start] === MAP) {
    for (const member = members(text, start); member.next(); ) {
      items.push(
        { kind: 'leaf', bytes: text.subarray(member.keyStart, member.keyEnd) },
        shapeAt(text, member.start),
      )
    }
    return { kind: 'map', code: 0, items }
  }
  return { kind: 'leaf', bytes: text.subarray(start, skipJson(text, start)) }
}

/** Latin-1 text of the bytes. */
export function textOfShape(shape: Shape, random: Random): string {
  if (shape.kind === 'leaf') return shape.bytes.toString('latin1')
  const items = shape.items.map((item) => textOfShape(item, random))
  const comma = random.chance(10) ? ', ' : ','
  if (shape.kind !== 'map') return `[${items.join(comma)}]`
  const colon = random.chance(10) ? ' : ' : ':'
  let text = '{'
  for (let i = 0; i + 1 < items.length; i += 2)
    text += `${i > 0 ? comma : ''}${items[i]}${colon}${items[i + 1]}`
  return `${text}}`
}

const SCALARS =
  'null true false 0 -0 1 -1 1.0 -0.0 0.1 1e5 1E-7 1e400 -1e400 NaN Infinity -Infinity 01 1. .5 +1 - 9007199254740991 9007199254740993 18446744073709551616 123456789012345678901234567890 1e nul True'
    .split(' ')
    .map((text) => Buffer.from(text))
const STRINGS = [
  '""', '"a"', '"lc"', '"type"', '"constructor"', '"id"', '"kwargs"', '"args"', '"method"', '"value"', '"__interrupt__"', '"__bytes__"',
  '"__send__"', '"__delta_snapshot__"', '"checkpoint"', '"\\u0000"', '"\\ud83c\\udf89"', '"\\ud800"', '"\\udc00\\ud800"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
  '"naïve 🧵 \u2028"', `"${'long '.repeat(20)}"`, '"\\u00e"', '"\\x"', '"tab\tinside"', '"\\u006cc"', '"__proto__"', '"toString"', '"__set_items__"',
].map((text) => Buffer.from(text)) // biome-ignore format: a table
const KEYS = STRINGS.filter((text) => !/\\u00e"|\\x|\t/.test(text.toString()))

export const JSON_TEXT: Dialect = {
  leaf(old, random) {
    const choice = random.below(10)
    if (choice < 3) return random.pick(SCALARS)
    if (choice < 5) return random.pick(STRINGS)
    if (choice < 7)
      return Buffer.from(String(random.chance(50) ? random.bits() : random.bits() / (1 + random.below(1e6))))
    if (choice < 9 && old.length > 2) {
      const copy = Buffer.from(old)
      copy[1 + random.below(copy.length - 2)] = 0x30 + random.below(75)
      return copy
    }
    return old
  },
  key: (random) => random.pick(KEYS),
}
