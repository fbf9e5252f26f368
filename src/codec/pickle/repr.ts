/** What Python's `repr` prints for a value: the text of an exception's arguments. */
import { DecodeError } from '../bytes.js'
import type { Meaning } from './meaning.js'
import { classNameOf, type PickleNode, type PickleObject } from './node.js'

/** Far longer than any message; only shared parts written out get there. */
const MAX_LENGTH = 16 * 1024 * 1024
const MAX_DEPTH = 200

/** Objects print as dataclasses do: `Name(field=value)`, or `Name(argument, …)`. Throws `DecodeError` beyond its bounds. */
export function pythonRepr(node: PickleNode, meaningOf: (object: PickleObject) => Meaning): string {
  let length = 0
  const print = (value: PickleNode, depth: number): string => {
    if (depth > MAX_DEPTH) return '...'
    const text = printed(value, (inner) => print(inner, depth + 1), meaningOf)
    length += text.length
    if (length > MAX_LENGTH) throw new DecodeError('an exception with too long a text', 0, 'too-large')
    return text
  }
  return print(node, 0)
}

type Print = (node: PickleNode) => string

function printed(node: PickleNode, print: Print, meaningOf: (object: PickleObject) => Meaning): string {
  switch (node.kind) {
    case 'null':
      return 'None'
    case 'bool':
      return node.value ? 'True' : 'False'
    case 'int':
      return String(node.value)
    case 'float':
      return floatRepr(node.value)
    case 'text':
      return textRepr(node.source.toString('utf8', node.start, node.end))
    case 'bytes':
      return bytesRepr(node.source.subarray(node.start, node.end))
    case 'bytearray':
      return `bytearray(${bytesRepr(node.source.subarray(node.start, node.end))})`
    case 'list':
      return `[${node.items.map(print).join(', ')}]`
    case 'tuple':
      return node.items.length === 1 ? `(${print(node.items[0]!)},)` : `(${node.items.map(print).join(', ')})`
    case 'set':
      return node.items.length === 0 ? 'set()' : `{${node.items.map(print).join(', ')}}`
    case 'frozenset':
      return node.items.length === 0 ? 'frozenset()' : `frozenset({${node.items.map(print).join(', ')}})`
    case 'dict':
      return `{${pairs(node.entries, (key, value) => `${print(key)}: ${print(value)}`)}}`
    case 'global':
      return `<class '${node.path}'>`
    case 'object':
      return objectRepr(node, print, meaningOf)
  }
}

function objectRepr(
  object: PickleObject,
  print: Print,
  meaningOf: (object: PickleObject) => Meaning,
): string {
  if (object.callable.kind !== 'global') return `<${classNameOf(object)} object>`
  const name = object.callable.name.split('.').at(-1)!
  if (object.how === 'call') return `${name}(${object.args.map(print).join(', ')})`
  const { body } = meaningOf(object)
  if (body.kind === 'dict') {
    return `${name}(${pairs(body.entries, (key, value) => `${plainText(key)}=${print(value)}`)})`
  }
  return body.kind === 'list' ? `${name}(${body.items.map(print).join(', ')})` : `${name}(${print(body)})`
}

function pairs(entries: readonly PickleNode[], show: (key: PickleNode, value: PickleNode) => string): string {
  const shown: string[] = []
  for (let i = 0; i + 1 < entries.length; i += 2) shown.push(show(entries[i]!, entries[i + 1]!))
  return shown.join(', ')
}

const plainText = (node: PickleNode): string =>
  node.kind === 'text' ? node.source.toString('utf8', node.start, node.end) : '?'

/** Shortest digits, as JavaScript's; an exponent from 1e16 up and below 1e-4. */
function floatRepr(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const [mantissa, power] = value.toExponential().split('e') as [string, string]
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 16) return Number.isInteger(value) ? `${value}.0` : String(value)
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\\'"]|[^ -~\p{L}\p{M}\p{N}\p{P}\p{S}]/gu, (character) => {
    if (character === '\\' || character === quote) return `\\${character}`
    if (character === '"' || character === "'") return character
    return SHORT_ESCAPES.get(character) ?? hexEscape(character.codePointAt(0)!)
  })
  return quote + escaped + quote
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

function hexEscape(code: number): string {
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

function bytesRepr(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[\\'"]|[^ -~]/g, (character) => {
    if (character === '\\' || character === quote) return `\\${character}`
    if (character === '"' || character === "'") return character
    return SHORT_ESCAPES.get(character) ?? hexEscape(character.charCodeAt(0))
  })
  return `b${quote}${escaped}${quote}`
}
