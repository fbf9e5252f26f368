/** Turns URLs of SQLite files into endpoints: `sqlite:checkpoints.db`, `sqlite:///srv/agent/checkpoints.db`. */
import { resolve } from 'node:path'
import type { SqliteEndpoint } from '../model/sqlite.js'
import { UrlProblem } from './endpoint-url.js'

export const isSqliteUrl = (text: string): boolean => /^sqlite:/i.test(text)

/** A path as it stands, relative to `cwd` unless it begins with `/`; signs with a meaning in URLs are written %3F (?), %23 (#), %25 (%). */
export function parseSqliteUrl(text: string, cwd: string): SqliteEndpoint {
  const [, address = '', rest = ''] = /^sqlite:([^?#]*)(.*)$/is.exec(text) ?? []
  if (rest !== '') throw new UrlProblem('nothing can follow the path; ? and # in it are written %3F and %23')
  // SQLAlchemy's way: three slashes and a path that begins with none, four and one that does. Both are read as absolute here.
  const path = address.startsWith('//') ? address.replace(/^\/+/, '/') : address
  if (address.startsWith('//') && !address.startsWith('///'))
    throw new UrlProblem('it names a host; a file on this machine is written sqlite:PATH or sqlite:///PATH')
  if (path === '' || path === '/') throw new UrlProblem('it names no file')
  if (path === ':memory:')
    throw new UrlProblem('a database in memory ends with its process; only files can be read')
  return { engine: 'sqlite', path: resolve(cwd, decoded(path)) }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path // percent signs that begin no escape stand for themselves
  }
}
