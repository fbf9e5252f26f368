/**
 * A value inside serde bytes that is taken apart only as far as somebody asks: savers put a whole checkpoint into one payload, and
 * its channel values are wanted one by one, as the bytes they are.
 */
import { DecodeError } from '../codec/bytes.js'
import { pythonJsonValue } from '../codec/json/python-json.js'
import { jsonString, plainJsonValue } from '../codec/json/read.js'
import { elements, LIST, MAP, QUOTE, skipJson, skipSpace } from '../codec/json/scan.js'
import { msgpackEntries, msgpackItems, msgpackText, requireOneMsgpack } from '../codec/msgpack/parts.js'
import { msgpackValue } from '../codec/msgpack/read.js'
import { asInt, asList, asText, asTextDict, isNull } from '../codec/pickle/navigate.js'
import type { PickleNode } from '../codec/pickle/node.js'
import { readPickle } from '../codec/pickle/read.js'
import { pickleValue } from '../codec/pickle/value.js'
import { treeOf } from '../codec/tree.js'
import type { Value } from '../model/value.js'
import { fieldsAt } from './plain/json-fields.js'

export interface PackedValue {
  readonly isNull: boolean
  /** Members of a dict whose keys are texts, of two equal keys the last; undefined for anything else. Throws `DecodeError`. */
  members(): ReadonlyMap<string, PackedValue> | undefined
  /** Items of a list or tuple; undefined for anything else. Throws `DecodeError`. */
  items(): readonly PackedValue[] | undefined
  text(): string | undefined
  /** An int or float that JavaScript holds exactly. */
  number(): number | undefined
  /** Itself, to be decoded by whoever wants it. */
  value(): Value
}

/** Makes the value of a range of JSON text. */
export type JsonReading = (text: Buffer, start: number, end: number) => Value

/** What the serde of Python writes as JSON: envelopes are objects; there are no `__bytes__` markers, they are the Redis saver's own. */
export const PYTHON_SERDE_JSON: JsonReading = (text, start, end) =>
  pythonJsonValue(text, start, end, { bytesMarkers: false })
/** What the official Redis saver of Python writes: envelopes and its markers are objects. */
export const REDIS_SAVER_JSON: JsonReading = pythonJsonValue
/** JSON in which nothing stands for something else. */
export const PLAIN_JSON: JsonReading = plainJsonValue

/**
 * The value of a serde pair. Throws `DecodeError` for types that hold no structure, and for encrypted ones: only the app's key tells
 * their parts apart.
 */
export function packedValue(type: string, bytes: Buffer, json: JsonReading = PYTHON_SERDE_JSON): PackedValue {
  if (type === 'msgpack') {
    requireOneMsgpack(bytes)
    return new PackedMsgpack(bytes, 0, bytes.length)
  }
  if (type === 'json') return packedJson(bytes, json)
  if (type === 'pickle') return new PackedPickle(readPickle(bytes))
  if (type.includes('+'))
    throw new DecodeError(
      `encrypted as a whole (${type}): only the app's key opens it`,
      0,
      'unsupported-value',
    )
  throw new DecodeError(`a checkpoint of type ${JSON.stringify(type)}`, 0)
}

/** The one value in a JSON text. Throws `DecodeError`. */
export function packedJson(text: Buffer, json: JsonReading): PackedValue {
  const start = skipSpace(text, 0)
  const end = skipJson(text, start)
  for (let at = end; at < text.length; at++) {
    if (text[at]! > 0x20) throw new DecodeError('text after the end of the value', at)
  }
  return new PackedJson(text, start, end, json)
}

class PackedMsgpack implements PackedValue {
  constructor(
    private readonly bytes: Buffer,
    private readonly start: number,
    private readonly end: number,
  ) {}

  get isNull(): boolean {
    return this.bytes[this.start] === 0xc0
  }

  members(): ReadonlyMap<string, PackedValue> | undefined {
    const entries = msgpackEntries(this.bytes, this.start, this.end)
    if (entries === undefined) return undefined
    const members = new Map<string, PackedValue>()
    for (const { key, value } of entries) {
      const name = msgpackText(this.bytes, key.start, key.end)
      if (name === undefined) return undefined
      members.set(name, new PackedMsgpack(this.bytes, value.start, value.end))
    }
    return members
  }

  items(): readonly PackedValue[] | undefined {
    return msgpackItems(this.bytes, this.start, this.end)?.map(
      ({ start, end }) => new PackedMsgpack(this.bytes, start, end),
    )
  }

  text(): string | undefined {
    return msgpackText(this.bytes, this.start, this.end)
  }

  number(): number | undefined {
    const first = this.bytes[this.start]!
    const isNumber = first < 0x80 || first >= 0xe0 || (first >= 0xca && first < 0xd4)
    return isNumber ? numberOf(this.value()) : undefined
  }

  value(): Value {
    return msgpackValue(this.bytes.subarray(this.start, this.end))
  }
}

class PackedJson implements PackedValue {
  constructor(
    private readonly source: Buffer,
    private readonly start: number,
    private readonly end: number,
    private readonly json: JsonReading,
  ) {}

  get isNull(): boolean {
    return this.source[this.start] === 0x6e
  }

  members(): ReadonlyMap<string, PackedValue> | undefined {
    if (this.source[this.start] !== MAP) return undefined
    const members = new Map<string, PackedValue>()
    fieldsAt(this.source, this.start).forEach(({ start, end }, name) => {
      members.set(name, new PackedJson(this.source, start, end, this.json))
    })
    return members
  }

  items(): readonly PackedValue[] | undefined {
    if (this.source[this.start] !== LIST) return undefined
    const items: PackedValue[] = []
    for (const element = elements(this.source, this.start); element.next(); )
      items.push(new PackedJson(this.source, element.start, element.end, this.json))
    return items
  }

  text(): string | undefined {
    return this.source[this.start] === QUOTE ? jsonString(this.source, this.start, this.end) : undefined
  }

  number(): number | undefined {
    const { source, start, end } = this
    const isNumber = source[start] === 0x2d || (source[start]! >= 0x30 && source[start]! <= 0x39)
    return isNumber ? numberOf(plainJsonValue(source, start, end)) : undefined
  }

  value(): Value {
    return this.json(this.source, this.start, this.end)
  }
}

class PackedPickle implements PackedValue {
  constructor(private readonly node: PickleNode) {}

  get isNull(): boolean {
    return isNull(this.node)
  }

  members(): ReadonlyMap<string, PackedValue> | undefined {
    const entries = asTextDict(this.node)
    return entries && new Map([...entries].map(([name, node]) => [name, new PackedPickle(node)]))
  }

  items(): readonly PackedValue[] | undefined {
    return asList(this.node)?.map((node) => new PackedPickle(node))
  }

  text(): string | undefined {
    return asText(this.node)
  }

  number(): number | undefined {
    return exact(this.node.kind === 'float' ? this.node.value : asInt(this.node))
  }

  value(): Value {
    return pickleValue(this.node)
  }
}

function numberOf(scalar: Value): number | undefined {
  const tree = treeOf(scalar)
  return tree.kind === 'int' || tree.kind === 'float' ? exact(tree.value) : undefined
}

function exact(value: number | bigint | undefined): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined
}
