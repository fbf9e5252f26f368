/** All cases in one Redis: each under thread ids of its own, and its rows taken out of the common tables again. */
import { join } from 'node:path'
import { sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { type Case, linesOf } from './cases.js'
import { type KeyLine, loadRedis } from './load.js'

const PREFIXED = join(import.meta.dirname, 'prefixed.py')
const TABLES = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'] as const

/** Before every thread id of the case. */
export const tagOf = ({ name }: Case): string => `${name}/`

/** Loads each case with its tag in front of its thread ids, so that no two share a key. */
export async function loadPrefixed(cases: readonly Case[], redisUrl: string): Promise<void> {
  for (const one of cases) {
    const lines = await runPython(PREFIXED, { input: { folder: one.folder, tag: tagOf(one) } })
    await loadRedis(
      lines.split('\n').flatMap((line): KeyLine[] => (line === '' ? [] : [JSON.parse(line)])),
      redisUrl,
    )
  }
}

/** Loads each case as it is; of keys that several have, the last one's stays. */
export async function loadTogether(cases: readonly Case[], redisUrl: string): Promise<void> {
  const lines = new Map<string, KeyLine>()
  for (const one of cases) {
    for (const line of linesOf<KeyLine>(one, 'redis.jsonl')) lines.set(line.key, line)
  }
  await loadRedis([...lines.values()], redisUrl)
}

/** Copies the case's rows from `schema` into a new schema of its own, their thread ids as they were; the new schema's name. */
export async function takeOut(one: Case, postgresUrl: string, schema: string): Promise<string> {
  const own = `of_${one.name.replace(/[^a-z0-9]/g, '_')}`
  const tag = tagOf(one)
  await sql(postgresUrl, `CREATE SCHEMA ${own}`)
  for (const table of TABLES) {
    await sql(postgresUrl, `CREATE TABLE ${own}.${table} (LIKE "${schema}".${table} INCLUDING ALL)`)
    await sql(
      postgresUrl,
      `INSERT INTO ${own}.${table} SELECT * FROM "${schema}".${table} WHERE starts_with(thread_id, $1)`,
      [tag],
    )
    await sql(postgresUrl, `UPDATE ${own}.${table} SET thread_id = substr(thread_id, length($1) + 1)`, [tag])
  }
  // Metadata that copied the thread id got the tag where it was loaded.
  await sql(
    postgresUrl,
    `UPDATE ${own}.checkpoints SET metadata = replace(metadata::text, $1, '')::jsonb,
     checkpoint = replace(checkpoint::text, $1, '')::jsonb WHERE strpos(metadata::text || checkpoint::text, $1) > 0`,
    [tag],
  )
  return own
}
