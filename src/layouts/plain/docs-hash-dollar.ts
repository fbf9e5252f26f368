/** Layout of LangGraph's how-to guide for a Redis saver since December 2024: the hashes of before under keys with `$` between their parts. */

import { claimByForms, keyedReadingOrder, keyForm } from '../keys/key-forms.js'
import { KeyedThread } from '../keys/keyed-thread.js'
import { checkpointIdPart, IDX_PART, taskIdPart } from '../keys/keys.js'
import type { Layout } from '../layout.js'
import { docsHashForm } from './docs-hash-form.js'

const ID = 'docs-hash-dollar'
const separator = '$'
const FORM = docsHashForm(ID, separator)
const id = checkpointIdPart(separator)
const root = { separator, emptyNs: [''] }

export const docsHashDollar = {
  id: ID,
  title: 'RedisSaver of the LangGraph docs, “$” keys (hashes)',
  writtenBy:
    'the how-to guide persistence_redis.ipynb since 2024-12 (langchain-ai/langgraph@0400c5236), and many copies of it',
  dialect: 'python',
  claim: claimByForms(ID, ({ checkpoint }) => [
    ...checkpoint.map((prefix) => keyForm('checkpoint', 'hash', { ...root, prefix, tail: [id] })),
    keyForm('write', 'hash', { ...root, prefix: 'writes', tail: [id, taskIdPart(separator), IDX_PART] }),
    // One copy's synchronous saver puts checkpoints under the prefix of writes.
    keyForm('checkpoint', 'hash', {
      ...root,
      prefix: 'writes',
      tail: [{ name: id.name, pattern: id.pattern }],
    }),
  ]),
  recognises(key, value) {
    const evidence = FORM.evidence(key, value)
    return { yes: evidence !== undefined, evidence: evidence ?? 'no fields of a checkpoint or write' }
  },
  readingOrder: (keys) => keyedReadingOrder(keys),
  openThread: (threadId, sink) => new KeyedThread(threadId, sink, [FORM], separator),
} as const satisfies Layout
