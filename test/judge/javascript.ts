/** The judge of the JavaScript cases: does the official Postgres saver give back what the official Redis saver holds? */
import type { Case } from '../corpus/cases.js'
import { linesOf } from '../corpus/cases.js'
import { postgresSaver, type SavedTuple } from '../services/javascript.js'
import { sql } from '../services/postgres.js'
import { canonical, countingWrites, isSame, type Writes } from './javascript-values.js'

type Versions = Readonly<Record<string, number | string>>

/** A checkpoint as the official Redis saver gave it; `right` where that saver is known to be wrong. */
interface Expected {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly parent_checkpoint_id: string | null
  readonly checkpoint: ExpectedCheckpoint
  readonly metadata: unknown
  readonly pending_writes: Writes | null
  readonly right?: { readonly channel_values?: Record<string, unknown>; readonly pending_writes?: Writes }
}
interface ExpectedCheckpoint extends Record<string, unknown> {
  readonly channel_values: Record<string, unknown>
  readonly channel_versions: Versions
  readonly versions_seen: Readonly<Record<string, Versions>>
}

export interface JsVerdict {
  readonly checkpoints: number
  readonly equal: number
  /** Of the equal ones: those with another number for a version that two forks share. */
  readonly renumbered: number
  readonly missing: number
  readonly extra: number
  /** What is wrong with the first few that differ. */
  readonly differences: readonly string[]
}

/** Judges the tables in `schema` of the database at `postgresUrl`. */
export async function judgeJs(judged: Case, postgresUrl: string, schema = 'public'): Promise<JsVerdict> {
  const saver = await postgresSaver(postgresUrl, schema)
  const expected = linesOf<Expected>(judged, 'expected.jsonl')
  const stored = new Map<string, SavedTuple>()
  for (const { thread_id, checkpoint_ns, checkpoint_id } of expected) {
    const tuple = await saver.getTuple({ configurable: { thread_id, checkpoint_ns, checkpoint_id } })
    if (tuple !== undefined) stored.set(JSON.stringify([thread_id, checkpoint_ns, checkpoint_id]), tuple)
  }
  const byName = new Map(expected.map((one) => [nameOf(one), one]))
  const verdict = { checkpoints: expected.length, equal: 0, renumbered: 0, missing: 0, extra: 0 }
  const differences: string[] = []
  for (const one of expected) {
    const tuple = stored.get(nameOf(one))
    if (tuple === undefined) {
      verdict.missing++
      continue
    }
    const parent = JSON.stringify([one.thread_id, one.checkpoint_ns, one.parent_checkpoint_id])
    const wrong = wrongParts(one, tuple, { expected: byName.get(parent), stored: stored.get(parent) })
    if (wrong.length > 0) differences.push(`${nameOf(one)}: ${wrong.join(', ')}`)
    else verdict.equal++
    if (!isSame(one.checkpoint.channel_versions, tuple.checkpoint.channel_versions)) verdict.renumbered++
  }
  const rows = await sql<{ thread_id: string; checkpoint_ns: string; checkpoint_id: string }>(
    postgresUrl,
    `SELECT thread_id, checkpoint_ns, checkpoint_id FROM "${schema}".checkpoints`,
  )
  verdict.extra = rows.filter((row) => !byName.has(nameOf(row))).length
  return { ...verdict, differences: differences.slice(0, 20) }
}

const nameOf = (ids: { thread_id: string; checkpoint_ns: string; checkpoint_id: string }): string =>
  JSON.stringify([ids.thread_id, ids.checkpoint_ns, ids.checkpoint_id])

interface Parents {
  readonly expected: Expected | undefined
  readonly stored: SavedTuple | undefined
}

function wrongParts(one: Expected, tuple: SavedTuple, parents: Parents): string[] {
  const wrong: string[] = []
  const {
    channel_versions: versions,
    channel_values: values,
    versions_seen: seen,
    ...fields
  } = one.checkpoint
  const stored = tuple.checkpoint as ExpectedCheckpoint
  const right = one.right?.channel_values ?? values
  for (const channel of new Set([...Object.keys(right), ...Object.keys(stored.channel_values)])) {
    // The official Postgres saver keeps no channel without a version.
    if (!Object.hasOwn(versions, channel)) continue
    // A value that only looks like the spelling of `undefined` is read as that, and canonical JSON leaves it out.
    const there = stored.channel_values[channel] !== undefined
    if (there !== Object.hasOwn(right, channel))
      wrong.push(`channel ${channel} ${there ? 'extra' : 'missing'}`)
    else if (!isSame(right[channel], stored.channel_values[channel])) wrong.push(`channel ${channel}`)
  }
  const { channel_values: _, channel_versions: __, versions_seen: ___, ...storedFields } = stored
  if (!isSame(withoutSends(fields), withoutSends(storedFields))) wrong.push('checkpoint')
  const isKept = isSame(versions, stored.channel_versions) && isSame(seen, stored.versions_seen)
  if (!isKept && !isSame(relations(one.checkpoint, parents.expected), relations(stored, parents.stored)))
    wrong.push('versions')
  if (!isSame(withoutNul(one.metadata), withoutNul(tuple.metadata))) wrong.push('metadata')
  if ((tuple.parentConfig?.configurable.checkpoint_id ?? null) !== one.parent_checkpoint_id)
    wrong.push('parent')
  const writes = one.right?.pending_writes ?? one.pending_writes ?? []
  if (!isSame(countingWrites(writes), countingWrites(tuple.pendingWrites ?? []))) wrong.push('pending writes')
  return wrong
}

/** How versions stand to each other: what each node has seen to what there is, and what there is to the parent's. */
function relations(
  { channel_versions: versions, versions_seen: seen }: ExpectedCheckpoint,
  parent: { readonly checkpoint: Record<string, unknown> } | undefined,
): unknown {
  const before = (parent?.checkpoint.channel_versions ?? {}) as Versions
  const relation = ([channel, version]: [string, number | string]) => ({
    type: typeof version,
    belowParent: (before[channel] ?? version) > version,
    seen: mapped(seen, ([, versionsSeen]) => order(versionsSeen[channel], version)),
  })
  return mapped(versions, relation)
}

const mapped = <From, To>(from: Readonly<Record<string, From>>, to: (entry: [string, From]) => To) =>
  Object.fromEntries(Object.entries(from).map((entry) => [entry[0], to(entry)]))

const order = (a: number | string | undefined, b: number | string): string =>
  a === undefined ? 'unseen' : a < b ? 'older' : a > b ? 'newer' : 'same'

/** They are read from the writes of the parent. */
const withoutSends = ({ pending_sends: _, ...fields }: Record<string, unknown>): unknown => fields

const withoutNul = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(canonical(value)).replaceAll('\\u0000', ''))
