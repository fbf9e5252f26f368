/** doctor on real servers in the states that bite: each is named, with what mends it, and the exit code says whether it must be. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase, ownPostgres, sql, systemPostgres } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { transactionPooler } from '../target/connection/fake-pooler.js'

interface Report {
  readonly exitCode: number
  readonly next: string
  readonly source: { readonly checks: readonly Check[] } | null
  readonly target: { readonly checks: readonly Check[] } | null
}
interface Check {
  readonly id: string
  readonly level: string
  readonly what: string
  readonly remedy: string | null
}

async function doctor(env: Record<string, string>, ...flags: string[]) {
  const { exit, out } = await commandLine(['doctor', '--json', ...flags], env)
  const report = JSON.parse(out) as Report
  expect(report.exitCode).toBe(exit)
  const checks = [...(report.source?.checks ?? []), ...(report.target?.checks ?? [])]
  for (const { level, remedy } of checks) if (level === 'must') expect(remedy).not.toBeNull()
  return { exit, report, find: (id: string) => checks.find((check) => check.id === id), checks }
}

const of = (url: string) => ({ REDIS_URL: url })
const to = (url: string) => ({ CHECKPOINT_DB_URI: url })

/** A Redis with real threads of the official saver, for tests that change nothing in it. */
let redisUrl = ''
beforeAll(async () => {
  redisUrl = (await freshRedis()).url
  await loadCase(fixture('python/0.5.2-mutated'), redisUrl)
})

describe('both ends well', () => {
  test('are told line by line, with the next command, and exit code 0', async () => {
    const database = await freshDatabase()
    const before = await commandLine('doctor', ends(redisUrl, database))
    expect(before.exit).toBe(0)
    expect(before.out).toMatch(/✓ Redis 7\.\d+\.\d+, \d+ keys in logical database 0/)
    expect(before.out).toMatch(/✓ RedisJSON 2\./)
    expect(before.out).toContain('· no checkpoint tables yet')
    expect(before.out).toMatch(/Next {2}cp-migrate init/)
    for (const line of before.out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    await commandLine('init', ends(redisUrl, database))
    await commandLine('migrate', ends(redisUrl, database))
    const { exit, find, report } = await doctor(ends(redisUrl, database))
    expect(exit).toBe(0)
    expect(find('postgres-tables')?.what).toBe('tables of the Python saver, steps up to 9')
    expect(find('postgres-rows')?.what).toMatch(/about \d+ checkpoints are there already/)
    expect(find('postgres-ledger')).toMatchObject({ level: 'ok' })
    expect(find('postgres-space')?.what).toMatch(/rows of at most about [\d.]+ [KM]iB, and .* of ledger/)
    expect(report.next).toBe('cp-migrate migrate --dry-run')
  })

  test('one end alone is looked at alone; none at all is wrong usage', async () => {
    const { report } = await doctor(of(redisUrl))
    expect(report).toMatchObject({ target: null, next: 'cp-migrate migrate --dry-run', exitCode: 0 })
    expect((await commandLine('doctor', {})).exit).toBe(2)
  })

  test('an end that cannot be reached does not hide the other', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => closed.once('listening', resolve))
    const { port } = closed.address() as { port: number }
    await new Promise((resolve) => closed.close(resolve))
    const { exit, find } = await doctor(ends(redisUrl, `postgres://app:hunter2@127.0.0.1:${port}/agents`))
    expect(exit).toBe(5)
    expect(find('postgres-refused')).toMatchObject({ level: 'must' })
    expect(find('redis-checkpoints')).toMatchObject({ level: 'ok' })
  })
})

describe('Redis', () => {
  test('without RedisJSON: a note while no document is there', async () => {
    const { url } = await freshRedis({ modules: false })
    await redisClient(url).set('session:1', 'x')
    const { find, exit } = await doctor(of(url))
    expect(find('redis-json-unneeded')).toMatchObject({ level: 'note' })
    expect(find('redis-empty')).toMatchObject({ level: 'must' })
    expect(exit).toBe(4)
  })

  test('that hides JSON.MGET while documents are there cannot be read', async () => {
    const { url } = await freshRedis({ args: ['--rename-command', 'HELLO', ''] })
    await loadCase(fixture('python/0.5.2-mutated'), url)
    // A proxy answers so; a user who may not is another matter.
    const proxy = await withoutJson(url)
    const { find, exit } = await doctor(of(proxy))
    expect(find('redis-json-missing')).toMatchObject({ level: 'must' })
    expect(exit).toBe(4)
  })

  test('that evicts, forgets at a restart, and lets threads expire', async () => {
    const { url } = await freshRedis({
      args: ['--maxmemory', '500mb', '--maxmemory-policy', 'allkeys-lru'],
    })
    await loadCase(fixture('python/0.5.2-mutated'), url)
    const client = redisClient(url)
    for (const key of await client.keys('checkpoint:*')) await client.expire(key, 3600)
    const { find, exit } = await doctor(of(url))
    expect(find('redis-evicts')?.remedy).toContain('CONFIG SET maxmemory-policy noeviction')
    expect(find('redis-no-persistence')).toMatchObject({ level: 'warning' })
    expect(find('redis-expiring')?.remedy).toContain('cp-migrate detect --expiring')
    expect(exit).toBe(0)
    await client.config('SET', 'maxmemory-policy', 'volatile-lru')
    expect((await doctor(of(url))).find('redis-evicts')).toBeDefined()
    await client.config('SET', 'maxmemory-policy', 'noeviction')
    await client.config('SET', 'appendonly', 'yes')
    const mended = await doctor(of(url))
    expect(mended.find('redis-evicts')).toBeUndefined()
    expect(mended.find('redis-persistence')?.what).toContain('append-only file')
  })

  test('that is nearly full is told with its percentage', async () => {
    const { url } = await freshRedis({ modules: false })
    const client = redisClient(url)
    await client.set('checkpoint:a', Buffer.alloc(10_000_000))
    const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
    await client.config('SET', 'maxmemory', String(Math.round(used * 1.04)))
    expect((await doctor(of(url))).find('redis-memory-tight')?.what).toMatch(/9\d % are full/)
  })

  test('whose user lacks commands names them and the rule that grants them', async () => {
    const { url, port } = await freshRedis()
    await loadCase(fixture('python/0.5.2-mutated'), url)
    const admin = redisClient(url)
    const as = (user: string) => of(`redis://${user}:secret@127.0.0.1:${port}/0`)
    const grant = (user: string, ...rules: string[]) =>
      admin.call('ACL', 'SETUSER', user, 'on', '>secret', ...rules)
    await grant('reader', '~*', '+@read', '+@connection', '+info', '+json.get', '+json.mget')
    const reader = await doctor(as('reader'))
    expect(reader.exit).toBe(0)
    expect(reader.find('redis-purge-denied')?.remedy).toContain('ACL SETUSER reader +unlink +eval')
    await grant('half', '~*', '+@connection', '+info', '+scan', '+type')
    const half = await doctor(as('half'))
    expect(half.exit).toBe(4)
    expect(half.find('redis-denied')?.what).toContain('user half may not run PTTL, GET, MGET')
    await grant('partial', '%R~session:*', '+@all')
    const partial = await doctor(as('partial'))
    expect(partial.exit).not.toBe(0)
    expect(partial.checks.find(({ level }) => level === 'must')?.remedy).toContain('%R~*')
    expect((await admin.dbsize()) > 0).toBe(true)
  })

  test('that is a replica is fine for rehearsals, unless it has lost its master', async () => {
    const [host, port] = new URL(redisUrl).host.split(':') as [string, string]
    const replica = await freshRedis({ args: ['--replicaof', host, port] })
    const client = redisClient(replica.url)
    while (!/master_link_status:up/.test(await client.info('replication'))) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const well = await doctor(of(replica.url))
    expect(well.find('redis-replica')).toMatchObject({ level: 'note' })
    expect(well.exit).toBe(0)
    await client.call('REPLICAOF', '127.0.0.1', '1')
    const cut = await doctor(of(replica.url))
    expect(cut.find('redis-replica-cut')).toMatchObject({ level: 'must' })
    expect(cut.exit).toBe(4)
  })

  test('whose checkpoints are in another logical database says which', async () => {
    const { url } = await freshRedis()
    await loadCase(fixture('python/0.5.2-mutated'), url)
    const client = redisClient(url)
    await client.call('SWAPDB', '0', '3')
    await client.set('session:1', 'x')
    const { find } = await doctor(of(url))
    expect(find('redis-other-database')?.remedy).toBe('Name it: --redis-db 3.')
    expect((await doctor(of(url), '--redis-db', '3')).exit).toBe(0)
  })
})

/** A proxy in miniature that knows no JSON: it passes on what is said line by line but for those commands. */
async function withoutJson(url: string): Promise<string> {
  const { connect } = await import('node:net')
  const { port } = new URL(url)
  const server = createServer((client) => {
    const upstream = connect(Number(port), '127.0.0.1')
    client.on('error', () => {})
    upstream.on('error', () => {})
    client.on('data', (data) =>
      upstream.write(data.toString('latin1').replace(/JSON\.(M?GET)/g, 'JSIN.$1'), 'latin1'),
    )
    upstream.pipe(client)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  atEndOfFile(async () => void server.close())
  return `redis://127.0.0.1:${(server.address() as { port: number }).port}/0`
}

describe('Postgres', () => {
  test('whose user may not create is told the grant', async () => {
    const url = await freshDatabase()
    const name = new URL(url).pathname.slice(1)
    await sql(url, `CREATE ROLE "guest_${name}" LOGIN`)
    await sql(url, 'REVOKE CREATE ON SCHEMA public FROM PUBLIC')
    await sql(url, `REVOKE TEMPORARY ON DATABASE ${name} FROM PUBLIC`)
    const guest = Object.assign(new URL(url), { username: `guest_${name}` }).href
    const { exit, checks } = await doctor(to(guest))
    expect(exit).toBe(4)
    const denied = checks.filter(({ id }) => id === 'postgres-create-denied').map(({ what }) => what)
    expect(denied.join()).toContain('tables in schema public')
    expect(denied.join()).toContain("the ledger's schema cp_migrate")
    expect(denied.join()).toContain('temporary tables')
    await commandLine('init', to(url))
    expect((await doctor(to(guest))).find('statement-denied')?.remedy).toContain('GRANT SELECT')
    await sql(url, `GRANT SELECT ON checkpoint_migrations TO "guest_${name}"`)
    await sql(url, `GRANT USAGE ON SCHEMA cp_migrate TO "guest_${name}"`)
    await sql(url, `GRANT SELECT ON ALL TABLES IN SCHEMA cp_migrate TO "guest_${name}"`)
    const rows = await doctor(to(guest))
    expect(rows.find('postgres-rows-denied')?.remedy).toContain('GRANT SELECT, INSERT, UPDATE, DELETE ON')
    await sql(url, `DROP OWNED BY "guest_${name}"`)
    await sql(url, `DROP ROLE "guest_${name}"`)
  })

  test('with the tables of the JavaScript saver: init completes them; with its rows, another schema', async () => {
    const url = await freshDatabase()
    await commandLine('init --dialect js', to(url))
    const empty = await doctor(ends(redisUrl, url))
    expect(empty.find('postgres-tables-incomplete')?.what).toContain('tables of the JavaScript saver')
    expect(empty.exit).toBe(0)
    await sql(
      url,
      `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint) VALUES ('t', '', 'c', '{}')`,
    )
    const used = await doctor(ends(redisUrl, url))
    expect(used.find('postgres-js-rows')?.remedy).toContain('--schema')
    expect(used.exit).toBe(4)
  })

  test('with tables of somebody else, an index that failed, steps that nobody recorded', async () => {
    const url = await freshDatabase()
    await commandLine('init', to(url))
    await sql(
      url,
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'checkpoints_thread_id_idx'::regclass`,
    )
    await sql(url, 'DELETE FROM checkpoint_migrations WHERE v > 7')
    const { exit, find } = await doctor(to(url))
    expect(exit).toBe(4)
    expect(find('postgres-index-invalid')?.what).toContain('checkpoints_thread_id_idx')
    expect(find('postgres-steps-missing')?.what).toContain('8, 9')
    await commandLine('init', to(url))
    expect((await doctor(to(url))).exit).toBe(0)
    await sql(url, 'DROP TABLE checkpoints')
    await sql(url, 'CREATE TABLE checkpoints (id int)')
    expect((await doctor(to(url))).find('foreign-tables')).toMatchObject({ level: 'must' })
  })

  test('behind a transaction pooler is refused by name, and looked at all the same', async () => {
    const database = await freshDatabase()
    const port = await transactionPooler(database)
    const url = Object.assign(new URL(database), { port: String(port), search: '?sslmode=disable' }).href
    const { exit, find } = await doctor(to(url))
    expect(exit).toBe(2)
    expect(find('transaction-pooler')?.remedy).toContain('pool_mode=session')
    expect(find('postgres-server')).toBeDefined()
  })

  test('with few connections left, and the folder of its data', async () => {
    const few = await ownPostgres({
      settings: { max_connections: '9', superuser_reserved_connections: '0', max_wal_senders: '0' },
    })
    const { find } = await doctor(ends(redisUrl, few.url))
    expect(find('postgres-connections-few')?.what).toMatch(/\d of 9 connections are free/)
    expect(find('postgres-space')?.remedy).toContain(`df -h ${join(few.folder, 'data')}`)
    await few.halt()
    const none = await ownPostgres({
      settings: { max_connections: '4', superuser_reserved_connections: '0', max_wal_senders: '0' },
    })
    expect(await doctor(to(none.url))).toMatchObject({ exit: 4 })
  })

  test('tells whether lz4 is there and used', async () => {
    const absent = await freshDatabase()
    expect((await doctor(to(absent))).find('postgres-no-lz4')).toMatchObject({ level: 'note' })
    const [version] = await systemPostgres()
    if (version === undefined) return
    const url = await freshDatabase(version)
    expect((await doctor(to(url))).find('postgres-lz4-possible')?.remedy).toContain('--compression lz4')
    await commandLine('init --compression lz4', to(url))
    expect((await doctor(to(url))).find('postgres-lz4')).toMatchObject({ level: 'ok' })
  })
})
