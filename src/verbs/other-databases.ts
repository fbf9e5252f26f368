/** Checkpoints in another logical database of the same server: a wrong number in the URL is easily made. */
import type { Prefixes } from '../layouts/layout.js'
import type { Source } from '../source/source.js'

/** How many keys is a guess from those looked at. */
export async function otherDatabases(
  source: Source,
  prefixes: Prefixes,
): Promise<readonly { readonly db: number; readonly keys: number }[]> {
  const beginnings = [...prefixes.checkpoint, ...prefixes.checkpointWrite].map((prefix) => `${prefix}:`)
  const found = await source.databasesWith(beginnings)
  return found.map(({ db, keys, lookedAt, matching }) => ({
    db,
    keys: Math.round((keys * matching) / lookedAt),
  }))
}
