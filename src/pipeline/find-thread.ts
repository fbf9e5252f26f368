/** Finds the keys of one thread without listing all others by thread. */
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { ScanOptions, Source } from '../source/source.js'
import type { ThreadKeys } from './inventory.js'
import { claimsByDocument } from './resolve-claims.js'

/**
 * By names that hold the id, which is all of them unless a saver writes ids in another way; only where that finds nothing every name is
 * looked at. Names that can be split in several ways are settled by their documents.
 */
export async function findThread(
  source: Source,
  registry: LayoutRegistry,
  threadId: string,
  signal: AbortSignal,
): Promise<ThreadKeys> {
  const near = threadId === '' ? [] : await keysOf({ match: `*${globOf(threadId)}*` })
  return { threadId, keys: near.length > 0 ? near : await keysOf({}) }

  async function keysOf(options: ScanOptions): Promise<ClaimedKey[]> {
    const resolve = claimsByDocument(source, registry)
    const found = new Map<string, ClaimedKey>()
    for await (const page of source.scan(options)) {
      signal.throwIfAborted()
      const claimed = page.flatMap(({ key, type }) => {
        const claim = registry.claim(key, type)
        return claim === null ? [] : [{ ...claim, key, type }]
      })
      const open = claimed.filter(({ ambiguous }) => ambiguous)
      const settled = open.length === 0 ? [] : await resolve(open)
      const sure = claimed.filter(({ ambiguous }) => !ambiguous)
      const asked = open.flatMap((key, at) => {
        const claim = settled[at] ?? null
        return claim === null ? [] : [{ ...claim, key: key.key, type: key.type }]
      })
      for (const key of [...sure, ...asked])
        if (key.threadId === threadId) found.set(key.key.toString('latin1'), key)
    }
    return [...found.values()].sort((a, b) => a.key.compare(b.key))
  }
}

/** A text that a glob pattern of SCAN matches literally. */
const globOf = (text: string): string => text.replace(/[*?[\]\\^-]/g, (sign) => `\\${sign}`)
