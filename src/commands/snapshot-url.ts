/** Turns URLs of snapshots into endpoints: `file:dump.rdb`, `file:///backups/dump.rdb?db=2`. */
import { resolve } from 'node:path'
import type { SnapshotEndpoint } from '../model/snapshot.js'
import { UrlProblem } from './endpoint-url.js'

export const isSnapshotUrl = (text: string): boolean => /^file:/i.test(text)

/**
 * A path as it stands, relative to `cwd` unless it begins with `/`; signs with a meaning in URLs are written %3F (?), %23 (#), %25 (%).
 * `?db=N` names the logical database, as in redis-py's `unix://` URLs; `given` (by a flag) beats it, `preset` (by a variable) fills it in.
 */
export function parseSnapshotUrl(
  text: string,
  { cwd, given, preset }: { readonly cwd: string; readonly given?: string; readonly preset?: string },
): SnapshotEndpoint {
  const [, address = '', query = ''] = /^file:([^?#]*)(?:\?([^#]*))?/i.exec(text) ?? []
  const path = address.startsWith('//') ? hostless(address) : address
  if (path === '') throw new UrlProblem('it names no file')
  const db = given || new URLSearchParams(query).get('db') || preset || '0'
  if (!/^\d{1,6}$/.test(db)) throw new UrlProblem('the logical database to use is not a number')
  return { engine: 'rdb', path: resolve(cwd, decoded(path)), db: Number(db) }
}

/** `///path` and `//localhost/path`. */
function hostless(address: string): string {
  const [, host = '', path = ''] = /^\/\/([^/]*)(.*)$/.exec(address) ?? []
  if (host !== '' && host !== 'localhost')
    throw new UrlProblem('it names a host; a file on this machine is written file:PATH or file:///PATH')
  return path
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path // percent signs that begin no escape stand for themselves
  }
}
