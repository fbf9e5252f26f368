import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { run } from '../../scripts/services/run.mjs'
import { parsePostgresUrl } from '../../src/commands/endpoint-url.js'
import { explain, Failure } from '../../src/model/failure.js'
import { openPostgres, type Postgres } from '../../src/target/connection/connect.js'
import { type InitOptions, init } from '../../src/verbs/init.js'
import { freshDatabase, sql, systemPostgres } from '../services/postgres.js'
import {
  makeOlderState,
  numbersIn,
  OLDER_STATES,
  schemaDump,
  setupOfficially,
} from '../target/official-schema.js'

const EVERY_NUMBER = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const INDEXES = [
  'checkpoints_thread_id_idx',
  'checkpoint_blobs_thread_id_idx',
  'checkpoint_writes_thread_id_idx',
]
const system = (await systemPostgres()).at(-1)

/** What the official saver of the newest release makes in an empty database. */
let official: string[]
beforeAll(async () => {
  const url = await freshDatabase()
  await setupOfficially(url, 'PostgresSaver')
  official = await schemaDump(url)
})

async function opened(url: string): Promise<Postgres> {
  const postgres = await openPostgres(parsePostgresUrl(url, {}), { writes: true })
  onTestFinished(() => postgres.close())
  return postgres
}

async function initAt(url: string, options: Partial<InitOptions> = {}, lockWaitMs = 60_000) {
  const controls = { onEvent: () => {}, signal: new AbortController().signal, lockWaitMs }
  const all = {
    ledgerSchema: 'cp_migrate',
    dialect: 'python',
    deferIndexes: false,
    planOnly: false,
    ...options,
  } as const
  return init(await opened(url), all, controls)
}

async function failureOf(work: Promise<unknown>) {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Failure)) throw new Error(`not a failure: ${error}`)
  return explain(error)
}

/** A role of its own that may log in, and a URL for it. */
async function freshRole(url: string): Promise<{ role: string; url: string }> {
  const role = `role_${randomBytes(6).toString('hex')}`
  await sql(url, `CREATE ROLE ${role} LOGIN`)
  onTestFinished(async () => {
    await sql(url, `DROP OWNED BY ${role} CASCADE`)
    await sql(url, `DROP ROLE ${role}`)
  })
  return { role, url: Object.assign(new URL(url), { username: role }).href }
}

describe('in an empty database', () => {
  it('makes exactly what the official setup() makes, and the ledger beside it', async () => {
    const url = await freshDatabase()
    const report = await initAt(url)
    expect(await schemaDump(url)).toEqual(official)
    expect(await numbersIn(url)).toEqual(EVERY_NUMBER)
    expect(report.found.saver).toBe('none')
    expect(report.missing).toEqual([])
    expect(await sql(url, 'SELECT count(*)::int AS threads FROM cp_migrate.current_threads')).toEqual([
      { threads: 0 },
    ])
  })

  it.runIf(system)('leaves a schema dump of public identical to the official one', async () => {
    const [ours, theirs] = await Promise.all([freshDatabase(system), freshDatabase(system)])
    await initAt(ours)
    await setupOfficially(theirs, 'PostgresSaver')
    const dump = async (url: string) => {
      const text = await run('pg_dump', ['--schema=public', url])
      return text.replaceAll(/^\\(un)?restrict .*$/gm, '')
    }
    expect(await dump(ours)).toBe(await dump(theirs))
  })

  it('can be repeated: the second time there is nothing to make', async () => {
    const url = await freshDatabase()
    expect((await initAt(url)).made).not.toEqual([])
    const again = await initAt(url)
    expect(again.made).toEqual([])
    expect(again.found).toMatchObject({ saver: 'python', step: 9, ledgerStep: 2 })
  })

  it('leaves nothing for the official savers to do', async () => {
    const url = await freshDatabase()
    await initAt(url)
    await setupOfficially(url, 'PostgresSaver')
    await setupOfficially(url, 'AsyncPostgresSaver')
    expect(await schemaDump(url)).toEqual(official)
    expect(await numbersIn(url)).toEqual(EVERY_NUMBER)
  })

  it('is not held up by an old transaction, as CREATE INDEX CONCURRENTLY would be', async () => {
    const url = await freshDatabase()
    const old = await (await opened(url)).open()
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1')
    await initAt(url)
    expect(await schemaDump(url)).toEqual(official)
  })

  it('may be started several times at once: each table is made once, and nobody fails', async () => {
    const url = await freshDatabase()
    const reports = await Promise.all([1, 2, 3, 4].map(() => initAt(url)))
    expect(reports.map((report) => report.missing)).toEqual([[], [], [], []])
    const made = reports.flatMap((report) => report.made.map((step) => step.what))
    expect(made.filter((what) => what === 'table checkpoints')).toHaveLength(1)
    expect(new Set(made).size).toBe(made.length)
    expect(await schemaDump(url)).toEqual(official)
  })

  it('takes schema names as they are', async () => {
    const url = await freshDatabase()
    const schema = `it's "mine"; -- \\`
    const report = await initAt(url, { schema, ledgerSchema: `${schema} too` })
    expect(report.missing).toEqual([])
    expect(await numbersIn(url, schema)).toEqual(EVERY_NUMBER)
    expect((await initAt(url, { schema, ledgerSchema: `${schema} too` })).made).toEqual([])
    expect(await schemaDump(url)).toEqual([])
  })

  it('goes where the official saver goes when the URL sets a search path', async () => {
    const url = `${await freshDatabase()}?options=-csearch_path%3Dagents`
    await sql(url, 'CREATE SCHEMA agents')
    expect((await initAt(url)).schema).toBe('agents')
    await setupOfficially(url, 'PostgresSaver')
    expect(await schemaDump(url, 'public')).toEqual([])
    expect(await numbersIn(url, 'agents')).toEqual(EVERY_NUMBER)
  })
})

describe('over tables that are there', () => {
  it.each(Object.keys(OLDER_STATES) as (keyof typeof OLDER_STATES)[])(
    'brings up to date %s',
    async (state) => {
      const url = await freshDatabase()
      await makeOlderState(url, state)
      await initAt(url)
      expect(await schemaDump(url)).toEqual(official)
      expect(await numbersIn(url)).toEqual(EVERY_NUMBER)
      expect(await sql(url, 'SELECT thread_id, idx, task_path FROM checkpoint_writes')).toEqual([
        { thread_id: 't', idx: 0, task_path: '' },
      ])
      expect((await initAt(url)).made).toEqual([])
    },
  )

  it.each(['PostgresSaver', 'AsyncPostgresSaver'] as const)(
    'after %s.setup() only makes the ledger',
    async (saver) => {
      const url = await freshDatabase()
      await setupOfficially(url, saver)
      const report = await initAt(url)
      expect(report.made.map((step) => step.what)).toEqual([
        'schema cp_migrate',
        'ledger step 1 in schema cp_migrate',
        'ledger step 2 in schema cp_migrate',
      ])
      expect(await schemaDump(url)).toEqual(official)
    },
  )

  it('builds an index anew that a failed build left invalid', async () => {
    const url = await freshDatabase()
    await initAt(url)
    await sql(
      url,
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'checkpoint_blobs_thread_id_idx'::regclass`,
    )
    const report = await initAt(url)
    expect(report.made).toEqual([
      { what: 'index checkpoint_blobs_thread_id_idx', why: 'left invalid by a build that failed' },
    ])
    expect(await schemaDump(url)).toEqual(official)
  })

  it('is done at once by two, and by a setup() beside them', async () => {
    const url = await freshDatabase()
    await makeOlderState(url, '1.0.2, and every JavaScript saver')
    const [one, two] = await Promise.all([
      initAt(url),
      initAt(url),
      setupOfficially(url, 'PostgresSaver').catch(() => {}),
    ])
    expect([one.missing, two.missing]).toEqual([[], []])
    await initAt(url) // setup() that lost the race may have left an index half built after both had ended
    expect(await schemaDump(url)).toEqual(official)
    expect(await numbersIn(url)).toEqual(EVERY_NUMBER)
  })

  it('comes again when an app has the table locked', async () => {
    const url = await freshDatabase()
    await makeOlderState(url, '2.0.8, then 2.0.12: 8 recorded, no task path')
    const app = await (await opened(url)).open()
    await app.query('BEGIN; SELECT 1 FROM checkpoint_writes')
    const running = initAt(url)
    const waiting = async () =>
      (
        await sql(
          url,
          `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'checkpoint_writes'::regclass`,
        )
      ).length > 0
    while (!(await waiting()));
    while (await waiting()); // it gives up, so that the app's own queries do not queue up behind it
    await app.query('COMMIT')
    await running
    expect(await schemaDump(url)).toEqual(official)
  })

  it('keeps numbers that a newer saver added, and says so', async () => {
    const url = await freshDatabase()
    await setupOfficially(url, 'PostgresSaver')
    await sql(url, 'INSERT INTO checkpoint_migrations VALUES (10)')
    expect((await initAt(url)).notes.join()).toContain('also lists 10')
    expect(await numbersIn(url)).toEqual([...EVERY_NUMBER, 10])
  })
})

describe('tables that are not the full saver’s', () => {
  it('leaves the shallow saver’s tables alone and says what to do', async () => {
    const url = await freshDatabase()
    await setupOfficially(url, 'ShallowPostgresSaver')
    const before = await schemaDump(url)
    const failure = await failureOf(initAt(url))
    expect(failure).toMatchObject({ id: 'shallow-tables', exit: 2 })
    expect(failure.what).toContain('checkpoints has no column checkpoint_id')
    expect(failure.next).toContain('--schema')
    expect(await schemaDump(url)).toEqual(before)
    expect(await sql(url, `SELECT 1 FROM pg_namespace WHERE nspname = 'cp_migrate'`)).toEqual([])
    expect((await initAt(url, { schema: 'full' })).missing).toEqual([])
  })

  it.each([
    ['a view', 'CREATE VIEW checkpoints AS SELECT 1 AS thread_id', /it is a view/],
    [
      'another app’s table',
      'CREATE TABLE checkpoints (id int PRIMARY KEY, at timestamptz)',
      /has no column thread_id/,
    ],
    ['a table without its primary key', 'DROP', /it has no primary key/],
    ['a column of another type', 'TYPE', /checkpoint is json, not jsonb/],
    ['a column nobody fills', 'EXTRA', /its column tenant wants a value/],
  ])('refuses %s of the same name', async (_, statement, evidence) => {
    const url = await freshDatabase()
    if (!statement.startsWith('CREATE')) await setupOfficially(url, 'PostgresSaver')
    const alter = {
      DROP: 'ALTER TABLE checkpoints DROP CONSTRAINT checkpoints_pkey',
      TYPE: 'ALTER TABLE checkpoints ALTER COLUMN checkpoint TYPE json',
      EXTRA: 'ALTER TABLE checkpoints ADD COLUMN tenant text NOT NULL',
    }[statement]
    await sql(url, alter ?? statement)
    const failure = await failureOf(initAt(url))
    expect(failure).toMatchObject({ id: 'foreign-tables', exit: 2 })
    expect(failure.what).toMatch(evidence)
  })

  it('refuses a ledger schema whose names belong to somebody else', async () => {
    const url = await freshDatabase()
    await sql(url, 'CREATE TABLE threads (id int); CREATE TABLE runs (id int)')
    const failure = await failureOf(initAt(url, { ledgerSchema: 'public' }))
    expect(failure).toMatchObject({ id: 'ledger-names-taken', exit: 2 })
    expect(failure.what).toMatch(/holds (runs, threads|threads, runs)/)
  })

  it('refuses a ledger newer than itself', async () => {
    const url = await freshDatabase()
    await initAt(url)
    await sql(url, 'INSERT INTO cp_migrate.ledger_migrations VALUES (1000)')
    expect(await failureOf(initAt(url))).toMatchObject({ id: 'ledger-newer', exit: 2 })
  })

  it('leaves the tables of the store alone', async () => {
    const url = await freshDatabase()
    await sql(url, 'CREATE TABLE store (prefix text, key text)')
    expect((await initAt(url)).notes.join()).toContain('store tables are left alone: store')
  })
})

describe('without the rights', () => {
  it('names the right and the statement that grants it, and makes nothing by halves', async () => {
    const admin = await freshDatabase()
    const { role, url } = await freshRole(admin)
    const first = await failureOf(initAt(url))
    expect(first).toMatchObject({ id: 'permission-denied', exit: 2 })
    expect(first.what).toContain(`user ${role} may not make schema cp_migrate: that needs CREATE on database`)
    await sql(admin, 'CREATE SCHEMA ledger')
    const grantIn = (next: string) => /GRANT .*?(?=, or|\.)/.exec(next)![0]
    for (const object of ['schema "public"', 'schema "ledger"']) {
      const failure = await failureOf(initAt(url, { ledgerSchema: 'ledger' }))
      expect(failure.what).toContain(`CREATE on ${object}`)
      expect(await schemaDump(admin)).toEqual([])
      await sql(admin, grantIn(failure.next))
    }
    expect((await initAt(url, { ledgerSchema: 'ledger' })).missing).toEqual([])
    expect(await schemaDump(admin)).toEqual(official)
  })

  it('names the owner where only the owner can alter', async () => {
    const admin = await freshDatabase()
    await makeOlderState(admin, '1.0.2, and every JavaScript saver')
    const { role, url } = await freshRole(admin)
    await sql(
      admin,
      `GRANT ALL ON SCHEMA public TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`,
    )
    await sql(admin, `CREATE SCHEMA ledger AUTHORIZATION ${role}`)
    const failure = await failureOf(initAt(url, { ledgerSchema: 'ledger' }))
    expect(failure.what).toContain('ownership of table "public"."checkpoint_writes"')
    expect(failure.next).toContain('Run init as its owner, "postgres"')
  })

  it('needs none where nothing is missing', async () => {
    const admin = await freshDatabase()
    await initAt(admin)
    const { role, url } = await freshRole(admin)
    const failure = await failureOf(initAt(url))
    expect(failure).toMatchObject({ id: 'statement-denied', exit: 2 })
    await sql(admin, `GRANT SELECT ON checkpoint_migrations TO ${role}`)
    await sql(
      admin,
      `GRANT USAGE ON SCHEMA cp_migrate TO ${role}; GRANT SELECT ON cp_migrate.ledger_migrations TO ${role}`,
    )
    expect((await initAt(url)).made).toEqual([])
  })
})

describe('ways to ask', () => {
  it('only looks with planOnly, and names what is missing', async () => {
    const url = await freshDatabase()
    await makeOlderState(url, '2.0.8, then 2.0.12: 8 recorded, no task path')
    const before = await schemaDump(url)
    const report = await initAt(url, { planOnly: true })
    expect(report.missing.map((step) => step.what)).toEqual([
      'schema cp_migrate',
      'column checkpoint_writes.task_path',
      'number 9 in checkpoint_migrations',
      'ledger step 1 in schema cp_migrate',
      'ledger step 2 in schema cp_migrate',
    ])
    expect(report.made).toEqual([])
    expect(await schemaDump(url)).toEqual(before)
  })

  it.each(['an empty database', '1.0.2, and every JavaScript saver'] as const)(
    'prints a script for %s that makes the same',
    async (state) => {
      const url = await freshDatabase()
      if (state !== 'an empty database') await makeOlderState(url, state)
      const { script } = await initAt(url, { planOnly: true })
      // As psql does: a transaction's statements one by one, what cannot run in one on its own.
      const session = await (await opened(url)).open()
      for (const statement of script.split(/;\n/)) if (statement.trim() !== '') await session.query(statement)
      expect(await schemaDump(url)).toEqual(official)
      expect((await initAt(url)).made).toEqual([])
    },
  )

  it('leaves the indexes for later on request; a plain init or an official setup() makes them', async () => {
    for (const finish of [initAt, (url: string) => setupOfficially(url, 'PostgresSaver')]) {
      const url = await freshDatabase()
      await initAt(url, { deferIndexes: true })
      expect(await schemaDump(url)).toEqual(
        official.filter((line) => !INDEXES.some((index) => line.includes(index))),
      )
      expect(await numbersIn(url)).toEqual([0, 1, 2, 3, 4, 5])
      expect((await initAt(url, { deferIndexes: true })).made).toEqual([])
      expect((await initAt(url, { planOnly: true })).missing.map((step) => step.what)).toEqual([
        ...INDEXES.map((index) => `index ${index}`),
        'numbers 6–9 in checkpoint_migrations',
      ])
      await finish(url)
      expect(await schemaDump(url)).toEqual(official)
      expect(await numbersIn(url)).toEqual(EVERY_NUMBER)
    }
  })

  it('makes the JavaScript saver’s tables, which the Python saver’s hold too', async () => {
    const url = await freshDatabase()
    await initAt(url, { dialect: 'js' })
    expect(await numbersIn(url)).toEqual([0, 1, 2, 3, 4])
    const dump = (await schemaDump(url)).join('\n')
    for (const extra of [...INDEXES, 'task_path']) expect(dump).not.toContain(extra)
    await initAt(url)
    expect(await schemaDump(url)).toEqual(official)
    expect((await initAt(url, { dialect: 'js' })).made).toEqual([])
  })

  it.runIf(system)(
    'compresses the large columns with lz4 where the server can, and only on request',
    async () => {
      const methods = async (url: string) =>
        sql(
          url,
          `SELECT attrelid::regclass || '.' || attname AS c FROM pg_attribute
         WHERE attcompression = 'l' AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY 1`,
        )
      const [fresh, old] = await Promise.all([freshDatabase(system), freshDatabase(system)])
      await initAt(old)
      expect(await methods(old)).toEqual([])
      for (const url of [fresh, old]) {
        await initAt(url, { compression: 'lz4' })
        expect(await methods(url)).toEqual([
          { c: 'checkpoint_blobs.blob' },
          { c: 'checkpoint_writes.blob' },
          { c: 'checkpoints.checkpoint' },
          { c: 'checkpoints.metadata' },
        ])
        expect((await initAt(url, { compression: 'lz4' })).made).toEqual([])
      }
    },
  )

  it('says so where lz4 is not built in, before anything is made', async () => {
    const url = await freshDatabase() // the server that npm brings has none
    const failure = await failureOf(initAt(url, { compression: 'lz4' }))
    expect(failure).toMatchObject({ id: 'no-compression', exit: 2 })
    expect(await schemaDump(url)).toEqual([])
  })

  it('waits for another init, and names it when it takes too long', async () => {
    const url = await freshDatabase()
    const { advisoryKeyOf, tryAdvisoryLock } = await import('../../src/target/connection/advisory-lock.js')
    const other = await (await opened(url)).open()
    expect(await tryAdvisoryLock(other, advisoryKeyOf('init', ''))).toBe(true)
    const failure = await failureOf(initAt(url, {}, 300))
    expect(failure).toMatchObject({ id: 'schema-locked', exit: 11 })
    expect(failure.what).toContain(`server process ${other.announcedPid}`)
    await other.close()
    expect((await initAt(url)).missing).toEqual([])
  })

  it('stops between two steps when it is told to, and goes on from there', async () => {
    const url = await freshDatabase()
    await makeOlderState(url, '1.0.2, and every JavaScript saver')
    const controller = new AbortController()
    const reason = new Failure('interrupted')
    const running = init(
      await opened(url),
      { ledgerSchema: 'cp_migrate', dialect: 'python', deferIndexes: false, planOnly: false },
      {
        onEvent: (event) => {
          if (event.kind === 'step' && event.step.includes('checkpoint_blobs_thread_id_idx'))
            controller.abort(reason)
        },
        signal: controller.signal,
      },
    )
    await expect(running).rejects.toBe(reason)
    expect(await numbersIn(url)).toEqual([0, 1, 2, 3, 4, 5])
    expect((await initAt(url)).made.map((step) => step.what)).toEqual([
      'numbers 6, 7 in checkpoint_migrations',
      'index checkpoint_writes_thread_id_idx',
      'numbers 8, 9 in checkpoint_migrations',
    ])
    expect(await schemaDump(url)).toEqual(official)
  })
})
