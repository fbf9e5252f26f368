/** What official savers leave in a schema, older ones too, and a dump to compare schemas by. */
import { readMigrations, withSchemas } from '../../src/target/init/migrations.js'
import { sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'

/** Runs the official `setup()` of the newest release. */
export const setupOfficially = (
  url: string,
  saver: 'PostgresSaver' | 'AsyncPostgresSaver' | 'ShallowPostgresSaver',
) => runPython(PROGRAMS[saver], { args: [url] })

const PROGRAMS = {
  PostgresSaver: `
import sys
from langgraph.checkpoint.postgres import PostgresSaver
with PostgresSaver.from_conn_string(sys.argv[1]) as saver:
    saver.setup()
`,
  AsyncPostgresSaver: `
import asyncio, sys
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
async def main():
    async with AsyncPostgresSaver.from_conn_string(sys.argv[1]) as saver:
        await saver.setup()
asyncio.run(main())
`,
  ShallowPostgresSaver: `
import sys
from langgraph.checkpoint.postgres.shallow import ShallowPostgresSaver
with ShallowPostgresSaver.from_conn_string(sys.argv[1]) as saver:
    saver.setup()
`,
}

/** Everything pg_dump would write about the tables of a schema, as sorted lines. */
export async function schemaDump(url: string, schema = 'public'): Promise<string[]> {
  const rows = await sql<{ line: string }>(
    url,
    `SELECT format('%s %s.%s %s %s default %s, compression %s, storage %s', c.relkind, c.relname, a.attnum, a.attname,
       format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
       pg_get_expr(d.adbin, d.adrelid), to_jsonb(a) ->> 'attcompression', a.attstorage) AS line
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = $1::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
     UNION ALL
     SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = $1::regnamespace AND contype <> 'n'
     UNION ALL
     SELECT pg_get_indexdef(indexrelid) || CASE WHEN indisvalid AND indisready THEN '' ELSE ' INVALID' END
     FROM pg_index JOIN pg_class i ON i.oid = indexrelid WHERE i.relnamespace = $1::regnamespace
     ORDER BY 1`,
    [`"${schema.replaceAll('"', '""')}"`],
  )
  return rows.map((row) => row.line)
}

export async function numbersIn(url: string, schema = 'public'): Promise<number[]> {
  const table = `"${schema.replaceAll('"', '""')}".checkpoint_migrations`
  return (await sql<{ v: number }>(url, `SELECT v FROM ${table} ORDER BY v`)).map((row) => row.v)
}

/** Tables as older releases left them: what each ran, under which numbers (their release histories). */
export const OLDER_STATES = {
  '1.0.0: no numbers, blob NOT NULL': { steps: [1, 2, 3], blobNotNull: true, numbers: null },
  '1.0.1: blob NOT NULL': { steps: [0, 1, 2, 3], blobNotNull: true, numbers: [0, 1, 2, 3] },
  '1.0.2, and every JavaScript saver': { steps: [0, 1, 2, 3, 4], numbers: [0, 1, 2, 3, 4] },
  '2.0.8: an empty step 5, then the indexes': {
    steps: [0, 1, 2, 3, 4, 6, 7, 8],
    numbers: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  },
  '2.0.10: the indexes as 5 to 7': { steps: [0, 1, 2, 3, 4, 6, 7, 8], numbers: [0, 1, 2, 3, 4, 5, 6, 7] },
  '2.0.12: the task path as 8': { steps: [0, 1, 2, 3, 4, 6, 7, 8, 9], numbers: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
  '2.0.8, then 2.0.12: 8 recorded, no task path': {
    steps: [0, 1, 2, 3, 4, 6, 7, 8],
    numbers: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  },
  '2.0.13 to 3.2.0': { steps: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], numbers: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
  'setup() that died before its indexes': { steps: [0, 1, 2, 3, 4], numbers: [0, 1, 2, 3, 4, 5] },
  'all numbers, but somebody dropped an index and the column': {
    steps: [0, 1, 2, 3, 4, 6, 8],
    numbers: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  },
} as const satisfies Record<
  string,
  { steps: readonly number[]; numbers: readonly number[] | null; blobNotNull?: boolean }
>

export async function makeOlderState(url: string, name: keyof typeof OLDER_STATES): Promise<void> {
  const state: { steps: readonly number[]; numbers: readonly number[] | null; blobNotNull?: boolean } =
    OLDER_STATES[name]
  const all = (await readMigrations())['langgraph-python']
  for (const number of state.steps) {
    for (const statement of all[number]!.statements)
      await sql(url, withSchemas(statement, { schema: 'public' }))
  }
  if (state.blobNotNull) await sql(url, 'ALTER TABLE checkpoint_blobs ALTER COLUMN blob SET NOT NULL')
  for (const number of state.numbers ?? [])
    await sql(url, 'INSERT INTO checkpoint_migrations VALUES ($1)', [number])
  await sql(url, `INSERT INTO checkpoints VALUES ('t', '', 'c', NULL, NULL, '{"v": 4}', '{}')`)
  await sql(
    url,
    `INSERT INTO checkpoint_writes VALUES ('t', '', 'c', 'task', 0, 'channel', 'bytes', '\\x00')`,
  )
}
