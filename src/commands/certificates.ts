/** What TLS needs besides a URL: files that flags, the URL itself, variables or libpq's own folder name, read and checked. */
import { join, resolve } from 'node:path'
import type { Certificates, PostgresEndpoint, RedisEndpoint, TlsMode } from '../model/endpoint.js'
import { Failure } from '../model/failure.js'
import { Secret } from '../model/secret.js'
import { contentOf } from './variables.js'

/** What can speak TLS. */
export type ServerEndpoint = RedisEndpoint | PostgresEndpoint

/** A path, the text of a PEM file or a name, and what set it: `--redis-ca`, `PGSSLROOTCERT`, `sslrootcert in CHECKPOINT_DB_URI`. */
export interface TlsSetting {
  readonly value: string
  readonly origin: string
}
export type TlsPart = 'ca' | 'cert' | 'key' | 'serverName'
export const TLS_PARTS = ['ca', 'cert', 'key', 'serverName'] as const satisfies readonly TlsPart[]
export type TlsSettings = Readonly<Partial<Record<TlsPart, TlsSetting>>>

/** How libpq and redis-py call the parts in a URL. */
const IN_URL: Readonly<Record<ServerEndpoint['engine'], Partial<Record<TlsPart, string>>>> = {
  redis: { ca: 'ssl_ca_certs', cert: 'ssl_certfile', key: 'ssl_keyfile' },
  postgres: { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' },
}

/** Flags beat the URL, the URL beats variables. `setBy` names what set the URL. */
export function tlsSettingsOf(
  engine: ServerEndpoint['engine'],
  url: { readonly text: string; readonly setBy: string },
  set: TlsSettings,
): TlsSettings {
  const { searchParams } = new URL(url.text)
  const parts = TLS_PARTS.map((part): [TlsPart, TlsSetting | undefined] => {
    const name = IN_URL[engine][part]
    const inUrl = name === undefined ? null : searchParams.get(name)
    if (set[part]?.origin.startsWith('--') || !inUrl) return [part, set[part]]
    return [part, { value: inUrl, origin: `${name} in ${url.setBy}` }]
  })
  return Object.fromEntries(parts.filter(([, setting]) => setting !== undefined))
}

/** The endpoint with what the settings name. Throws a failure for a file that cannot be used, and for one that would not be. */
export function withCertificates<End extends ServerEndpoint>(
  endpoint: End,
  settings: TlsSettings,
  { cwd, tls = endpoint.tls }: { readonly cwd: string; readonly tls?: TlsMode },
): End {
  const used = Object.values(settings)[0]
  if (used === undefined) return { ...endpoint, tls }
  if (tls === 'off') {
    const how = endpoint.engine === 'redis' ? 'rediss://' : 'sslmode=verify-full'
    throw new Failure('bad-setting', {
      setBy: used.origin,
      problem: `the URL asks for no encryption; with it goes ${how}`,
    })
  }
  const { ca, cert, key, serverName } = settings
  const half = cert === undefined ? key : key === undefined ? cert : undefined
  if (half !== undefined) {
    const problem = 'a certificate and its key belong together, and the other one is missing'
    throw new Failure('bad-setting', { setBy: half.origin, problem })
  }
  const isSystem = ca?.value === 'system'
  const certificates: Certificates = {
    ...(ca && !isSystem && { ca: pemOf(ca, 'CERTIFICATE', cwd) }),
    ...(cert && { cert: pemOf(cert, 'CERTIFICATE', cwd) }),
    ...(key && { key: new Secret(pemOf(key, 'PRIVATE KEY', cwd)) }),
    ...(serverName && { serverName: serverName.value }),
  }
  return { ...endpoint, tls, certificates }
}

/**
 * libpq's mode, which a named authority makes stricter: `require` checks the certificate then, `sslrootcert=system` the name too. Our own
 * flag, given without any mode, means that it is to be checked.
 */
export function postgresTls(
  tls: TlsMode,
  { ca }: TlsSettings,
  { isModeGiven }: { readonly isModeGiven: boolean },
): TlsMode {
  if (ca === undefined || tls === 'off') return tls
  if (ca.value === 'system' || (!isModeGiven && ca.origin.startsWith('--'))) return 'verify-full'
  return tls === 'encrypt' ? 'verify-ca' : tls
}

/** Files that libpq takes without being told, where nothing else is said and they exist. */
export function libpqDefaults(
  env: Readonly<Record<string, string | undefined>>,
  exists: (path: string) => boolean,
): TlsSettings {
  const home = env.APPDATA ? join(env.APPDATA, 'postgresql') : env.HOME ? join(env.HOME, '.postgresql') : ''
  if (home === '') return {}
  const files = { ca: 'root.crt', cert: 'postgresql.crt', key: 'postgresql.key' }
  const found = Object.entries(files).map(([part, file]) => [part, join(home, file)] as const)
  return Object.fromEntries(
    found.filter(([, path]) => exists(path)).map(([part, path]) => [part, { value: path, origin: path }]),
  )
}

/** The text of a PEM file; a variable may hold the text itself. */
function pemOf({ value, origin }: TlsSetting, kind: 'CERTIFICATE' | 'PRIVATE KEY', cwd: string): string {
  const text = value.startsWith('-----BEGIN ') ? value : contentOf(resolve(cwd, value), origin)
  if (new RegExp(`-----BEGIN [A-Z0-9 ]*${kind}-----`).test(text)) return text
  const what = kind === 'CERTIFICATE' ? 'certificate' : 'private key'
  throw new Failure('bad-setting', { setBy: origin, problem: `what it names is no ${what} in PEM form` })
}
