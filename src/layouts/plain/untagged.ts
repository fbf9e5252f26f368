/** Layout of the plainest savers: a string a checkpoint under the keys that pickling savers use, and no writes. */
import { keyedReadingOrder } from '../keys/key-forms.js'
import { KeyedThread } from '../keys/keyed-thread.js'
import type { Layout } from '../layout.js'
import { claimPickleKey } from '../pickle/keys.js'
import { untaggedForm } from './untagged-form.js'

const ID = 'untagged'
const FORM = untaggedForm(ID)

export const untagged = {
  id: ID,
  title: 'one string a checkpoint (msgpack or JSON without a type)',
  writtenBy:
    'savers of single projects: checkpoint:THREAD:ID or langgraph:checkpoint:THREAD:ID, msgpack or JSON, no writes',
  dialect: 'python',
  /** The names are those of the pickling savers, which refuse such values: both must mean the same thread. */
  claim(key, type, prefixes) {
    const claim = claimPickleKey(ID, key, type, prefixes)
    return claim?.role === 'checkpoint' || claim?.role === 'snapshot' ? claim : null
  },
  recognises(key, value) {
    const evidence = FORM.evidence(key, value)
    return { yes: evidence !== undefined, evidence: evidence ?? 'no checkpoint in msgpack or JSON' }
  },
  readingOrder: (keys) => keyedReadingOrder(keys),
  openThread: (threadId, sink) => new KeyedThread(threadId, sink, [FORM], ':'),
} as const satisfies Layout
