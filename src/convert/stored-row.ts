/** What a checkpoint row says of itself, read from its two JSONB texts: what Postgres would see in them. */
import { jsonString, members } from '../codec/json/read.js'
import { MAP, QUOTE } from '../codec/json/scan.js'
import type { CheckpointRow } from '../model/rows.js'
import { ROOT_NS } from '../model/thread.js'

export interface StoredRow {
  /** channel → version, as text: blobs are found by it. */
  readonly versions: ReadonlyMap<string, string>
  /** The checkpoint format's version; null where there is none. */
  readonly v: number | null
  /** The root graph's checkpoint that a subgraph call started from. */
  readonly root: string | null
  /** The metadata tells of delta channels. */
  readonly tellsOfDeltas: boolean
  /** Channels that stand inline as `true`: a plain one, or the mark of a delta snapshot that lies in a blob. */
  readonly trueChannels: readonly string[]
}

/** What LangGraph writes into the metadata of threads with delta channels, in Python and in JavaScript. */
export const DELTA_MARKS: ReadonlySet<string> = new Set([
  'counters_since_delta_snapshot',
  'delta_writes_versioned',
])

export function storedRowOf({
  checkpoint,
  metadata,
}: Pick<CheckpointRow, 'checkpoint' | 'metadata'>): StoredRow {
  const found = { versions: new Map<string, string>(), v: null as number | null }
  const trueChannels: string[] = []
  each(checkpoint, 0, (name, start, end) => {
    if (name === 'v') found.v = numberOf(checkpoint, start, end)
    else if (name === 'channel_versions')
      each(checkpoint, start, (channel, from, to) =>
        found.versions.set(channel, textOf(checkpoint, from, to)),
      )
    else if (name === 'channel_values')
      each(checkpoint, start, (channel, from, to) => {
        if (to - from === 4 && checkpoint.toString('latin1', from, to) === 'true') trueChannels.push(channel)
      })
  })
  return { ...found, trueChannels, ...inMetadata(metadata) }
}

function inMetadata(metadata: Buffer): Pick<StoredRow, 'root' | 'tellsOfDeltas'> {
  let root: string | null = null
  let tellsOfDeltas = false
  each(metadata, 0, (name, start) => {
    if (DELTA_MARKS.has(name)) tellsOfDeltas = true
    if (name !== 'parents') return
    each(metadata, start, (ns, from, to) => {
      if (ns === ROOT_NS) root = metadata[from] === QUOTE ? jsonString(metadata, from, to) : null
    })
  })
  return { root, tellsOfDeltas }
}

function each(text: Buffer, at: number, take: (name: string, start: number, end: number) => void): void {
  if (text[at] !== MAP) return
  for (const member = members(text, at); member.next(); )
    take(jsonString(text, member.keyStart, member.keyEnd), member.start, member.end)
}

const textOf = (text: Buffer, start: number, end: number): string =>
  text[start] === QUOTE ? jsonString(text, start, end) : text.toString('latin1', start, end)

function numberOf(text: Buffer, start: number, end: number): number | null {
  const number = Number(text.toString('latin1', start, end))
  return Number.isNaN(number) ? null : number
}
