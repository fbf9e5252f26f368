/** What a source is, for people. */
import type { SourceInfo } from './source.js'

/** `Redis 7.4.1`, `Valkey 8.0.2`, `snapshot of Redis 7.4.1, saved 2026-11-21 05:52 UTC`, `SQLite file of the Python saver`. */
export function serverNameOf({ kind, version, snapshot }: SourceInfo): string {
  if (kind === 'sqlite') return `SQLite file of the ${version === 'js' ? 'JavaScript' : 'Python'} saver`
  const name = `${kind === 'valkey' ? 'Valkey' : 'Redis'} ${version}`
  if (snapshot === undefined) return name
  const { savedAtMs } = snapshot
  const saved =
    savedAtMs === null
      ? ''
      : `, saved ${new Date(savedAtMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return `snapshot of ${name}${saved}`
}
