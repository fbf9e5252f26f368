/** How Python pickles dates, times and time zones (CPython `datetime`, `zoneinfo`; pytz, dateutil and pydantic where they are a fixed offset). */
import {
  type ClassReader,
  fieldsNode,
  listNode,
  type Meaning,
  numberOf,
  objectMeaning,
  smallIntNode,
  textNode,
  unsupported,
} from './meaning.js'
import { objectNode, type PickleNode, type PickleObject } from './node.js'

const SECONDS_A_DAY = 86_400
const MICROSECONDS = 1_000_000

export const DATETIME_CLASSES: Readonly<Record<string, ClassReader>> = {
  'datetime.datetime': datetime,
  'datetime.date': date,
  'datetime.time': time,
  'datetime.timedelta': (object) => positional(object, 'timedelta'),
  'datetime.timezone': (object) => positional(object, 'timezone'),
  'zoneinfo.ZoneInfo._unpickle': ({ args: [key] }) =>
    key?.kind === 'text' ? objectMeaning('single-argument', 'zoneinfo', 'ZoneInfo', key) : undefined,
  'pydantic_core._pydantic_core.TzInfo': fixedOffset,
  'pytz._UTC': fixedOffset,
  'pytz._p': fixedOffset,
  'pytz.FixedOffset': fixedOffset,
  'dateutil.tz.tz.tzutc': fixedOffset,
}

const positional = (object: PickleObject, name: string): Meaning =>
  objectMeaning('positional', 'datetime', name, listNode(object.args, object))

/**
 * Ten bytes and a zone. Written as the official saver does (ISO text), unless that would lose the name of the zone or the
 * second of two equal hours: then by its fields, which every official reader builds too.
 */
function datetime(object: PickleObject): Meaning | undefined {
  const [packed, zone] = object.args
  const bytes = bytesOf(packed, 10)
  if (bytes === undefined) return undefined
  const fold = bytes[2]! > 127 ? 1 : 0
  const [year, month, day] = [bytes.readUInt16BE(0), bytes[2]! & 127, bytes[3]!]
  if (!isDate(year, month, day) || !isTime(bytes, 4)) return undefined
  const offset = zone === undefined || zone.kind === 'null' ? undefined : offsetOf(zone)
  const named = zone !== undefined && zone.kind !== 'null' && offset === undefined
  if (named && !isZoneInfo(zone))
    throw unsupported('a datetime with a time zone of an unknown class', object.at)
  if (fold === 1 || named) {
    const fields = { year, month, day, ...timeFields(bytes, 4) }
    const body = fieldsNode({ ...intNodes(fields), tzinfo: zone ?? NONE, fold: smallIntNode(fold) }, object)
    return objectMeaning('keywords', 'datetime', 'datetime', body)
  }
  const iso = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}T${isoTime(bytes, 4)}`
  const body = textNode(iso + (offset === undefined ? '' : isoOffset(offset)))
  return { head: { form: 'method', module: 'datetime', name: 'datetime', method: 'fromisoformat' }, body }
}

function date(object: PickleObject): Meaning | undefined {
  const bytes = bytesOf(object.args[0], 4)
  if (bytes === undefined) return undefined
  const parts = [bytes.readUInt16BE(0), bytes[2]!, bytes[3]!] as const
  if (!isDate(...parts)) return undefined
  return objectMeaning('positional', 'datetime', 'date', listNode(parts.map(smallIntNode), object))
}

/** Six bytes and a zone; the fold is bit 7 of the hour. */
function time(object: PickleObject): Meaning | undefined {
  const packed = bytesOf(object.args[0], 6)
  if (packed === undefined) return undefined
  const fold = smallIntNode(packed[0]! > 127 ? 1 : 0)
  const bytes = Buffer.from(packed)
  bytes[0]! &= 127
  if (!isTime(bytes, 0)) return undefined
  const body = fieldsNode({ ...intNodes(timeFields(bytes, 0)), tzinfo: object.args[1] ?? NONE, fold }, object)
  return objectMeaning('keywords', 'datetime', 'time', body)
}

/** A zone of another library by itself: the standard library's zone with the same offset. */
function fixedOffset(object: PickleObject): Meaning | undefined {
  const offset = offsetOf(object)
  if (offset === undefined) return undefined
  const seconds = Math.floor(offset / MICROSECONDS)
  const parts = [0, seconds, offset - seconds * MICROSECONDS].map(smallIntNode)
  const callable: PickleNode = {
    kind: 'global',
    module: 'datetime',
    name: 'timedelta',
    path: 'datetime.timedelta',
    at: object.at,
  }
  const delta = objectNode('call', callable, parts, object.document, object.at)
  return objectMeaning('positional', 'datetime', 'timezone', listNode([delta], object))
}

/** A zone's offset from UTC in microseconds; undefined where it is none that never changes. */
function offsetOf(zone: PickleNode): number | undefined {
  if (zone.kind !== 'object' || zone.callable.kind !== 'global') return undefined
  const [first, second] = zone.args
  switch (zone.callable.path) {
    case 'datetime.timezone':
      return first?.kind === 'object' ? timedeltaOf(first) : undefined
    case 'pydantic_core._pydantic_core.TzInfo':
      return scaled(first === undefined || first.kind === 'null' ? 0 : secondsOf(first), MICROSECONDS)
    case 'pytz._UTC':
    case 'dateutil.tz.tz.tzutc':
      return 0
    case 'pytz._p':
      return scaled(numberOf(second), MICROSECONDS)
    case 'pytz.FixedOffset':
      return scaled(numberOf(first), 60 * MICROSECONDS)
    default:
      return undefined
  }
}

function timedeltaOf(delta: PickleObject): number | undefined {
  const [days, seconds, microseconds] = delta.args.map(numberOf)
  if (days === undefined || seconds === undefined || microseconds === undefined) return undefined
  return (days * SECONDS_A_DAY + seconds) * MICROSECONDS + microseconds
}

const isZoneInfo = (zone: PickleNode): boolean =>
  zone.kind === 'object' && zone.callable.kind === 'global' && zone.callable.module === 'zoneinfo'

const secondsOf = (node: PickleNode): number | undefined =>
  node.kind === 'float' ? node.value : numberOf(node)
const scaled = (value: number | undefined, by: number): number | undefined =>
  value === undefined ? undefined : value * by

const isDate = (year: number, month: number, day: number): boolean =>
  year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31

const isTime = (bytes: Buffer, at: number): boolean =>
  bytes[at]! < 24 && bytes[at + 1]! < 60 && bytes[at + 2]! < 60 && bytes.readUIntBE(at + 3, 3) < MICROSECONDS

function isoTime(bytes: Buffer, at: number): string {
  const { hour, minute, second, microsecond } = timeFields(bytes, at)
  const text = [hour, minute, second].map((part) => digits(part, 2)).join(':')
  return microsecond === 0 ? text : `${text}.${digits(microsecond, 6)}`
}

/** `+HH:MM`, with seconds and microseconds only where there are some. */
function isoOffset(offset: number): string {
  const size = Math.abs(offset)
  const seconds = Math.floor(size / MICROSECONDS)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const microseconds = size % MICROSECONDS
  const shown = parts[2] === 0 && microseconds === 0 ? parts.slice(0, 2) : parts
  const text = (offset < 0 ? '-' : '+') + shown.map((part) => digits(part, 2)).join(':')
  return microseconds === 0 ? text : `${text}.${digits(microseconds, 6)}`
}

const timeFields = (bytes: Buffer, at: number) => ({
  hour: bytes[at]!,
  minute: bytes[at + 1]!,
  second: bytes[at + 2]!,
  microsecond: bytes.readUIntBE(at + 3, 3),
})

const intNodes = (fields: Readonly<Record<string, number>>): Record<string, PickleNode> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, smallIntNode(value)]))

function bytesOf(node: PickleNode | undefined, length: number): Buffer | undefined {
  if (node?.kind !== 'bytes' || node.end - node.start !== length) return undefined
  return node.source.subarray(node.start, node.end)
}

const digits = (value: number, count: number): string => String(value).padStart(count, '0')
const NONE: PickleNode = { kind: 'null' }
