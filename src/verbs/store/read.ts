/** Reads the items of a source's stores, each with its embedding, a batch at a time. */
import { readStoreItem } from '../../layouts/store/item.js'
import { type StorePrefixes, storeKeyName, storePatterns, storePrefixesOf } from '../../layouts/store/keys.js'
import { readStoreVector } from '../../layouts/store/vector.js'
import type { Finding } from '../../model/finding.js'
import type { ReadResult } from '../../model/redis-value.js'
import type { FoundItem } from '../../model/store.js'
import { SeenThreads } from '../../pipeline/seen-threads.js'
import { sourceDigest } from '../../pipeline/source-digest.js'
import type { KeyOfType, ReadKey, Source } from '../../source/source.js'
import { undecodable } from './wanted.js'

export interface StoreReadOptions {
  readonly source: Source
  readonly prefixes: StorePrefixes
  /** Bytes of values that are read at once. */
  readonly batchBytes: number
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

export interface FoundBatch {
  readonly items: readonly FoundItem[]
  /** Of keys that look like items and cannot be read as such. */
  readonly findings: readonly Finding[]
  readonly bytes: number
}

const BATCH_ITEMS = 500

/** Every item once: SCAN may name a key twice. */
export async function* readStore(options: StoreReadOptions): AsyncGenerator<FoundBatch> {
  const { source, signal, batchBytes } = options
  const prefixes = storePrefixesOf(await source.searchIndexes(), options.prefixes)
  const seen = new SeenThreads()
  const isNew = ({ key }: KeyOfType): boolean => seen.note(text(key), 0) === undefined
  const keys = async function* (): AsyncGenerator<KeyOfType[]> {
    for (const match of storePatterns(prefixes)) {
      for await (const page of source.scan({ match })) {
        const items = page.filter((found) => storeKeyName(found.key, prefixes) !== null && isNew(found))
        if (items.length > 0) yield items
      }
    }
  }
  for await (const batch of source.readBatches(keys(), { batchBytes })) {
    for (let at = 0; at < batch.length; at += BATCH_ITEMS) {
      signal.throwIfAborted()
      yield await batchOf(batch.slice(at, at + BATCH_ITEMS), prefixes, options)
    }
  }
}

async function batchOf(
  batch: readonly ReadKey<KeyOfType>[],
  prefixes: StorePrefixes,
  { source, now }: StoreReadOptions,
): Promise<FoundBatch> {
  const findings: Finding[] = []
  const items: FoundItem[] = []
  let bytes = 0
  const vectors = await vectorsOf(batch, prefixes, source)
  for (const { request, result } of batch) {
    const { key, type } = request
    if (result.state === 'gone' || result.state === 'type-changed') {
      findings.push({ reason: 'gone', key })
      continue
    }
    if (result.state === 'too-large') {
      findings.push({ reason: 'too-large', key, detail: `${result.sizeBytes} bytes` })
      continue
    }
    bytes += result.sizeBytes
    const { dialect, vectorKeys } = storeKeyName(key, prefixes)!
    try {
      const item = readStoreItem(dialect, result.value, { pttlMs: result.pttlMs, nowMs: now() })
      if (item === null) {
        findings.push({ reason: 'foreign-key', key })
        continue
      }
      // Only a SQLite file shows what has expired: until somebody sweeps it.
      if (item.ttl !== null && item.ttl.remainingMs <= 0) {
        findings.push({ reason: 'gone', key, detail: 'expired' })
        continue
      }
      const vector = vectorKeys.map((one) => vectors.get(text(one))).find((one) => one !== undefined)
      const embedding = vector && readStoreVector(vector.result.value)
      items.push({
        item,
        source: { key, type, digest: sourceDigest(result.value) },
        vector:
          vector && embedding
            ? { ...embedding, source: { ...vector.request, digest: sourceDigest(vector.result.value) } }
            : null,
      })
    } catch (error) {
      findings.push(undecodable(key, error))
    }
  }
  return { items, findings, bytes }
}

const text = (key: Buffer): string => key.toString('latin1')

interface ReadVector {
  readonly request: KeyOfType
  readonly result: ReadResult & { readonly state: 'read' }
}

async function vectorsOf(
  batch: readonly ReadKey<KeyOfType>[],
  prefixes: StorePrefixes,
  source: Source,
): Promise<Map<string, ReadVector>> {
  const names = batch.flatMap(({ request }) => storeKeyName(request.key, prefixes)?.vectorKeys ?? [])
  const types = await source.types(names)
  const requests = names.flatMap((key, at) => (types[at] ? [{ key, type: types[at] }] : []))
  const results = requests.length === 0 ? [] : await source.read(requests)
  const found = new Map<string, ReadVector>()
  for (const [at, request] of requests.entries()) {
    const result = results[at]
    if (result?.state === 'read') found.set(text(request.key), { request, result })
  }
  return found
}
