/** Layout of the PyPI package `langgraph-checkpoint-plainredis`: core Redis types, channel values apart from the checkpoints. */
import { blobKeyParser } from '../blob-keys.js'
import { claimByForms, keyedReadingOrder, keyForm, parsedForm } from '../keys/key-forms.js'
import { KeyedThread } from '../keys/keyed-thread.js'
import { checkpointIdPart } from '../keys/keys.js'
import type { Layout } from '../layout.js'
import { blobVersion, plainredisForm } from './plainredis-form.js'

const ID = 'plainredis'
const BLOB_HEAD = 'lg:blob:'
const FORM = plainredisForm(ID, BLOB_HEAD)
const separator = ':'
const id = checkpointIdPart(separator)
const root = { separator, emptyNs: [''] }

const CLAIM = claimByForms(ID, () => [
  keyForm('checkpoint', 'string', { ...root, prefix: 'lg:cp', tail: [id] }),
  parsedForm('blob', 'string', BLOB_HEAD, blobKeyParser('lg:blob', '')),
  keyForm('write', 'hash', { ...root, prefix: 'lg:wr', tail: [id] }),
  keyForm('index', 'zset', { ...root, prefix: 'lg:idx', tail: [] }),
])

export const plainredis = {
  id: ID,
  title: 'langgraph-checkpoint-plainredis (strings and hashes)',
  writtenBy: 'RedisSaver, AsyncRedisSaver of langgraph-checkpoint-plainredis 0.1.0',
  dialect: 'python',
  claim: CLAIM,
  recognises(key, value) {
    if (key.role === 'index') return { yes: true, evidence: 'timeline of a thread' }
    const evidence = FORM.evidence(key, value)
    return { yes: evidence !== undefined, evidence: evidence ?? 'no JSON with t and d' }
  },
  readingOrder: (keys) =>
    keyedReadingOrder(keys, { before: ({ role, key }) => (role === 'blob' ? blobVersion(key) : 0) }),
  openThread: (threadId, sink) => new KeyedThread(threadId, sink, [FORM], separator),
} as const satisfies Layout
