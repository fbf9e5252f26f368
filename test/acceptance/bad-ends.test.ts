/** Ends that cannot be used: one clear message, the exit code of its kind, no stack trace, no password, and nothing written. */
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { atEndOfFile } from '../services/each-file.js'
import { databaseUrl, ownPostgres, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { transactionPooler } from '../target/connection/fake-pooler.js'
import { expectDiscreet } from './bad-input.js'
import { commandLine, ends } from './command-line.js'

const DOCUMENTS = fixture('python/0.5.2-mutated')
const PICKLES = fixture('pickle/f1-protocol4')
const PASSWORD = 'hunter2'
const CHECKPOINT_TABLES = 'checkpoints, checkpoint_blobs, checkpoint_writes, checkpoint_migrations'

let redisUrl = ''
let redis: Redis
/** Database `agents`, with its tables, as its owner. */
let postgresUrl = ''

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-hba-'))
  atEndOfFile(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o755)
  const hba = join(folder, 'pg_hba.conf')
  await writeFile(hba, 'host all postgres all trust\nhost all all all scram-sha-256\n')
  const [server, redisServer] = await Promise.all([
    ownPostgres({ settings: { hba_file: hba } }),
    freshRedis(),
  ])
  await sql(server.url, 'CREATE DATABASE agents')
  postgresUrl = databaseUrl(server.url, 'agents')
  redisUrl = redisServer.url
  redis = redisClient(redisUrl)
  await loadCase(DOCUMENTS, redisUrl)
  await loadCase(PICKLES, redisUrl)
  await commandLine('init', ends(redisUrl, postgresUrl))
})

/** Runs `migrate` and wants it to end with these words; gives what it said. */
async function fails(
  env: Record<string, string>,
  exit: number,
  words: RegExp,
  line = 'migrate',
): Promise<string> {
  const run = await commandLine(line, env)
  expectDiscreet(run)
  expect(run.err).toMatch(words)
  expect(run.exit).toBe(exit)
  // One message behind the line that names both ends: what happened, what to do, the exit code.
  const said = run.err.trimEnd().split('\n')
  expect(said.length).toBeLessThanOrEqual(4)
  expect(said.at(-1)).toBe(`exit code ${exit}`)
  return run.err
}

const rowsIn = async (url: string): Promise<number> => {
  const [row] = await sql<{ rows: string }>(
    url,
    `SELECT (SELECT count(*) FROM checkpoints) + (SELECT count(*) FROM checkpoint_blobs)
       + (SELECT count(*) FROM checkpoint_writes) AS rows`,
  )
  return Number(row?.rows)
}

const login = (url: string, username: string, password = PASSWORD): string =>
  Object.assign(new URL(url), { username, password }).href

describe('a URL', () => {
  test.each([
    ['http://127.0.0.1:6379', /begins with http:\/\/ and not with redis:/],
    ['127.0.0.1:6379', /it has no scheme/],
    [`redis://:${PASSWORD}/x@127.0.0.1:1`, /an @ stands behind a \//],
    ['redis://127.0.0.1:6379/first', /not the number of a logical database/],
  ])('of Redis that is none is said to be none: %s', async (url, words) => {
    expect(await fails(ends(url, postgresUrl), 2, words)).toContain('the URL in REDIS_URL cannot be used')
  })

  test.each([
    ['http://127.0.0.1:5432/agents', /begins with http:\/\/ and not with postgres:/],
    ['mysql://127.0.0.1/agents', /begins with mysql:\/\//],
    [`postgres://app:${PASSWORD}#@127.0.0.1/agents`, /an @ stands behind a /],
    ['postgres://127.0.0.1', /names no database/],
  ])('of Postgres that is none is said to be none: %s', async (url, words) => {
    expect(await fails(ends(redisUrl, url), 2, words)).toContain(
      'the URL in CHECKPOINT_DB_URI cannot be used',
    )
  })
})

describe('a server', () => {
  const withPort = (url: string, port: number, user: string) =>
    login(Object.assign(new URL(url), { port: String(port) }).href, user)

  test('where nothing listens', async () => {
    const port = await closedPort()
    await fails(ends(withPort(redisUrl, port, ''), postgresUrl), 5, /nothing listens there/)
    await fails(ends(redisUrl, withPort(postgresUrl, port, 'app')), 5, /nothing listens there/)
  })

  test('whose name nobody knows', async () => {
    await fails(ends('redis://nowhere.invalid/0', postgresUrl), 5, /the name nowhere\.invalid is not known/)
    await fails(
      ends(redisUrl, 'postgres://nowhere.invalid/agents'),
      5,
      /the name nowhere\.invalid is not known/,
    )
  })

  test('that another program is', async () => {
    const line = 'migrate --connect-timeout 500ms'
    const asRedis = `redis://127.0.0.1:${new URL(postgresUrl).port}/0`
    await fails(ends(asRedis, postgresUrl), 5, /does not answer as Redis does|no answer within/, line)
    const asPostgres = `postgres://127.0.0.1:${new URL(redisUrl).port}/agents`
    await fails(ends(redisUrl, asPostgres), 5, /^cannot connect to postgres:/, line)
  })

  test('that is a node of a Redis Cluster: its keys would be a part that looks like the whole', async () => {
    const cluster = await freshRedis({ modules: false, args: ['--cluster-enabled', 'yes'] })
    await fails(ends(cluster.url, postgresUrl), 2, /node of a Redis Cluster/)
  })

  test('that is a connection pooler in transaction mode', async () => {
    const port = await transactionPooler(postgresUrl)
    const url = `${Object.assign(new URL(postgresUrl), { port: String(port) }).href}?sslmode=disable`
    await fails(ends(redisUrl, url), 2, /connection pooler in transaction mode/)
  })

  test('that lacks a command of Redis', async () => {
    for (const command of ['SCAN', 'MGET']) {
      const crippled = await freshRedis({ modules: false, args: ['--rename-command', command, ''] })
      await loadCase(PICKLES, crippled.url)
      await fails(
        ends(crippled.url, postgresUrl),
        2,
        new RegExp(`does not know ${command}\\nIt is renamed or switched off`),
      )
    }
  })

  test('that lacks a database', async () => {
    await fails(ends(redisUrl.replace('/0', '/99'), postgresUrl), 2, /has no logical database 99/)
    await fails(
      ends(redisUrl, postgresUrl.replace('agents', 'agent')),
      5,
      /database "agent" does not exist\nDatabases .*agents/,
    )
  })
})

describe('a login', () => {
  test('with a wrong password or none', async () => {
    const closed = await freshRedis({ modules: false, args: ['--requirepass', 'right'] })
    await fails(ends(login(closed.url, ''), postgresUrl), 5, /wrong user name or password for user default/)
    await fails(ends(closed.url, postgresUrl), 5, /wants a password, and none was given/)
    await sql(postgresUrl, "CREATE ROLE app LOGIN PASSWORD 'right'")
    await fails(ends(redisUrl, login(postgresUrl, 'app')), 5, /wrong password for user app/)
    await fails(
      ends(redisUrl, login(postgresUrl, 'app', '')),
      5,
      /wants a password for user app, and none was given/,
    )
  })
})

describe('the cause of a failure', () => {
  test('is shown whole with --verbose, still without a password', async () => {
    const closed = await freshRedis({ modules: false, args: ['--requirepass', 'right'] })
    for (const env of [
      ends(login(closed.url, 'default'), postgresUrl),
      ends(redisUrl, login(postgresUrl, 'somebody')),
      ends(login(redisUrl, ''), `postgres://app:${PASSWORD}@nowhere.invalid/agents`),
    ]) {
      const { exit, out, err } = await commandLine('migrate --verbose', env)
      expect(exit).toBe(5)
      expect(err).toMatch(/\n\s+at /)
      expect(out + err).not.toContain(PASSWORD)
    }
  })
})

describe('a user of Redis', () => {
  const user = async (name: string, ...rules: string[]) => {
    await redis.call('ACL', 'SETUSER', name, 'on', `>${PASSWORD}`, ...rules)
    return ends(login(redisUrl, name), postgresUrl)
  }

  test.each([
    ['scan', 'SCAN'],
    ['type', 'TYPE'],
    ['mget', 'MGET'],
    ['json.mget', 'JSON.MGET'],
    ['pttl', 'PTTL'],
    ['info', 'INFO'],
  ])('who may not run %s', async (command, shown) => {
    const name = `not-${command}`
    const env = await user(name, '~*', '+@all', `-${command}`)
    const words = new RegExp(
      `user ${name} of .* may not run ${shown}\\n.*ACL SETUSER ${name} \\+${command}\\b`,
    )
    await fails(env, 2, words)
    expect(await rowsIn(postgresUrl)).toBe(0)
  })

  test('who may not see every key: some threads would be left out silently', async () => {
    const env = await user('blinkered', '~checkpoint:m1*', '+@all')
    await fails(env, 2, /may not read every key .*\n.*ACL SETUSER blinkered %R~\*/)
    expect(await rowsIn(postgresUrl)).toBe(0)
  })

  test('who may do what the message asks for, and nothing else, is enough', async () => {
    const env = await user('reader', '~*', '+@read', '+@connection', '+info', '+json.get', '+json.mget')
    const { exit, out } = await commandLine('migrate --dry-run --json', env)
    expect(exit).toBe(3) // the pickles hold some that nobody can store
    expect(JSON.parse(out).threads).toMatchObject({ selected: 24 })
  })
})

describe('a user of Postgres', () => {
  const LEDGER = [
    'GRANT USAGE ON SCHEMA cp_migrate TO %',
    'GRANT ALL ON ALL TABLES IN SCHEMA cp_migrate TO %',
    'GRANT ALL ON ALL SEQUENCES IN SCHEMA cp_migrate TO %',
  ]
  const role = async (name: string, ...grants: string[]) => {
    await sql(postgresUrl, `CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`)
    for (const grant of grants) await sql(postgresUrl, grant.replaceAll('%', name))
    return ends(redisUrl, login(postgresUrl, name))
  }

  test('who may do nothing is told so before anything is read', async () => {
    const env = await role('nobody_here')
    await fails(
      env,
      2,
      /permission denied for schema cp_migrate\n.*GRANT USAGE ON SCHEMA cp_migrate TO "nobody_here"/,
    )
    await fails(env, 2, /nobody_here .*denied for table checkpoint_migrations\n.*GRANT SELECT/, 'init')
  })

  test('who may not INSERT leaves no row of any thread, though another table was written before', async () => {
    const env = await role(
      'half_writer',
      'GRANT SELECT, INSERT, UPDATE ON checkpoint_blobs, checkpoint_writes TO %',
      'GRANT SELECT ON checkpoints, checkpoint_migrations TO %',
      ...LEDGER,
    )
    await fails(
      env,
      2,
      /denied for table checkpoints\n.*GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE checkpoints TO "half_writer"/,
    )
    expect(await rowsIn(postgresUrl)).toBe(0)
  })

  test('who may write the tables but not the ledger', async () => {
    const env = await role(
      'unrecorded',
      `GRANT ALL ON ${CHECKPOINT_TABLES} TO %`,
      'GRANT USAGE ON SCHEMA cp_migrate TO %',
      'GRANT SELECT ON ALL TABLES IN SCHEMA cp_migrate TO %',
    )
    await fails(env, 2, /denied for table lease\n/)
    expect(await rowsIn(postgresUrl)).toBe(0)
  })

  test('whose sessions can only read', async () => {
    const env = await role('read_only', 'ALTER ROLE % SET default_transaction_read_only = on', ...LEDGER)
    await fails(env, 2, /lets user read_only only read/)
  })

  test('who may not CREATE is told what init would need', async () => {
    const server = databaseUrl(postgresUrl, 'postgres')
    await sql(server, 'CREATE DATABASE bare')
    await role('no_creator')
    const env = ends(redisUrl, login(databaseUrl(server, 'bare'), 'no_creator'))
    const words = /may not make schema cp_migrate: that needs CREATE on database "bare"/
    await expect(commandLine('init', env)).resolves.toMatchObject({
      exit: 2,
      err: expect.stringMatching(words),
    })
    await fails(env, 2, /is not ready: it lacks table checkpoint_migrations.*\nRun cp-migrate init first/)
  })

  test('who may not make temporary tables keeps what was there, whole', async () => {
    const env = await role('no_temp', `GRANT SELECT, INSERT, UPDATE ON ${CHECKPOINT_TABLES} TO %`, ...LEDGER)
    const first = await commandLine('migrate --thread m1-mut-twice', env)
    expect(first.exit, first.err).toBe(0)
    await sql(postgresUrl, 'DELETE FROM checkpoint_writes')
    const before = await rowsIn(postgresUrl)
    await sql(postgresUrl, 'REVOKE TEMPORARY ON DATABASE agents FROM PUBLIC')
    // What is there already is compared with what waits in temporary tables.
    const words = /temporary tables in database "agents"\n.*GRANT TEMPORARY ON DATABASE agents TO "no_temp"/
    await fails(env, 2, words, 'migrate --thread m1-mut-twice --on-existing replace')
    expect(await rowsIn(postgresUrl)).toBe(before)
    await sql(postgresUrl, 'GRANT TEMPORARY ON DATABASE agents TO PUBLIC')
  })
})

describe('a schema', () => {
  test('with the tables of the shallow saver is refused and left as it is', async () => {
    await sql(databaseUrl(postgresUrl, 'postgres'), 'CREATE DATABASE shallow')
    const url = databaseUrl(postgresUrl, 'shallow')
    await runPython(SHALLOW_SETUP, { args: [url] })
    const words = /holds the tables of ShallowPostgresSaver .*\n.*--schema/
    await fails(ends(redisUrl, url), 2, words)
    await expect(commandLine('init', ends(redisUrl, url))).resolves.toMatchObject({
      exit: 2,
      err: expect.stringMatching(words),
    })
    expect(await rowsIn(url)).toBe(0)
  })

  test('that is not there', async () => {
    await fails(
      ends(redisUrl, postgresUrl),
      2,
      /schema nowhere of .* is not ready.*\nRun cp-migrate init --schema nowhere/,
      'migrate --schema nowhere',
    )
  })
})

const SHALLOW_SETUP = `
import sys
from langgraph.checkpoint.postgres.shallow import ShallowPostgresSaver
with ShallowPostgresSaver.from_conn_string(sys.argv[1]) as saver:
    saver.setup()
`

test('checkpoints in another logical database than the one named are pointed out', async () => {
  const { exit, out } = await commandLine('migrate', ends(redisUrl.replace('/0', '/3'), postgresUrl))
  expect(exit).toBe(0)
  expect(out.replace(/\s+/g, ' ')).toMatch(
    /Logical database 0 of this server seems to hold checkpoints too \(about \d+ keys\); it was not read\. Name it/,
  )
})

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
