/** Which threads a run was told to take, as its row in the ledger says it. */
import { createHash } from 'node:crypto'
import type { ThreadScope } from '../../model/scope.js'

/** A file may name a million threads, or one with a NUL, which JSONB cannot hold: then their number and a digest stand for them. */
const NAMED_THREADS = 20

export function scopeNote({ threads, patterns, limit }: ThreadScope) {
  const named = threads === null ? null : [...threads].sort()
  const isShort = named === null || (named.length <= NAMED_THREADS && !named.some((id) => id.includes('\0')))
  const digest = isShort ? null : createHash('sha256').update(JSON.stringify(named)).digest('hex')
  return { threads: isShort ? named : { count: named.length, digest }, patterns, limit }
}
