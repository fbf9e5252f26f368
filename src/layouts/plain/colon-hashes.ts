/**
 * Hashes under colon-separated keys, `checkpoint:THREAD:NS:ID` and their writes: four savers use the same names, so one reader reads all
 * of them and tells by the fields whose each is. A thread may hold several kinds.
 */

import { blobKeyParser } from '../blob-keys.js'
import { claimByForms, keyedReadingOrder, keyForm, parsedForm } from '../keys/key-forms.js'
import type { KeyedForm } from '../keys/keyed-form.js'
import { KeyedThread } from '../keys/keyed-thread.js'
import { checkpointIdPart, EMPTY_NS_SENTINEL, IDX_PART, taskIdPart } from '../keys/keys.js'
import type { Layout } from '../layout.js'
import { pythonHashForm } from '../python/hash-form.js'
import { checkpointRedisForms } from './checkpoint-redis-form.js'
import { docsHashForm } from './docs-hash-form.js'
import { upstashForm } from './upstash-form.js'

const separator = ':'
export const DOCS_HASH = 'docs-hash'
export const CHECKPOINT_REDIS = 'checkpoint-redis'
export const UPSTASH = 'upstash'
export const PYTHON_HASH = 'python-hash'

/** Those with fields of their own before the plainest. */
const FORMS: readonly KeyedForm[] = [
  upstashForm(UPSTASH),
  pythonHashForm(PYTHON_HASH),
  ...checkpointRedisForms(CHECKPOINT_REDIS),
  docsHashForm(DOCS_HASH, separator),
]

const id = checkpointIdPart(separator)
const task = taskIdPart(separator)

/** What the layouts of these hashes have in common; the first of them claims and reads the keys of all. */
export const colonHashes = {
  claim: claimByForms(DOCS_HASH, ({ checkpoint, checkpointWrite, checkpointBlob }) => [
    ...checkpoint.map((prefix) =>
      keyForm('checkpoint', 'hash', { prefix, separator, emptyNs: ['', EMPTY_NS_SENTINEL], tail: [id] }),
    ),
    keyForm('write', 'hash', { prefix: 'writes', separator, emptyNs: [''], tail: [id, task, IDX_PART] }),
    keyForm('write', 'hash', { prefix: 'checkpoint_writes', separator, emptyNs: [''], tail: [id] }),
    ...checkpointWrite.map((prefix) =>
      keyForm('write', 'hash', {
        prefix,
        separator,
        emptyNs: ['', EMPTY_NS_SENTINEL],
        tail: [id, task, IDX_PART],
      }),
    ),
    ...checkpointBlob.map((prefix) =>
      parsedForm('blob', 'hash', prefix + separator, blobKeyParser(prefix, EMPTY_NS_SENTINEL)),
    ),
    keyForm('index', 'zset', { prefix: 'checkpoints_idx', separator, emptyNs: [''], tail: [] }),
    keyForm('index', 'set', { prefix: 'checkpoint_ns_idx', separator, tail: [] }),
  ]),
  /** Every checkpoint of these savers holds its values itself. */
  readingOrder: (keys) => keyedReadingOrder(keys.filter(({ role }) => role !== 'blob')),
  openThread: (threadId, sink) => new KeyedThread(threadId, sink, FORMS, separator),
} as const satisfies Pick<Layout, 'claim' | 'readingOrder' | 'openThread'>

/** Whether the first form that knows a value is this layout's. */
export function recognisedAs(layout: string): Layout['recognises'] {
  return (key, value) => {
    if (key.role === 'index')
      return { yes: layout === UPSTASH, evidence: 'index of namespaces or checkpoints' }
    for (const form of FORMS) {
      const evidence = form.evidence(key, value)
      if (evidence !== undefined) return { yes: form.layout === layout, evidence }
    }
    return { yes: false, evidence: 'no fields of a checkpoint or write' }
  }
}
