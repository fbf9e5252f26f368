/** Which dialect a run writes: one target has one reader, so that rows of the two languages cannot be mixed in a schema. */

import type { Dialect } from '../convert/converter.js'
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import { Failure } from '../model/failure.js'
import type { Inventory } from '../pipeline/inventory.js'
import { readStream } from '../source/read-stream.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import { readRuns } from '../target/ledger/read.js'

/** Samples are read a few at a time: a document can be large. */
const SAMPLE_BYTES = 1024 * 1024

/**
 * The dialect of the layouts that samples of the keys turn out to be of, because names alone can be of either language. Throws
 * `two-dialects` where both are there. What the samples do not show, each thread does when it is read. Where no key tells, because all
 * are purged or have expired, what earlier runs have written does.
 */
export async function dialectOf(
  source: Source,
  inventory: Inventory,
  registry: LayoutRegistry,
  recorded: () => Promise<Dialect | null>,
): Promise<Dialect> {
  const samples = inventory.counts.samples()
  const found = await dialectsOf(source, samples, registry)
  if (found.size > 1) throw new Failure('two-dialects', {})
  const [byValue] = found
  const [byName] = samples.map(({ layout }) => registry.byId(layout).dialect)
  return byValue ?? byName ?? (await recorded()) ?? 'python'
}

/** Whose rows the newest run that knew has written into that schema; null where there is no such run. */
export function recordedDialect(
  postgres: Postgres,
  { ledgerSchema, targetSchema }: { readonly ledgerSchema: string; readonly targetSchema: string },
): Promise<Dialect | null> {
  return postgres.use(async (session) => {
    const runs = await readRuns(session, ledgerSchema, { targetSchema })
    return runs.find(({ dialect }) => dialect !== null)?.dialect ?? null
  })
}

async function dialectsOf(
  source: Source,
  samples: readonly ClaimedKey[],
  { layouts, prefixes }: LayoutRegistry,
): Promise<Set<Dialect>> {
  const found = new Set<Dialect>()
  for await (const { request, result } of readStream(source, samples, { batchBytes: SAMPLE_BYTES })) {
    if (result.state !== 'read') continue
    const { value } = result
    const own = layouts.find(
      (layout) =>
        layout.claim(request.key, request.type, prefixes) !== null && layout.recognises(request, value).yes,
    )
    if (own !== undefined) found.add(own.dialect)
  }
  return found
}
