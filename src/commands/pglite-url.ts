/** Turns the URL of a database in a folder into an endpoint: `pglite:./rehearsal`. */
import { resolve } from 'node:path'
import type { PgliteEndpoint } from '../model/endpoint.js'
import { UrlProblem } from './endpoint-url.js'

export const isPgliteUrl = (text: string): boolean => /^pglite:/i.test(text)

/** A path as it stands, relative to `cwd` unless it is absolute; `pglite://` in front of it is fine too. */
export function parsePgliteUrl(text: string, cwd: string): PgliteEndpoint {
  const path = text.slice('pglite:'.length).replace(/^\/\/(?=[./~]|[A-Za-z]:)/, '')
  if (path === '') throw new UrlProblem('it names no folder')
  if (/^(memory|idb|opfs-ahp):\/\//.test(path))
    throw new UrlProblem('it names no folder of this machine; what is migrated should last')
  return { engine: 'pglite', folder: resolve(cwd, path), username: 'postgres', tls: 'off' }
}
