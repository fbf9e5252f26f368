/** What stops a run at the source: each gets its own words, the exit code of its kind, and never shows a password. */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../../src/model/failure.js'
import { readStream } from '../../../src/source/read-stream.js'
import { atEndOfFile } from '../../services/each-file.js'
import { freshRedis, redisClient } from '../../services/redis.js'
import { all, failureOf, sourceOf } from '../open.js'

const PASSWORD = 'hunter2-päss/word'
const url = (port: number, logIn = '') => `redis://${logIn}127.0.0.1:${port}/0`

/** A server of our own making; `answer` gets everything a client says. */
async function fakeServer(answer: (said: string, socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => answer(data.toString(), socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEndOfFile(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A port where nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('reaching the server', () => {
  it('says that nothing listens', async () => {
    const port = await closedPort()
    const failure = await failureOf(sourceOf(url(port, `:${encodeURIComponent(PASSWORD)}@`)).info())
    expect(failure).toMatchObject({ id: 'redis-refused', exit: EXIT.connection })
    expect(failure.what).toBe(
      `cannot connect to redis://127.0.0.1:${port}/0: nothing listens there (connection refused)`,
    )
    expect(failure.everything).not.toContain('hunter2')
  })

  it('says that a name is not known', async () => {
    const failure = await failureOf(sourceOf('redis://no-such-host.invalid/0').info())
    expect(failure).toMatchObject({ id: 'redis-unknown-host', exit: EXIT.connection })
    expect(failure.what).toContain('the name no-such-host.invalid is not known')
  })

  it('says that no answer came', async () => {
    const port = await fakeServer(() => {})
    const failure = await failureOf(sourceOf(url(port), { answerTimeoutMs: 200 }).info())
    expect(failure).toMatchObject({ id: 'redis-no-answer', exit: EXIT.connection })
    expect(failure.what).toContain('no answer within 1 s')
  })

  it('says that what hangs up or talks otherwise is no Redis', async () => {
    const hangsUp = await fakeServer((_, socket) => socket.end())
    expect(await failureOf(sourceOf(url(hangsUp)).info())).toMatchObject({
      id: 'not-redis',
      exit: EXIT.connection,
      next: expect.stringContaining('rediss://'),
    })
    const http = await fakeServer((_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    expect(await failureOf(sourceOf(url(http)).info())).toMatchObject({
      id: 'not-redis',
      exit: EXIT.connection,
    })
  })

  it('tells a connection that broke from one that never was, and opens another at the next call', async () => {
    const server = await freshRedis({ modules: false })
    const other = redisClient(server.url)
    await other.set('a', 'x')
    const source = sourceOf(server.url)
    await source.info()
    await other.call('CLIENT', 'PAUSE', '60000', 'ALL')
    const reading = failureOf(source.read([{ key: Buffer.from('a'), type: 'string' }]))
    await server.halt('SIGKILL')
    expect(await reading).toMatchObject({ id: 'redis-lost', exit: EXIT.connection })
    await server.start()
    expect(await source.read([{ key: Buffer.from('a'), type: 'string' }])).toEqual([{ state: 'gone' }])
  })
})

describe('logging in', () => {
  it('names the user whose password is wrong, and shows no password', async () => {
    const { port } = await freshRedis({ modules: false, args: ['--requirepass', PASSWORD] })
    const wrong = await failureOf(sourceOf(url(port, 'default:hunter2-wrong@')).info())
    expect(wrong).toMatchObject({ id: 'redis-password', exit: EXIT.connection })
    expect(wrong.what).toContain('for user default')
    expect(wrong.everything).not.toContain('hunter2')
    const none = await failureOf(sourceOf(url(port)).info())
    expect(none).toMatchObject({ id: 'redis-no-password', exit: EXIT.connection })
    const right = sourceOf(url(port, `:${encodeURIComponent(PASSWORD)}@`))
    expect((await right.info()).role).toBe('master')
  })

  it('goes on where a password is given and none is needed', async () => {
    const { port } = await freshRedis({ modules: false })
    expect((await sourceOf(url(port, ':secret@')).info()).role).toBe('master')
  })

  it('refuses the number of a logical database that the server does not have', async () => {
    const { port } = await freshRedis({ modules: false })
    const failure = await failureOf(sourceOf(`redis://127.0.0.1:${port}/99`).info())
    expect(failure).toMatchObject({ id: 'redis-no-database', exit: EXIT.usage })
    expect(failure.what).toContain('no logical database 99')
  })
})

describe('permissions', () => {
  it('names the command and the rule that a limited user lacks', async () => {
    const { port } = await freshRedis()
    const admin = redisClient(url(port))
    await admin.set('a', '1')
    await admin.call('JSON.SET', 'document', '$', '{}')
    await admin.call(
      'ACL',
      'SETUSER',
      'limited',
      'on',
      `>${PASSWORD}`,
      '~*',
      '+info',
      '+scan',
      '+type',
      '+pttl',
    )
    const source = sourceOf(url(port, `limited:${encodeURIComponent(PASSWORD)}@`))
    expect((await all(source.scan())).flat()).toHaveLength(2)
    const strings = await failureOf(source.read([{ key: Buffer.from('a'), type: 'string' }]))
    expect(strings).toMatchObject({ id: 'redis-command-denied', exit: EXIT.usage })
    expect(strings.what).toContain('user limited')
    expect(strings.what).toContain('may not run MGET')
    expect(strings.next).toContain('ACL SETUSER limited +mget')
    expect(strings.everything).not.toContain('hunter2')
    const documents = await failureOf(source.read([{ key: Buffer.from('document'), type: 'ReJSON-RL' }]))
    expect(documents.next).toContain('ACL SETUSER limited +json.mget')
    await admin.call('ACL', 'SETUSER', 'blind', 'on', `>${PASSWORD}`, '~*', '+@read')
    const blind = sourceOf(url(port, `blind:${encodeURIComponent(PASSWORD)}@`))
    expect((await failureOf(blind.info())).next).toContain('ACL SETUSER blind +info')
  })

  it('reads with exactly what the message asks an administrator for', async () => {
    const { port } = await freshRedis()
    const admin = redisClient(url(port))
    await admin.set('a', '1')
    await admin.call('JSON.SET', 'document', '$', '{}')
    const rules = ['+@read', '+@connection', '+info', '+json.get', '+json.mget']
    await admin.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', ...rules)
    const source = sourceOf(url(port, 'reader:secret@'))
    const keys = (await all(source.scan())).flat()
    const read = await all(readStream(source, keys, { batchBytes: 1000 }))
    expect(read.map(({ result }) => result.state)).toEqual(['read', 'read'])
    expect(await source.searchIndexes()).toEqual([])
  })

  it('stops where a user may not see every key, instead of leaving some out', async () => {
    const { port } = await freshRedis({ modules: false })
    const admin = redisClient(url(port))
    await admin.mset('mine:a', '1', 'theirs:a', '1')
    await admin.call('ACL', 'SETUSER', 'partial', 'on', '>secret', '%R~mine:*', '+@all')
    const source = sourceOf(url(port, 'partial:secret@'))
    const keys = ['mine:a', 'theirs:a'].map((key) => ({ key: Buffer.from(key), type: 'string' }))
    expect(await failureOf(source.read(keys))).toMatchObject({ id: 'redis-keys-denied', exit: EXIT.usage })
    expect(await failureOf(all(source.scan()))).toMatchObject({ id: 'redis-keys-denied', exit: EXIT.usage })
  })

  it('cuts batches without measuring where measuring is not allowed', async () => {
    const { port } = await freshRedis()
    const admin = redisClient(url(port))
    for (let at = 0; at < 100; at++)
      await admin.call('JSON.SET', `d:${at}`, '$', JSON.stringify('x'.repeat(1000)))
    await admin.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@all', '-memory')
    const source = sourceOf(url(port, 'reader:secret@'))
    const keys = (await all(source.scan())).flat()
    const read = await all(readStream(source, keys, { batchBytes: 200_000 }))
    expect(read.filter(({ result }) => result.state === 'read')).toHaveLength(100)
  })
})

describe('servers that cannot be read', () => {
  it('refuses a node of a cluster: its SCAN would be a part that looks like the whole', async () => {
    const { port } = await freshRedis({ modules: false, args: ['--cluster-enabled', 'yes'] })
    const failure = await failureOf(sourceOf(url(port)).info())
    expect(failure).toMatchObject({ id: 'redis-cluster', exit: EXIT.usage })
    expect(failure.what).toContain('Redis Cluster')
    expect((await failureOf(all(sourceOf(url(port)).scan()))).id).toBe('redis-cluster')
  })

  it('refuses a Sentinel', async () => {
    const port = await fakeServer((said, socket) => {
      const text = 'redis_version:7.4.1\r\nredis_mode:sentinel\r\n'
      if (/INFO/.test(said)) socket.write(`$${text.length}\r\n${text}\r\n$0\r\n\r\n`)
      else socket.write('+OK\r\n+OK\r\n')
    })
    expect(await failureOf(sourceOf(url(port)).info())).toMatchObject({
      id: 'redis-sentinel',
      exit: EXIT.usage,
    })
  })

  it('refuses a server that is too old', async () => {
    const port = await fakeServer((said, socket) => {
      const text = 'redis_version:5.0.14\r\n'
      if (/INFO/.test(said)) socket.write(`$${text.length}\r\n${text}\r\n$0\r\n\r\n`)
      else socket.write('+OK\r\n-ERR Unknown subcommand or wrong number of arguments for NO-TOUCH\r\n')
    })
    const failure = await failureOf(sourceOf(url(port)).info())
    expect(failure).toMatchObject({ id: 'redis-too-old', exit: EXIT.usage })
    expect(failure.what).toContain('runs Redis 5.0.14; 6 is the oldest')
  })

  it('says that RedisJSON is missing where documents are to be read', async () => {
    const { port } = await freshRedis({ modules: false })
    const read = sourceOf(url(port)).read([{ key: Buffer.from('document'), type: 'ReJSON-RL' }])
    expect(await failureOf(read)).toMatchObject({ id: 'redis-json-missing', exit: EXIT.usage })
  })

  it('says that a replica has lost its master', async () => {
    const args = ['--replicaof', '127.0.0.1', String(await closedPort()), '--replica-serve-stale-data', 'no']
    const { port } = await freshRedis({ modules: false, args })
    const failure = await failureOf(all(sourceOf(url(port)).scan()))
    expect(failure).toMatchObject({ id: 'redis-master-down', exit: EXIT.connection })
  })

  it('waits while a server loads its data, and for a bounded time', async () => {
    const args = ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024']
    const { port } = await freshRedis({ modules: false, args })
    const admin = redisClient(url(port))
    for (let at = 0; at < 200; at++) await admin.set(`key:${at}`, Buffer.alloc(2000, String(at)))
    await admin.config('SET', 'rdbcompression', 'no')
    await admin.config('SET', 'key-load-delay', '10000')
    const reloaded = admin.call('DEBUG', 'RELOAD')
    await sleep(300)
    expect(await failureOf(sourceOf(url(port), { loadingTimeoutMs: 100 }).info())).toMatchObject({
      id: 'redis-loading',
      exit: EXIT.connection,
    })
    const patient = sourceOf(url(port))
    expect((await all(patient.scan())).flat()).toHaveLength(200)
    await reloaded
  })
})

describe('TLS', () => {
  it('checks the certificate unless it is told not to, and sends a password to nobody it does not trust', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-tls-'))
    atEndOfFile(() => rm(folder, { recursive: true }))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'],
      ...['-keyout', key, '-out', cert, ...subject],
    ])
    const port = await closedPort()
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert]
    const plain = await freshRedis({
      modules: false,
      args: ['--tls-port', String(port), ...files, '--tls-auth-clients', 'no', '--requirepass', 'secret'],
    })
    const secure = `rediss://:secret@127.0.0.1:${port}/0`
    const ca = await readFile(cert, 'utf8')

    expect(await failureOf(sourceOf(secure).info())).toMatchObject({
      id: 'redis-certificate',
      exit: EXIT.connection,
      next: expect.stringContaining('--redis-ca FILE'),
    })
    expect((await sourceOf(secure, {}, { ca }).info()).role).toBe('master')
    expect((await sourceOf(`${secure}?ssl_cert_reqs=none`).info()).role).toBe('master')
    expect(sourceOf(secure).describe()).toBe(`rediss://127.0.0.1:${port}/0`)
    const otherName = { ca, serverName: 'elsewhere.example' }
    expect((await failureOf(sourceOf(secure, {}, otherName).info())).id).toBe('redis-certificate')

    expect((await failureOf(sourceOf(secure.replace('rediss', 'redis')).info())).id).toBe('not-redis')
    const toPlain = sourceOf(`rediss://:secret@127.0.0.1:${plain.port}/0`, { connectTimeoutMs: 300 })
    expect(await failureOf(toPlain.info())).toMatchObject({
      id: 'redis-no-answer',
      next: expect.stringContaining('TLS'),
    })
  })
})
