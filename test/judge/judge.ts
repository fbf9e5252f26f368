/** The judge: is a migrated database what the official writer would have made, as the official reader sees it? */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Case } from '../corpus/cases.js'
import { databaseUrl, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'

/** Numbers are checkpoints, unless their name says otherwise. */
export interface Verdict {
  readonly golden: number
  /** Same values with their types, versions, metadata, parent and pending writes in reading order. */
  readonly equal: number
  /** In the golden rows, but stored without their namespace in Redis: leaving them out is right too. */
  readonly leftOut: number
  /** Single differences accepted by a rule; `accepted` counts them by the rule's name. */
  readonly better: number
  /** `as-in-redis`: kept as the source has it where the official writer changes it; `parent-rebuilt`: see judge.py. */
  readonly accepted: Readonly<Record<string, number>>
  /** Migrated although the official writer refuses them. */
  readonly beyond: number
  readonly missing: number
  readonly extra: number
  readonly differing: number
  /** Rows of the golden tables, and how many of them are there byte for byte. Blobs: 0 where versions are made up. */
  readonly blobs: number
  readonly blobsByteEqual: number
  readonly writes: number
  readonly writesByteEqual: number
  readonly writeRowsMissing: number
  readonly writeRowsExtra: number
  /** The first of everything that is not accepted, values cut short: for the message of a failing test. */
  readonly differences: readonly Difference[]
}

export interface Difference {
  readonly kind: 'missing' | 'extra' | 'differing' | 'write row missing' | 'write row extra'
  /** thread_id, checkpoint_ns, checkpoint_id; of a write row also task_id and idx. */
  readonly key: readonly (string | number)[]
  readonly path?: string
  readonly golden?: string
  readonly migrated?: string
}

/** Judges the tables in `schema` of the database at `postgresUrl`; needs a scratch database on the same server. */
export async function judgeCase(judged: Case, postgresUrl: string, schema = 'public'): Promise<Verdict> {
  return (await judgeCases([{ judged, schema }], postgresUrl))[0]!
}

/** The same for many cases, each in a schema of its own, by one process. */
export async function judgeCases(
  cases: readonly { readonly judged: Case; readonly schema: string }[],
  postgresUrl: string,
): Promise<Verdict[]> {
  const admin = databaseUrl(postgresUrl, 'postgres')
  const scratch = `golden_${randomBytes(6).toString('hex')}`
  await sql(admin, `CREATE DATABASE ${scratch}`)
  try {
    const golden = databaseUrl(postgresUrl, scratch)
    const orders = cases.map(({ judged: { folder, types }, schema }) => ({
      folder,
      types,
      migrated: postgresUrl,
      golden,
      schema,
    }))
    return JSON.parse(await runPython(join(import.meta.dirname, 'judge.py'), { input: orders }))
  } finally {
    await sql(admin, `DROP DATABASE ${scratch} WITH (FORCE)`)
  }
}

/** Fills an empty database with the case's golden rows, as if the official writer had copied it. */
export async function loadGolden(from: Case, postgresUrl: string): Promise<void> {
  await runPython(join(import.meta.dirname, 'golden.py'), {
    input: { folder: from.folder, url: postgresUrl },
  })
}

/** What must be zero or whole in a verdict, for `toMatchObject`: every checkpoint equal, nothing too much. */
export const FAULTLESS = {
  missing: 0,
  extra: 0,
  differing: 0,
  writeRowsMissing: 0,
  writeRowsExtra: 0,
  differences: [],
} as const satisfies Partial<Verdict>
