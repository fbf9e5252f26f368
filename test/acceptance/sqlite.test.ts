/** Files of the official SQLite savers: what is moved from them is what the saver itself returns, also while an application writes to them. */

import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { Case } from '../corpus/cases.js'
import { judgeJs } from '../judge/javascript.js'
import { FAULTLESS, judgeCase } from '../judge/judge.js'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { pythonPeer, runPython } from '../services/python.js'
import { commandLine, ends } from './command-line.js'

const ROOT = join(import.meta.dirname, '..', '..')
const CORPORA = join(ROOT, '..', 'shared', 'corpus')

const casesIn = (root: string, names: readonly string[]): Case[] =>
  names.map((name) => ({
    name: `sqlite/${name}`,
    family: name.startsWith('js') ? 'js' : 'python',
    folder: join(root, 'sqlite', name),
    types: join(root, 'python'),
    flags: [],
  }))

const FIXTURES = casesIn(join(ROOT, 'fixtures'), ['python-3.1.2', 'js'])
const WHOLE = existsSync(CORPORA) ? casesIn(CORPORA, ['python-3.1.2', 'python-3.1.2-wal', 'js']) : []
const CASES = [...FIXTURES, ...WHOLE].map((from) => ({
  title: `${from.name} (${FIXTURES.includes(from) ? 'selection' : 'whole'})`,
  from,
}))

const urlOf = ({ folder }: Case): string => `sqlite:${join(folder, 'db.sqlite')}`
const [python, javascript] = FIXTURES as [Case, Case]

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-sqlite-test-'))
  atEndOfFile(() => rm(folder, { recursive: true }))
  return folder
}

describe.each(CASES)('$title', ({ from }) => {
  test('every checkpoint is what the saver holds; it verifies, and a second run writes nothing', async () => {
    const postgres = await freshDatabase()
    const env = ends(urlOf(from), postgres)
    const isJs = from.family === 'js'
    const before = await readdir(from.folder)
    expect(await commandLine(isJs ? 'init --dialect js' : 'init', env)).toMatchObject({ exit: 0 })
    expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
    expect(await commandLine('verify', env)).toMatchObject({ exit: 0 })
    const again = JSON.parse((await commandLine('migrate --json', env)).out)
    expect(again).toMatchObject({
      threads: { new: 0, changed: 0 },
      checkpoints: { inserted: 0, updated: 0 },
      writes: { inserted: 0, updated: 0 },
      blobs: { inserted: 0, updated: 0 },
    })
    expect(again.threads.unchanged).toBeGreaterThan(5)
    if (isJs) {
      const { checkpoints, ...verdict } = await judgeJs(from, postgres)
      expect(verdict).toMatchObject({ equal: checkpoints, missing: 0, extra: 0, differences: [] })
      expect(verdict.renumbered).toBeGreaterThan(0)
    } else {
      const verdict = await judgeCase(from, postgres)
      expect(verdict).toMatchObject({
        ...FAULTLESS,
        equal: verdict.golden,
        blobsByteEqual: verdict.blobs,
        writesByteEqual: verdict.writes,
      })
      expect(verdict.golden).toBeGreaterThan(40)
    }
    expect(await readdir(from.folder)).toEqual(before)
  })
})

describe('while an application writes to the file', () => {
  test('each pass takes whole transactions only, and the last one everything', async () => {
    const file = join(await temporaryFolder(), 'at work.db')
    await copyFile(join(python.folder, 'db.sqlite'), file)
    const writer = await pythonPeer(join(import.meta.dirname, 'sqlite_writer.py'), {
      args: [file, 'int-pending'],
    })
    const committed = async (line: string): Promise<number> => Number(await writer.ask(line))
    const postgres = await freshDatabase()
    const env = ends(`sqlite:${file}`, postgres)
    await commandLine('init', env)
    const arrived = async () => {
      const rows = await sql<{ writes: string }>(
        postgres,
        `SELECT thread_id, (SELECT count(*) FROM checkpoint_writes w WHERE w.thread_id = c.thread_id) AS writes
         FROM checkpoints c WHERE thread_id LIKE 'live-%'`,
      )
      return { threads: rows.length, writes: new Set(rows.map(({ writes }) => Number(writes))) }
    }
    for (let pass = 0; pass < 3; pass++) {
      const before = await committed('how many')
      expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
      const after = await committed('how many')
      const { threads, writes } = await arrived()
      expect(threads).toBeGreaterThanOrEqual(before)
      expect(threads).toBeLessThanOrEqual(after)
      expect([...writes]).toEqual([expect.any(Number)])
    }
    const all = await committed('stop')
    expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
    expect(await commandLine('verify', env)).toMatchObject({ exit: 0 })
    expect((await arrived()).threads).toBe(all)
    // The writer still has the file open: what it committed last may be in the WAL alone.
    expect(existsSync(`${file}-wal`)).toBe(true)
  })
})

test('a file of many pages is gone through whole, whatever its row ids', async () => {
  const file = join(await temporaryFolder(), 'many.db')
  await copyFile(join(python.folder, 'db.sqlite'), file)
  // Rows come to 2,500 and are written anew, as INSERT OR REPLACE does, so that ids have holes and several lengths.
  await runPython(
    `import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
names = [row[1] for row in connection.execute("PRAGMA table_info(checkpoints)")][1:]
columns = ", ".join(names)
one = connection.execute(f"SELECT {columns} FROM checkpoints WHERE thread_id = 'prims' LIMIT 1").fetchone()
values = ", ".join("?" * len(names))
for number in [*range(2500), *range(0, 2500, 3)]:
    connection.execute(f"INSERT OR REPLACE INTO checkpoints (thread_id, {columns}) VALUES (?, {values})", (f"many-{number}", *one))
connection.execute("UPDATE checkpoints SET rowid = -5 WHERE thread_id = 'many-1'")
connection.execute("UPDATE checkpoints SET rowid = 9007199254740993 WHERE thread_id = 'many-2'")
connection.commit()`,
    { args: [file] },
  )
  const wholeOf = async (url: string): Promise<number> => {
    const { out } = await commandLine(['migrate', '--dry-run', '--json', '--from', url], {})
    return JSON.parse(out).threads.whole
  }
  expect((await wholeOf(`sqlite:${file}`)) - (await wholeOf(urlOf(python)))).toBe(2500)
})

describe('commands on a file', () => {
  test('detect names the saver and counts the store; a rehearsal needs the file alone; inspect shows a thread', async () => {
    const source = ['--redis', urlOf(python)]
    const { out } = await commandLine(['detect', ...source], {})
    expect(out).toContain('SQLite file of the Python saver')
    expect(out).toMatch(/store items\s+[1-9]/)
    expect((await commandLine(['detect', '--redis', urlOf(javascript)], {})).out).toContain(
      'JavaScript saver',
    )
    const rehearsal = await commandLine(['migrate', '--dry-run', ...source], {})
    expect(rehearsal.exit).toBe(0)
    expect(rehearsal.out).toContain(`--redis ${urlOf(python)}`)
    const shown = await commandLine(['inspect', 'user:42:chat', ...source], {})
    expect(shown).toMatchObject({ exit: 0 })
    expect(shown.out).toContain('SqliteSaver of langgraph-checkpoint-sqlite')
  })

  test('nothing is deleted from it, and no command suggests so', async () => {
    const env = ends(urlOf(python), await freshDatabase())
    await commandLine('init', env)
    const { out } = await commandLine('migrate', env)
    expect(out).toContain('stored in the file')
    expect((await commandLine('verify', env)).out).not.toContain('purge-redis')
    expect((await commandLine('status', env)).out).not.toContain('purge-redis')
    const purge = await commandLine('purge-redis', env)
    expect(purge.exit).toBe(2)
    expect(purge.err).toContain('SQLite files are only read')
  })

  test('of a thread that the application has deleted verify says where it is no longer', async () => {
    const file = join(await temporaryFolder(), 'shorter.db')
    await copyFile(join(python.folder, 'db.sqlite'), file)
    const env = ends(`sqlite:${file}`, await freshDatabase())
    await commandLine('init', env)
    await commandLine('migrate', env)
    await runPython(
      `import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
for table in ("checkpoints", "writes"):
    connection.execute(f"DELETE FROM {table} WHERE thread_id = 'prims'")
connection.commit()`,
      { args: [file] },
    )
    const { exit, out } = await commandLine('verify', env)
    expect(out).toContain('1 thread is no longer in the file')
    expect(out).not.toContain('Redis')
    expect(exit).toBe(0)
  })

  test('a file that is none, that is not there, or that another program made is refused by name', async () => {
    const folder = await temporaryFolder()
    await writeFile(
      join(folder, 'text.db'),
      'no database, but long enough to be taken for the head of one'.repeat(4),
    )
    await writeFile(join(folder, 'empty.db'), '')
    for (const [name, problem] of [
      ['text.db', 'file is not a database'],
      ['missing.db', 'there is no such file'],
      ['empty.db', 'no checkpoints.thread_id'],
    ]) {
      const { exit, err } = await commandLine(['detect', '--redis', `sqlite:${join(folder, name!)}`], {})
      expect(err).toContain(problem)
      expect(exit).toBe(2)
    }
    expect(await readdir(folder)).toEqual(['empty.db', 'text.db'])
  })

  test('a file that was cut off is refused, even within its last page, of which SQLite would read the rest as zeros', async () => {
    const folder = await temporaryFolder()
    const whole = await readFile(join(python.folder, 'db.sqlite'))
    for (const [bytes, problem] of [
      [5000, 'malformed'],
      [whole.length - 4096, 'malformed'],
      [whole.length - 1000, `${whole.length - 1000} bytes of ${whole.length}`],
    ] as const) {
      await writeFile(join(folder, 'part.db'), whole.subarray(0, bytes))
      const { exit, err } = await commandLine(['detect', '--redis', `sqlite:${join(folder, 'part.db')}`], {})
      expect(err).toContain(problem)
      expect(exit).toBe(2)
    }
  })

  test('where no copy can be made, that is said, and nothing of the file', async () => {
    const TMPDIR = join(await temporaryFolder(), 'not there')
    vi.stubEnv('TMPDIR', TMPDIR)
    const { exit, err } = await commandLine(['detect', '--redis', urlOf(python)], {})
    vi.unstubAllEnvs()
    expect(err).toContain(`making it in ${TMPDIR} failed`)
    expect(err).toContain('TMPDIR')
    expect(err).not.toContain('cannot read')
    expect(exit).toBe(1)
  })
})
