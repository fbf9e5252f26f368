/** What the RedisJSON documents of the official savers have in common, in Python and in JavaScript: ids, versions, positions. */
import { DecodeError } from '../../codec/bytes.js'
import { jsonString } from '../../codec/json/read.js'
import { LIST, MAP, QUOTE } from '../../codec/json/scan.js'
import { ShortMap } from '../../model/short-map.js'
import type { ChannelVersion } from '../../model/thread.js'
import { type Fields, fieldsAt, NO_FIELDS, type Range } from './json-fields.js'

/** A document's text with its members. */
export interface JsonDocument {
  readonly text: Buffer
  readonly fields: Fields
}

/** An id as Python's `str()` would give it: some savers store a number where the app passed one. */
export function idField({ text, fields }: JsonDocument, name: string): string | null | undefined {
  const range = fields.get(name)
  return range === undefined ? undefined : idAt(text, range)
}

export function idAt(text: Buffer, { start, end }: Range): string | null {
  const first = text[start]
  if (first === QUOTE) return jsonString(text, start, end)
  if (first === MAP || first === LIST) throw new DecodeError('an id is an object or a list', start)
  const token = text.toString('latin1', start, end)
  return token === 'null' ? null : token
}

/** A member that must be a string. */
export function stringField({ text, fields }: JsonDocument, name: string): string {
  const range = fields.get(name)
  if (range === undefined) throw new DecodeError(`no ${name}`, 0)
  if (text[range.start] !== QUOTE) throw new DecodeError('not a string', range.start)
  return jsonString(text, range.start, range.end)
}

/** A time in milliseconds since 1970, ready to be spread into a record; nothing where the document has none. */
export function storedAt({ text, fields }: JsonDocument, name: string): { readonly storedAtMs?: number } {
  const range = fields.get(name)
  if (range === undefined) return {}
  const ms = Number(text.toString('latin1', range.start, range.end))
  return Number.isFinite(ms) && ms > 0 && !isNullAt(text, range) ? { storedAtMs: ms } : {}
}

/** The position of a write, which Postgres holds in four bytes. */
export function idxField(document: JsonDocument): number {
  const idx = Number(idField(document, 'idx') ?? Number.NaN)
  if (!Number.isInteger(idx) || Math.abs(idx) > 0x7fffffff) throw new DecodeError('idx is no integer', 0)
  return idx
}

/** The members of an object that may be absent or null. */
export function membersAt(text: Buffer, range: Range | undefined): Fields {
  if (range === undefined || isNullAt(text, range)) return NO_FIELDS
  return range.members ?? fieldsAt(text, range.start)
}

export const isNullAt = (text: Buffer, { start, end }: Range): boolean =>
  end - start === 4 && text[start] === 0x6e && text.toString('latin1', start, end) === 'null'

/** `channel_versions`, or what one node has seen. */
export function versionsAt(text: Buffer, range: Range | undefined): ReadonlyMap<string, ChannelVersion> {
  const members = membersAt(text, range)
  const versions = new ShortMap<ChannelVersion>(members.size)
  members.forEach((at, channel) => {
    versions.set(channel, versionAt(text, at))
  })
  return versions
}

/** `versions_seen`: node → channel → version. */
export function versionsSeenAt(
  text: Buffer,
  range: Range | undefined,
): ReadonlyMap<string, ReadonlyMap<string, ChannelVersion>> {
  const members = membersAt(text, range)
  const seen = new ShortMap<ReadonlyMap<string, ChannelVersion>>(members.size)
  members.forEach((versions, node) => {
    seen.set(node, versionsAt(text, versions))
  })
  return seen
}

function versionAt(text: Buffer, range: Range): ChannelVersion {
  if (text[range.start] === QUOTE) return jsonString(text, range.start, range.end)
  const version = idAt(text, range)
  const number = Number(version ?? Number.NaN)
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) {
    throw new DecodeError('a channel version is neither text nor a number', range.start)
  }
  return number
}
