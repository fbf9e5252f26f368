/** Reads the text that INFO answers with. */
import type { DatabaseKeys, ServerModule, SourceInfo } from '../source.js'

export interface InfoFields {
  /** The value of a field that occurs once; empty where the server does not have it. */
  one(name: string): string
  /** Every line as name and value, in order; modules repeat their name. */
  readonly lines: readonly (readonly [name: string, value: string])[]
}

/** One or several answers of INFO. */
export function parseInfo(...texts: string[]): InfoFields {
  const lines = texts
    .flatMap((text) => text.split(/\r?\n/))
    .filter((line) => line !== '' && !line.startsWith('#') && line.includes(':'))
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const)
  const fields = new Map(lines)
  return { lines, one: (name) => fields.get(name) ?? '' }
}

export function sourceInfoOf(fields: InfoFields): SourceInfo {
  const valkey = fields.one('valkey_version')
  return {
    kind: valkey === '' ? 'redis' : 'valkey',
    version: valkey || fields.one('redis_version'),
    modules: modulesOf(fields),
    ...(fields.one('run_id') === '' ? {} : { runId: fields.one('run_id') }),
    usedMemoryBytes: Number(fields.one('used_memory')),
    maxMemoryBytes: Number(fields.one('maxmemory')),
    maxMemoryPolicy: fields.one('maxmemory_policy'),
    role: fields.one('role') === 'slave' ? 'replica' : 'master',
    clusterEnabled: fields.one('cluster_enabled') === '1',
    loading: fields.one('loading') === '1' || fields.one('async_loading') === '1',
    appendOnly: fields.one('aof_enabled') === '1',
    databases: databasesOf(fields),
  }
}

/** `db0:keys=5,expires=1,avg_ttl=0` */
function databasesOf({ lines }: InfoFields): Map<number, DatabaseKeys> {
  const databases = new Map<number, DatabaseKeys>()
  for (const [name, value] of lines) {
    const db = /^db(\d+)$/.exec(name)?.[1]
    if (db === undefined) continue
    const parts = partsOf(value)
    databases.set(Number(db), { keys: Number(parts.get('keys')), expiring: Number(parts.get('expires')) })
  }
  return databases
}

/** `module:name=ReJSON,ver=20803,api=1,…`; a module may be listed in two sections. */
function modulesOf({ lines }: InfoFields): ServerModule[] {
  const modules = new Map<string, string>()
  for (const [name, value] of lines) {
    if (name !== 'module') continue
    const parts = partsOf(value)
    modules.set(parts.get('name') ?? '', moduleVersion(Number(parts.get('ver'))))
  }
  return [...modules].map(([name, version]) => ({ name, version }))
}

const partsOf = (value: string): Map<string, string> =>
  new Map(value.split(',').map((part) => part.split('=', 2) as [string, string]))

/** Modules number their releases in one integer: 20803 is 2.8.3. */
const moduleVersion = (number: number): string =>
  [number / 10_000, (number / 100) % 100, number % 100].map(Math.trunc).join('.')
