/** Certificates made for one test file by openssl: an authority, and whom it vouches for. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { atEndOfFile } from './each-file.js'

const openssl = (...args: string[]) => promisify(execFile)('openssl', args)

export interface Signed {
  readonly cert: string
  readonly key: string
}

export interface Authority {
  /** Its certificate's file, as those of `sign` are files. */
  readonly ca: string
  readonly folder: string
  /** `names` as OpenSSL writes them: `DNS:db.internal`, `IP:127.0.0.1`. */
  sign(commonName: string, names?: readonly string[]): Promise<Signed>
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A new authority that nobody trusts by itself. */
export async function authority(name = 'Authority of a test'): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-certificates-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  const [ca, caKey] = [join(folder, 'ca.crt'), join(folder, 'ca.key')]
  await openssl('req', '-x509', ...KEY, '-keyout', caKey, '-out', ca, '-days', '2', '-subj', `/CN=${name}`)
  return {
    ca,
    folder,
    async sign(commonName, names = []) {
      const base = join(folder, commonName)
      const [cert, key, request] = [`${base}.crt`, `${base}.key`, `${base}.csr`]
      await openssl('req', '-new', ...KEY, '-keyout', key, '-out', request, '-subj', `/CN=${commonName}`)
      const extensions = `${base}.ext`
      await writeFile(extensions, names.length > 0 ? `subjectAltName=${names.join(',')}\n` : '')
      const by = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2', '-extfile', extensions]
      await openssl('x509', '-req', '-in', request, ...by, '-out', cert)
      return { cert, key }
    },
  }
}
