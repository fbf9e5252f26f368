/** Turns what the Redis client throws into failures; the cause that is kept for --verbose holds no argument of any command. */
import { describeEndpoint, type RedisEndpoint } from '../../model/endpoint.js'
import { Failure } from '../../model/failure.js'
import { withoutSecrets } from '../../model/secret.js'

/** What the client hangs on an error: Node's code, or the command the server refused. */
interface ClientError extends Error {
  readonly code?: unknown
  readonly command?: { readonly name?: unknown }
}

/** True for an answer of the server; anything else is trouble on the way to it. */
export function isReplyError(error: unknown): error is ClientError {
  return error instanceof Error && error.name === 'ReplyError'
}

/** The first word of an error answer: `WRONGTYPE`, `NOPERM`, `ERR`. */
export const replyCodeOf = (error: Error): string => /^-?([A-Z]+)\b/.exec(error.message)?.[1] ?? ''

/** The key holds another TYPE than the command is for; RedisJSON has words of its own for that. */
export const isWrongType = (error: unknown): boolean =>
  isReplyError(error) && (replyCodeOf(error) === 'WRONGTYPE' || /wrong Redis type/.test(error.message))

export const isUnknownCommand = (error: unknown): boolean =>
  isReplyError(error) && /unknown (sub)?command/i.test(error.message)

export const isDenied = (error: unknown): boolean => isReplyError(error) && replyCodeOf(error) === 'NOPERM'

/** A command failed on a connection that was up. `command` is its name, for people. */
export function commandFailure(error: unknown, endpoint: RedisEndpoint, command: string): Failure {
  if (error instanceof Failure) return error
  const place = describeEndpoint(endpoint)
  const cause = withoutArguments(error, endpoint)
  const problem = cause.message
  if (!isReplyError(error)) return new Failure('redis-lost', { endpoint: place, problem }, cause)
  const user = endpoint.username ?? 'default'
  switch (replyCodeOf(error)) {
    case 'WRONGPASS':
      return new Failure('redis-password', { endpoint: place, user }, cause)
    case 'NOAUTH':
      return new Failure('redis-no-password', { endpoint: place }, cause)
    case 'NOPERM':
      return denied(error.message, { endpoint: place, user, command }, cause)
    case 'LOADING':
      return new Failure('redis-loading', { endpoint: place, seconds: 0 }, cause)
    case 'MASTERDOWN':
      return new Failure('redis-master-down', { endpoint: place }, cause)
    case 'MOVED':
    case 'ASK':
    case 'CROSSSLOT':
    case 'CLUSTERDOWN':
      return new Failure('redis-cluster', { endpoint: place }, cause)
  }
  if (/max number of clients/i.test(problem)) {
    return new Failure('redis-full', { endpoint: place, problem }, cause)
  }
  if (/DB index is out of range/i.test(problem)) {
    return new Failure('redis-no-database', { endpoint: place, db: endpoint.db }, cause)
  }
  if (isUnknownCommand(error)) {
    const id = command.startsWith('JSON.') ? 'redis-json-missing' : 'redis-command-missing'
    return new Failure(id, { endpoint: place, command }, cause)
  }
  return new Failure('redis-error', { endpoint: place, command, problem }, cause)
}

function denied(
  message: string,
  facts: { readonly endpoint: string; readonly user: string; readonly command: string },
  cause: Error,
): Failure {
  if (/access.* (a key|one of the keys)/.test(message)) return new Failure('redis-keys-denied', facts, cause)
  // Redis 7 says 'client|setname' where it is about a subcommand, which is also how ACL SETUSER wants it.
  const named = /run the '([^']+)' command/.exec(message)?.[1] ?? facts.command.toLowerCase()
  const command = named.replace('|', ' ').toUpperCase()
  return new Failure('redis-command-denied', { ...facts, command, rule: `+${named}` }, cause)
}

/** No connection came about. `error` is what the socket said last. */
export function connectFailure(error: unknown, endpoint: RedisEndpoint, timeoutMs: number): Failure {
  if (error instanceof Failure) return error
  if (isReplyError(error)) return commandFailure(error, endpoint, String(error.command?.name ?? ''))
  const place = describeEndpoint(endpoint)
  const cause = withoutArguments(error, endpoint)
  const problem = cause.message
  const code = codeOf(error)
  if (code === 'ECONNREFUSED') return new Failure('redis-refused', { endpoint: place }, cause)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new Failure('redis-unknown-host', { endpoint: place, host: endpoint.host }, cause)
  }
  if (code === 'ETIMEDOUT' || problem.startsWith('Socket timeout')) {
    return new Failure('redis-no-answer', { endpoint: place, seconds: Math.ceil(timeoutMs / 1000) }, cause)
  }
  if (NOT_TRUSTED.test(code)) return new Failure('redis-certificate', { endpoint: place, problem }, cause)
  if (/ALERT.*CERTIFICATE_REQUIRED/.test(code) || /certificate required/i.test(problem)) {
    return new Failure('redis-certificate-wanted', { endpoint: place }, cause)
  }
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return new Failure('redis-without-tls', { endpoint: place, problem: code || problem }, cause)
  }
  return new Failure('redis-unreachable', { endpoint: place, problem }, cause)
}

/** Codes of Node's TLS for a certificate that does not hold: OpenSSL's X509_V_ERR names and the check of the name. */
const NOT_TRUSTED =
  /SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT|DECODE)|CERT_|CERTIFICATE_VERIFY|ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA/

const codeOf = (error: unknown): string => {
  const code = error instanceof Error ? (error as ClientError).code : undefined
  return typeof code === 'string' ? code : ''
}

/** The client hangs every argument on its errors, the password of AUTH among them, and Redis quotes some in the text. */
function withoutArguments(error: unknown, endpoint: RedisEndpoint): Error {
  const text = error instanceof Error ? error.message : String(error)
  const secrets = endpoint.password === undefined ? [] : [endpoint.password]
  const message = withoutSecrets(text.replace(/,? with args beginning with:.*$/s, ''), secrets)
  const copy: Error & { code?: string } = new Error(message.slice(0, 300))
  copy.name = error instanceof Error ? error.name : 'Error'
  if (codeOf(error) !== '') copy.code = codeOf(error)
  return copy
}
