/** One row of `checkpoints`, taken apart as far as a document needs it: the rest goes there as text. */
import { jsonString, members } from '../../codec/json/read.js'
import { MAP, QUOTE } from '../../codec/json/scan.js'
import type { CheckpointRow } from '../../model/rows.js'
import { DELTA_MARKS } from '../stored-row.js'

/** A JSON value inside a row. */
export interface JsonRange {
  readonly text: Buffer
  readonly start: number
  readonly end: number
}

/** What the row of a value is found by. */
export interface ValueKey {
  readonly channel: string
  readonly version: string
  /** One name for thread, namespace, channel and version: Postgres' text has no NUL. */
  readonly name: string
}

export interface StoredParts {
  readonly row: CheckpointRow
  /** Each member of the checkpoint. */
  readonly members: ReadonlyMap<string, JsonRange>
  readonly keys: readonly ValueKey[]
  readonly versionsAreNumbers: boolean
  /** The values that stand in the row itself. */
  readonly inlined: ReadonlyMap<string, JsonRange>
  readonly metadata: ReadonlyMap<string, JsonRange>
  /** 0 where there is none. */
  readonly v: number
}

export function partsOf(row: CheckpointRow): StoredParts {
  const parts = membersOf(whole(row.checkpoint))
  const prefix = `${row.threadId}\0${row.checkpointNs}\0`
  const keys: ValueKey[] = []
  let versionsAreNumbers = false
  for (const [channel, range] of membersOf(parts.get('channel_versions'))) {
    const text = textOf(range)
    const version = text ?? spelling(range)
    if (version === 'null' && text === undefined) continue
    keys.push({ channel, version, name: `${prefix}${channel}\0${version}` })
    if (text === undefined) versionsAreNumbers = true
  }
  const v = parts.get('v')
  return {
    row,
    members: parts,
    keys,
    versionsAreNumbers,
    inlined: membersOf(parts.get('channel_values')),
    metadata: membersOf(whole(row.metadata)),
    v: v === undefined ? 0 : Number(spelling(v)),
  }
}

/** LangGraph rebuilds some values of the thread from the writes of earlier checkpoints. */
export const tellsOfDeltas = ({ metadata }: StoredParts): boolean =>
  [...DELTA_MARKS].some((mark) => metadata.has(mark))

const whole = (text: Buffer): JsonRange => ({ text, start: 0, end: text.length })

/** None where no object stands. */
export function membersOf(range: JsonRange | undefined): ReadonlyMap<string, JsonRange> {
  const found = new Map<string, JsonRange>()
  if (range === undefined || range.text[range.start] !== MAP) return found
  const { text } = range
  for (const member = members(text, range.start); member.next(); ) {
    const { start, end } = member
    found.set(jsonString(text, member.keyStart, member.keyEnd), { text, start, end })
  }
  return found
}

/** What a JSON string says; undefined for any other value. */
export const textOf = (range: JsonRange | undefined): string | undefined =>
  range?.text[range.start] === QUOTE ? jsonString(range.text, range.start, range.end) : undefined

export const spelling = ({ text, start, end }: JsonRange): string => text.toString('utf8', start, end)

export const bytesOf = ({ text, start, end }: JsonRange): Buffer => text.subarray(start, end)
