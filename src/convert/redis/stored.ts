/** One row of `checkpoints`, taken apart as far as a document needs it: the rest goes there as text. */
import { jsonString, members } from '../../codec/json/read.js'
import { MAP, QUOTE } from '../../codec/json/scan.js'
import type { CheckpointRow } from '../../model/rows.js'

export interface StoredParts {
  readonly row: CheckpointRow
  /** The JSON of each member of the checkpoint. */
  readonly members: ReadonlyMap<string, Buffer>
  /** channel → version, as the rows of values are joined by it. */
  readonly versions: ReadonlyMap<string, string>
  readonly versionsAreNumbers: boolean
  /** The JSON of each value that stands in the row itself. */
  readonly inlined: ReadonlyMap<string, Buffer>
  readonly metadata: ReadonlyMap<string, Buffer>
  /** 0 where there is none. */
  readonly v: number
}

export function partsOf(row: CheckpointRow): StoredParts {
  const parts = membersOf(row.checkpoint)
  const versions = new Map<string, string>()
  let versionsAreNumbers = false
  for (const [channel, text] of membersOf(parts.get('channel_versions'))) {
    const isText = text[0] === QUOTE
    if (!isText && text.equals(NULL)) continue
    versions.set(channel, isText ? textOf(text)! : text.toString())
    if (!isText) versionsAreNumbers = true
  }
  return {
    row,
    members: parts,
    versions,
    versionsAreNumbers,
    inlined: membersOf(parts.get('channel_values')),
    metadata: membersOf(row.metadata),
    v: Number(parts.get('v') ?? 0),
  }
}

/** None where no object stands. */
export function membersOf(text: Buffer | undefined): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>()
  if (text?.[0] !== MAP) return found
  for (const member = members(text, 0); member.next(); )
    found.set(jsonString(text, member.keyStart, member.keyEnd), text.subarray(member.start, member.end))
  return found
}

/** What a JSON string says; undefined for any other value. */
export const textOf = (json: Buffer | undefined): string | undefined =>
  json?.[0] === QUOTE ? jsonString(json, 0, json.length) : undefined

const NULL = Buffer.from('null')
