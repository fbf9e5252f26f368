import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parsePostgresUrl } from '../../../src/commands/endpoint-url.js'
import { explain, Failure } from '../../../src/model/failure.js'
import { openPostgres, type Postgres } from '../../../src/target/connection/connect.js'
import { isConnectionLost, isRowRefused, sqlstateOf } from '../../../src/target/connection/errors.js'
import { inTransaction } from '../../../src/target/connection/session.js'
import { atEndOfFile } from '../../services/each-file.js'
import { databaseUrl, freshDatabase, ownPostgres, sharedPostgres, sql } from '../../services/postgres.js'
import { transactionPooler } from './fake-pooler.js'

const PASSWORD = 'top-secret-42'

async function opened(url: string, writes = true): Promise<Postgres> {
  const postgres = await openPostgres(parsePostgresUrl(url, {}), { writes, connectTimeoutMs: 5000 })
  onTestFinished(() => postgres.close())
  return postgres
}

async function failureAt(url: string, options: { writes?: boolean; connectTimeoutMs?: number } = {}) {
  const error = await openPostgres(parsePostgresUrl(url, {}), { writes: true, ...options }).then(
    async (postgres) => postgres.close(),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof Failure)) throw new Error(`not a failure: ${error}`)
  expect(JSON.stringify(explain(error)) + inspect(error, { depth: 10 })).not.toContain(PASSWORD)
  return explain(error)
}

const withLogin = (url: string, username: string, password = '') =>
  Object.assign(new URL(url), { username, password }).href

describe('a server that cannot be reached', () => {
  it('is named without the password, with what to do', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as { port: number }
    closed.close()
    await once(closed, 'close')
    const failure = await failureAt(`postgres://app:${PASSWORD}@127.0.0.1:${port}/agents`)
    expect(failure).toMatchObject({ id: 'postgres-refused', exit: 5 })
    expect(failure.what).toContain(`postgres://127.0.0.1:${port}/agents: nothing listens there`)
    const unknown = await failureAt(`postgres://app:${PASSWORD}@nowhere.invalid/agents`)
    expect(unknown).toMatchObject({ id: 'postgres-unknown-host', exit: 5 })
  })

  it('is given up after the connect timeout when something else listens there', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as { port: number }
    const failure = await failureAt(`postgres://127.0.0.1:${port}/agents`, { connectTimeoutMs: 200 })
    expect(failure).toMatchObject({ id: 'postgres-no-answer', exit: 5 })
    expect(failure.what).toContain('no answer within 0.2 s')
  })
})

describe('a login that is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-hba-'))
  await chmod(folder, 0o755)
  const hba = join(folder, 'pg_hba.conf')
  await writeFile(
    hba,
    'host all postgres all trust\nhost all stranger all reject\nhost all all all scram-sha-256\n',
  )
  atEndOfFile(() => rm(folder, { recursive: true }))
  const { url } = await ownPostgres({ settings: { hba_file: hba } })
  await sql(url, `CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`)
  await sql(url, 'CREATE ROLE stranger LOGIN')

  it('says whether the password is wrong or missing, or the user is not admitted', async () => {
    await opened(withLogin(url, 'app', PASSWORD))
    expect(await failureAt(withLogin(url, 'app', 'wrong'))).toMatchObject({
      id: 'postgres-password',
      exit: 5,
    })
    expect(await failureAt(withLogin(url, 'app'))).toMatchObject({ id: 'postgres-no-password', exit: 5 })
    const stranger = await failureAt(withLogin(url, 'stranger', PASSWORD))
    expect(stranger).toMatchObject({ id: 'postgres-not-admitted', exit: 5 })
  })

  it('lists the databases that the user may open when the one named does not exist', async () => {
    await sql(url, 'CREATE DATABASE agents')
    await sql(url, 'CREATE DATABASE payroll')
    await sql(url, 'REVOKE CONNECT ON DATABASE payroll FROM PUBLIC')
    const failure = await failureAt(databaseUrl(withLogin(url, 'app', PASSWORD), 'agent'))
    expect(failure).toMatchObject({ id: 'database-missing', exit: 5 })
    expect(failure.what).toContain('database "agent" does not exist')
    expect(failure.next).toBe('Databases on that server that this user may open: agents, postgres.')
  })

  it('says so when the server has no connection left for the user', async () => {
    await sql(url, `CREATE ROLE busy LOGIN PASSWORD '${PASSWORD}' CONNECTION LIMIT 1`)
    await opened(withLogin(url, 'busy', PASSWORD))
    expect(await failureAt(withLogin(url, 'busy', PASSWORD))).toMatchObject({ id: 'postgres-full', exit: 5 })
  })

  it('asks for encryption only where the URL insists on it', async () => {
    expect(await failureAt(`${url}?sslmode=require`)).toMatchObject({ id: 'postgres-without-tls', exit: 5 })
    await opened(`${url}?sslmode=prefer`)
  })
})

describe('a server that does not fit', () => {
  it('is refused for an encoding that cannot hold every text', async () => {
    const server = await sharedPostgres()
    const name = `latin_${randomBytes(6).toString('hex')}`
    await sql(server, `CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
    onTestFinished(async () => void (await sql(server, `DROP DATABASE ${name} WITH (FORCE)`)))
    const failure = await failureAt(databaseUrl(server, name), { writes: false })
    expect(failure).toMatchObject({ id: 'postgres-encoding', exit: 2 })
    expect(failure.what).toContain('LATIN1')
  })

  it('is refused for writing where the user may only read, not for reading', async () => {
    const url = await freshDatabase()
    const database = new URL(url).pathname.slice(1)
    await sql(url, `ALTER DATABASE ${database} SET default_transaction_read_only = on`)
    expect(await failureAt(url)).toMatchObject({ id: 'postgres-read-only', exit: 2 })
    await opened(url, false)
  })

  it('is refused for writing behind a transaction pooler, by name', async () => {
    const url = await freshDatabase()
    const pooled = Object.assign(new URL(url), { port: String(await transactionPooler(url)) }).href
    const failure = await failureAt(`${pooled}?sslmode=disable`)
    expect(failure).toMatchObject({ id: 'transaction-pooler', exit: 2 })
    expect(failure.next).toContain('pool_mode=session')
    const reading = await opened(`${pooled}?sslmode=disable`, false)
    expect((await reading.use((session) => session.query('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }])
  })
})

describe('a session', () => {
  it('gives values without loss: big integers, JSON and times as they are', async () => {
    const postgres = await opened(await freshDatabase())
    const { rows } = await postgres.use((session) =>
      session.query(
        `SELECT 9007199254740993::int8 AS big, '{"a": 1.0, "b": 9007199254740993}'::jsonb AS json,
           '2026-11-20 17:04:05.123456+00'::timestamptz AT TIME ZONE 'UTC' AS at, 1.50::numeric AS number,
           '\\x00ff'::bytea AS bytes, ARRAY['a', NULL, 'b"c'] AS texts, 7 AS int, true AS yes`,
      ),
    )
    expect(rows).toEqual([
      {
        big: 9007199254740993n,
        json: '{"a": 1.0, "b": 9007199254740993}',
        at: '2026-11-20 17:04:05.123456',
        number: '1.50',
        bytes: Buffer.from([0, 0xff]),
        texts: ['a', null, 'b"c'],
        int: 7,
        yes: true,
      },
    ])
  })

  it('ignores time limits that the role set for idle and open sessions, compiles nothing, and names itself', async () => {
    const url = await freshDatabase()
    const database = new URL(url).pathname.slice(1)
    await sql(url, `ALTER DATABASE ${database} SET statement_timeout = '10s'`)
    await sql(url, `ALTER DATABASE ${database} SET idle_session_timeout = '10s'`)
    await sql(url, `ALTER DATABASE ${database} SET default_transaction_isolation = 'serializable'`)
    const postgres = await opened(url)
    const { rows } = await postgres.use((session) =>
      inTransaction(session, () =>
        session.query(
          `SELECT current_setting('transaction_isolation') AS isolation, current_setting('application_name') AS name,
             current_setting('idle_session_timeout') AS idle, current_setting('statement_timeout') AS statement,
             current_setting('jit') AS jit`,
        ),
      ),
    )
    expect(rows).toEqual([
      { isolation: 'read committed', name: 'cp-migrate', idle: '0', statement: '0', jit: 'off' },
    ])
  })

  it('that the server ends is replaced by a new one, and says that it was lost', async () => {
    const url = await freshDatabase()
    const postgres = await opened(url)
    const pidOf = () =>
      postgres.use(
        async (session) =>
          (await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]!.pid,
      )
    const pid = await pidOf()
    const lost = postgres.use((session) => session.query(`SELECT pg_terminate_backend(pg_backend_pid())`))
    const error = await lost.catch((thrown: unknown) => thrown)
    expect(isConnectionLost(error)).toBe(true)
    expect(explain(postgres.failureOf(error))).toMatchObject({ id: 'postgres-lost', exit: 5 })
    expect(await pidOf()).not.toBe(pid)
  })

  it('that was left inside a transaction is not lent again', async () => {
    const postgres = await opened(await freshDatabase())
    const failed = postgres.use((session) => session.query('BEGIN').then(() => session.query('SELECT 1/0')))
    await expect(failed).rejects.toThrow(/division by zero/)
    const { rows } = await postgres.use((session) => session.query('SELECT 1 AS one'))
    expect(rows).toEqual([{ one: 1 }])
  })

  it('that breaks while it is idle does not end the process', async () => {
    const url = await freshDatabase()
    const postgres = await opened(url)
    const idle = await postgres.open()
    await sql(url, 'SELECT pg_terminate_backend($1)', [idle.announcedPid])
    while (idle.brokenBy === undefined) await new Promise((resolve) => setImmediate(resolve))
    expect(isConnectionLost(await idle.query('SELECT 1').catch((error: unknown) => error))).toBe(true)
  })

  it('is lent to as many at a time as there are sessions', async () => {
    const url = await freshDatabase()
    const postgres = await openPostgres(parsePostgresUrl(url, {}), { writes: true, sessions: 2 })
    onTestFinished(() => postgres.close())
    let atOnce = 0
    let most = 0
    const work = async () =>
      postgres.use(async (session) => {
        most = Math.max(most, ++atOnce)
        while (most < 2) await session.query('SELECT 1') // the first waits for the second
        atOnce--
      })
    await Promise.all(Array.from({ length: 20 }, work))
    expect(most).toBe(2)
    const connections = await sql<{ n: number }>(
      url,
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cp-migrate'`,
    )
    expect(connections).toEqual([{ n: 2 }])
  })
})

describe('an error of the server', () => {
  it('is told from one of the network, and a refused row from a broken wire', async () => {
    const postgres = await opened(await freshDatabase())
    const errorOf = (statement: string) =>
      postgres.use((session) => session.query(statement)).catch((error: unknown) => error)
    const refused = await errorOf(`SELECT '{"secret": "\\u0000"}'::jsonb`)
    expect([sqlstateOf(refused), isRowRefused(refused), isConnectionLost(refused)]).toEqual([
      '22P05',
      true,
      false,
    ])
    const quoting = await errorOf(`SELECT 'my payload'::int`)
    expect(explain(postgres.failureOf(quoting)).what).not.toContain('my payload')
    const timeout = await errorOf(`SET statement_timeout = 1; SELECT pg_sleep(10)`)
    expect(explain(postgres.failureOf(timeout))).toMatchObject({ id: 'statement-timeout', exit: 1 })
    const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
    expect([sqlstateOf(broken), isConnectionLost(broken)]).toEqual([undefined, true])
  })
})

describe('a target that was closed', () => {
  it('opens no session any more, not even one that was on its way', async () => {
    const url = await freshDatabase()
    const postgres = await openPostgres(parsePostgresUrl(url, {}), { writes: false })
    const onItsWay = postgres.open()
    const refused = expect(onItsWay).rejects.toThrow('the target is closed')
    await postgres.close()
    await refused
    await expect(postgres.use((session) => session.query('SELECT 1'))).rejects.toThrow('the target is closed')
    const left = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'cp-migrate'`
    await expect.poll(() => sql(url, left)).toEqual([{ n: 0 }])
  })
})
