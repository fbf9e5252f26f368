/** Finds the keys of threads whose names say nothing: by what the ledger has on record of them. */
import type { ClaimedKey } from '../../layouts/layout.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import type { ThreadKeys } from '../../pipeline/inventory.js'
import { retried } from '../../pipeline/retried.js'
import { readThreads } from '../../target/ledger/read.js'
import type { PurgeRequest } from './request.js'

/** Threads of which the ledger knows keys that are still there, and those whose purge was begun. */
export async function recordedKeys(
  request: PurgeRequest,
  threadIds: readonly string[],
  registry: LayoutRegistry,
): Promise<ThreadKeys[]> {
  const { postgres, scope, source } = request
  const records = await retried(request, () =>
    postgres.use((session) => readThreads(session, scope, threadIds)),
  )
  const threads: ThreadKeys[] = []
  for (const record of records.values()) {
    const keys = [...record.keys.values()].map(({ key }) => key)
    const types = await retried(request, () => source.types(keys))
    const there = keys.flatMap((key, at): ClaimedKey[] => {
      const type = types[at]
      if (type === null || type === undefined) return []
      const { threadId } = record
      const claim = registry.claim(key, type)
      const { layout = '', role = 'checkpoint', checkpointNs = '', checkpointId = '' } = claim ?? {}
      return [{ key, type, layout, role, threadId, checkpointNs, checkpointId }]
    })
    if (there.length > 0 || record.progress === 'purging')
      threads.push({ threadId: record.threadId, keys: there })
  }
  return threads
}
