/** Opens one connection: logs in, chooses the database, asks to be invisible to the server's LRU, and waits while it loads. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis, type RedisOptions } from 'ioredis'
import { describeEndpoint, type RedisEndpoint } from '../../model/endpoint.js'
import { Failure } from '../../model/failure.js'
import type { SourceInfo } from '../source.js'
import { commandFailure, connectFailure, isReplyError } from './errors.js'
import { parseInfo, sourceInfoOf } from './info.js'

/** What a URL cannot say. */
export interface RedisConnectionOptions {
  readonly connectTimeoutMs?: number
  /** A connection that has said nothing for so long while an answer was due is given up. */
  readonly answerTimeoutMs?: number
  /** How long to wait for a server that is loading its data. */
  readonly loadingTimeoutMs?: number
}

const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_TIMEOUT_MS = 60_000
const LOADING_TIMEOUT_MS = 30_000
/** How we appear in the server's CLIENT LIST. */
const CLIENT_NAME = 'cp-migrate'

/** A connection that is ready to read from `endpoint.db`. Throws a failure that says what to do. */
export async function openRedis(
  endpoint: RedisEndpoint,
  options: RedisConnectionOptions = {},
): Promise<Redis> {
  const timeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
  const client = new Redis(clientOptions(endpoint, options))
  let socketError: unknown
  client.on('error', (error) => {
    socketError ??= error
  })
  try {
    // The client's own rejection says only that the connection is closed.
    await client.connect().catch((error) => {
      throw connectFailure(socketError ?? error, endpoint, timeoutMs)
    })
    await logIn(client, endpoint).catch((error) => {
      throw isReplyError(error) || error instanceof Failure
        ? commandFailure(error, endpoint, 'AUTH')
        : hungUp(socketError ?? error, endpoint, options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS)
    })
    await waitWhileLoading(client, endpoint, options.loadingTimeoutMs ?? LOADING_TIMEOUT_MS)
    return client
  } catch (error) {
    client.disconnect()
    throw error
  }
}

function clientOptions(endpoint: RedisEndpoint, options: RedisConnectionOptions): RedisOptions {
  const { ca, cert, key, serverName } = endpoint.certificates ?? {}
  return {
    ...(endpoint.socketPath === undefined
      ? { host: endpoint.host, port: endpoint.port }
      : { path: endpoint.socketPath }),
    // RESP3 would answer numbers and maps in other shapes, and old proxies know only RESP2.
    protocol: 2,
    lazyConnect: true,
    connectTimeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    socketTimeout: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    // Whether and when to try again is decided above this file; a silent reconnect would skip the log-in below.
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    ...(endpoint.tls === 'off'
      ? {}
      : {
          tls: {
            rejectUnauthorized: endpoint.tls !== 'encrypt',
            // SNI is for names; an address in it is refused.
            ...(serverName === undefined ? {} : { servername: serverName }),
            ...(endpoint.tls === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert }),
            ...(key === undefined ? {} : { key: key.reveal() }),
          },
        }),
  }
}

async function logIn(client: Redis, endpoint: RedisEndpoint): Promise<void> {
  const { username, password, db } = endpoint
  if (username !== undefined || password !== undefined) {
    const secret = password?.reveal() ?? ''
    // Without await in between: the answers come back together.
    await client
      .call('AUTH', username === undefined ? [secret] : [username, secret])
      .catch(unlessNoneIsNeeded)
  }
  const polite = client.pipeline()
  polite.call('CLIENT', 'SETNAME', CLIENT_NAME)
  // A full read would otherwise make every key look freshly used. Known from Redis 7.2; older servers and strict ACLs refuse it.
  polite.call('CLIENT', 'NO-TOUCH', 'ON')
  const answers = (await polite.exec()) ?? []
  for (const [error] of answers) {
    if (error !== null && !isReplyError(error)) throw error
    if (error !== null && /^-?NOAUTH/.test(error.message)) throw error
  }
  if (db !== 0) {
    await client.call('SELECT', String(db)).catch((error) => {
      throw isReplyError(error) ? commandFailure(error, endpoint, 'SELECT') : error
    })
  }
}

/** A password where none is needed does no harm. */
function unlessNoneIsNeeded(error: unknown): void {
  if (error instanceof Error && /no password is set|without any password configured/.test(error.message))
    return
  throw error
}

/** The socket opened, and no first answer came. */
function hungUp(error: unknown, endpoint: RedisEndpoint, timeoutMs: number): Failure {
  const failure = connectFailure(error, endpoint, timeoutMs)
  if (failure.id !== 'redis-unreachable') return failure
  const problem = 'it closed the connection before the first answer'
  return new Failure('not-redis', { endpoint: describeEndpoint(endpoint), problem }, failure.cause)
}

async function waitWhileLoading(client: Redis, endpoint: RedisEndpoint, timeoutMs: number): Promise<void> {
  const begun = Date.now()
  for (let waitMs = 50; (await readInfo(client, endpoint)).loading; waitMs = Math.min(waitMs * 2, 1000)) {
    if (Date.now() - begun >= timeoutMs) {
      const seconds = Math.round(timeoutMs / 1000)
      throw new Failure('redis-loading', { endpoint: describeEndpoint(endpoint), seconds })
    }
    await sleep(waitMs)
  }
}

/** What the server says of itself. Throws where it is none we can read: a cluster node, a Sentinel, too old. */
export async function readInfo(client: Redis, endpoint: RedisEndpoint): Promise<SourceInfo> {
  const place = { endpoint: describeEndpoint(endpoint) }
  const asked = client.pipeline()
  asked.call('INFO')
  // Not among the default sections of every version.
  asked.call('INFO', 'modules')
  const [[problem, plain] = [null, ''], [, modules] = [null, '']] = (await asked.exec()) ?? []
  if (problem !== null) throw commandFailure(problem, endpoint, 'INFO')
  const fields = parseInfo(String(plain), String(modules ?? ''))
  const version = fields.one('redis_version')
  if (fields.one('redis_mode') === 'sentinel') throw new Failure('redis-sentinel', place)
  if (version === '') throw new Failure('not-redis', { ...place, problem: 'INFO names no version' })
  if (Number.parseInt(version, 10) < 6) throw new Failure('redis-too-old', { ...place, version })
  const info = sourceInfoOf(fields)
  // One node's SCAN would be a part of the data that looks like the whole.
  if (info.clusterEnabled) throw new Failure('redis-cluster', place)
  return info
}
