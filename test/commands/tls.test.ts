/** TLS to real servers on both ends, with certificates made here: who is trusted, what is shown, what each sslmode checks. */
import { chown, copyFile, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { commandLine } from '../acceptance/command-line.js'
import { type Authority, authority, type Signed } from '../services/certificates.js'
import { ownPostgres, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'

let ours: Authority
let strangers: Authority
let client: Signed
let stranger: Signed

beforeAll(async () => {
  ;[ours, strangers] = await Promise.all([authority(), authority('Somebody else')])
  ;[client, stranger] = await Promise.all([ours.sign('app'), strangers.sign('app')])
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('Redis', () => {
  let port = 0

  beforeAll(async () => {
    const { cert, key } = await ours.sign('redis', ['DNS:cache.internal'])
    port = await freePort()
    const tls = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', ours.ca]
    await freshRedis({ modules: false, args: ['--tls-port', String(port), ...tls] })
  })

  const detect = (more: Record<string, string>, query = '', scheme = 'rediss') =>
    commandLine('detect --quiet', { REDIS_URL: `${scheme}://127.0.0.1:${port}/0${query}`, ...more })

  test('is trusted, named and shown a certificate by variables, flags and the URL', async () => {
    const variables = { REDIS_CA: ours.ca, REDIS_CERT: client.cert, REDIS_KEY: client.key }
    // The certificate names another host than the address we typed.
    expect(await detect(variables)).toMatchObject({ exit: 5, err: expect.stringContaining('not trusted') })
    const flags = ['detect', '--quiet', '--redis', `rediss://127.0.0.1:${port}/0`, '--redis-ca', ours.ca]
    const shown = ['--redis-cert', client.cert, '--redis-key', client.key]
    const named = ['--redis-server-name', 'cache.internal']
    expect(await commandLine([...flags, ...shown, ...named], {})).toMatchObject({ exit: 0, err: '' })
    const query = `?ssl_ca_certs=${ours.ca}&ssl_certfile=${client.cert}&ssl_keyfile=${client.key}&ssl_check_hostname=false`
    expect(await detect({}, query)).toMatchObject({ exit: 0 })
  })

  test('the text of a certificate may stand in the variable itself', async () => {
    const [ca, cert, key] = await Promise.all(
      [ours.ca, client.cert, client.key].map((file) => readFile(file, 'utf8')),
    )
    const env = { REDIS_CA: ca!, REDIS_CERT: cert!, REDIS_KEY: key! }
    expect(await detect(env, '?ssl_check_hostname=false')).toMatchObject({ exit: 0 })
    const { out } = await commandLine('config', { ...env, REDIS_URL: `rediss://127.0.0.1:${port}/0` })
    expect(out).toContain('PEM text')
    expect(out).not.toContain('BEGIN')
  })

  test('is told that it wants a certificate, and which flags give one', async () => {
    const { exit, err } = await detect({ REDIS_CA: ours.ca }, '?ssl_check_hostname=false')
    expect(exit).toBe(5)
    expect(err).toContain('accepts only clients with a certificate of their own')
    expect(err).toContain('--redis-cert FILE')
  })

  test('an authority for a URL that does not encrypt is a mistake, not ignored', async () => {
    const plain = ['detect', '--redis', `redis://127.0.0.1:${port}/0`, '--redis-ca', ours.ca]
    const { exit, err } = await commandLine(plain, {})
    expect(exit).toBe(2)
    expect(err).toContain('--redis-ca is not valid: the URL asks for no encryption; with it goes rediss://')
  })

  test('a file that is none of the kind is refused by name, and so is half of a pair', async () => {
    const swapped = await detect({ REDIS_CA: client.key })
    expect(swapped).toMatchObject({ exit: 2, err: expect.stringContaining('REDIS_CA is not valid') })
    const half = await detect({ REDIS_CERT: client.cert })
    expect(half).toMatchObject({ exit: 2, err: expect.stringContaining('belong together') })
  })
})

describe('Postgres', () => {
  let url = ''

  beforeAll(async () => {
    const server = await ownPostgres()
    const { cert, key } = await ours.sign('postgres', ['DNS:db.internal'])
    const data = join(server.folder, 'data')
    const { uid, gid } = await stat(data)
    for (const [from, name] of [
      [cert, 'server.crt'],
      [key, 'server.key'],
      [ours.ca, 'root.crt'],
    ] as const) {
      await copyFile(from, join(data, name))
      await chown(join(data, name), uid, gid)
    }
    await sql(server.url, 'CREATE ROLE app LOGIN')
    await sql(server.url, 'CREATE ROLE bare LOGIN')
    await sql(server.url, "ALTER SYSTEM SET ssl_ca_file = 'root.crt'")
    await sql(server.url, 'ALTER SYSTEM SET ssl = on')
    const rules = ['hostssl all app all cert', 'hostnossl all bare all trust', 'host all postgres all trust']
    await writeFile(join(data, 'pg_hba.conf'), `${rules.join('\n')}\n`)
    await sql(server.url, 'SELECT pg_reload_conf()')
    url = server.url
    for (let tries = 0; tries < 100; tries++) {
      const [row] = await sql<{ ssl: string }>(url, 'SHOW ssl')
      if (row?.ssl === 'on') break
      await sleep(50)
    }
  })

  /** Says what is missing in the tables, which takes a connection. */
  const check = (query: string, more: Record<string, string> = {}, user = 'postgres') =>
    commandLine('init --check --quiet', {
      CHECKPOINT_DB_URI: `${Object.assign(new URL(url), { username: user }).href}${query}`,
      ...more,
    })
  const CONNECTED = 4 // there, and without our tables

  test.each([
    ['sslmode=disable', {}, CONNECTED],
    ['sslmode=prefer', {}, CONNECTED],
    ['sslmode=require', {}, CONNECTED],
    ['sslmode=verify-ca', {}, 5],
    ['sslmode=verify-ca', { ca: 'ours' }, CONNECTED],
    ['sslmode=verify-ca', { ca: 'strangers' }, 5],
    ['sslmode=verify-full', { ca: 'ours' }, 5],
    // libpq: an authority that is named is also asked.
    ['sslmode=require', { ca: 'ours' }, CONNECTED],
    ['sslmode=require', { ca: 'strangers' }, 5],
    ['sslmode=prefer', { ca: 'strangers' }, CONNECTED],
  ])('%s with %j ends as with libpq', async (query, { ca }: { ca?: string }, exit) => {
    const root = ca === undefined ? '' : `&sslrootcert=${(ca === 'ours' ? ours : strangers).ca}`
    expect((await check(`?${query}${root}`)).exit).toBe(exit)
  })

  test('the name of the certificate is checked, and can be told', async () => {
    const full = `?sslmode=verify-full&sslrootcert=${ours.ca}`
    const { err } = await check(full)
    expect(err).toContain('its certificate is not trusted')
    expect(err).toContain('--postgres-server-name')
    const flags = ['init', '--check', '--quiet', '--postgres', `${url}${full}`]
    const named = await commandLine([...flags, '--postgres-server-name', 'db.internal'], {})
    expect(named.exit).toBe(CONNECTED)
  })

  test('our own flag for an authority means that it is to be asked', async () => {
    const flags = ['init', '--check', '--quiet', '--postgres', url, '--postgres-server-name', 'db.internal']
    expect((await commandLine([...flags, '--postgres-ca', ours.ca], {})).exit).toBe(CONNECTED)
    expect((await commandLine([...flags, '--postgres-ca', strangers.ca], {})).exit).toBe(5)
  })

  test('a client shows its certificate by URL, variables, and libpq’s own folder', async () => {
    const bare = await check('?sslmode=require', {}, 'app')
    expect(bare.err).toContain('does not accept what this client shows of itself')
    expect(bare.exit).toBe(5)
    const byUrl = `?sslmode=require&sslcert=${client.cert}&sslkey=${client.key}`
    expect((await check(byUrl, {}, 'app')).exit).toBe(CONNECTED)
    const variables = { PGSSLMODE: 'require', PGSSLCERT: client.cert, PGSSLKEY: client.key }
    expect((await check('', variables, 'app')).exit).toBe(CONNECTED)
    const home = await mkdtemp(join(ours.folder, 'home-'))
    await mkdir(join(home, '.postgresql'))
    await copyFile(client.cert, join(home, '.postgresql', 'postgresql.crt'))
    const ofHome = () => check('?sslmode=require', { HOME: home }, 'app')
    // Half a pair that nobody named is no pair.
    expect((await ofHome()).exit).toBe(5)
    await copyFile(client.key, join(home, '.postgresql', 'postgresql.key'))
    expect((await ofHome()).exit).toBe(CONNECTED)
    await copyFile(strangers.ca, join(home, '.postgresql', 'root.crt'))
    expect((await ofHome()).exit).toBe(5)
    const wrong = { PGSSLMODE: 'require', PGSSLCERT: stranger.cert, PGSSLKEY: stranger.key }
    expect((await check('', wrong, 'app')).exit).toBe(5)
  })

  test('allow goes without encryption first, prefer comes to it where encryption is not admitted', async () => {
    expect((await check('?sslmode=allow', {}, 'bare')).exit).toBe(CONNECTED)
    expect((await check('?sslmode=prefer', {}, 'bare')).exit).toBe(CONNECTED)
    expect((await check('?sslmode=require', {}, 'bare')).exit).toBe(5)
    const shown = { PGSSLCERT: client.cert, PGSSLKEY: client.key }
    expect((await check('?sslmode=allow', shown, 'app')).exit).toBe(CONNECTED)
  })
})
