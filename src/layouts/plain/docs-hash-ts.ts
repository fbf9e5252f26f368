/** Layout of LangGraph's first how-to guide for a Redis saver, July 2024: one hash a checkpoint, named by the time it was made; no writes. */
import { MAP } from '../../codec/json/scan.js'
import { fieldBytes, hasFields, hashFields } from '../hash-fields.js'
import { claimByForms, keyedReadingOrder, keyForm } from '../keys/key-forms.js'
import type { KeyedForm } from '../keys/keyed-form.js'
import { KeyedThread } from '../keys/keyed-thread.js'
import type { Layout } from '../layout.js'
import { PYTHON_SERDE_JSON, packedJson } from '../packed-value.js'
import { checkpointDict, idOf } from '../stored-checkpoint.js'
import { metadataOf } from './docs-hash-form.js'

const ID = 'docs-hash-ts'
const separator = ':'
/** `2024-07-31T10:20:30.123456+00:00`. */
const TIMESTAMP = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:[+-]\\d\\d:\\d\\d|Z)?'

const FORM: KeyedForm = {
  layout: ID,
  keysHoldTime: true,
  evidence(_key, value) {
    const fields = hashFields(value)
    return hasFields(fields, 'checkpoint', 'parent_ts') && fields.get('checkpoint')![0] === MAP
      ? 'checkpoint hash has parent_ts'
      : undefined
  },
  checkpoint(key, value) {
    const fields = hashFields(value)
    const dict = checkpointDict(packedJson(fieldBytes(fields, 'checkpoint'), PYTHON_SERDE_JSON))
    const metadata = metadataOf(fields.get('metadata'), 'json')
    return {
      dict,
      metadata: metadata.value(),
      parentId: fieldBytes(fields, 'parent_ts').toString('utf8'),
      hintedThreadId: key.ambiguous ? idOf(metadata.members()?.get('thread_id')) : undefined,
    }
  },
  writes: () => [],
}

export const docsHashTs = {
  id: ID,
  title: 'RedisSaver of the LangGraph docs, July 2024 (hashes by time)',
  writtenBy:
    'the how-to guide persistence_redis.ipynb, 2024-07 (langchain-ai/langgraph@2eb7d14ac to ae74825ea)',
  dialect: 'python',
  claim: claimByForms(ID, ({ checkpoint }) =>
    checkpoint.map((prefix) =>
      keyForm('checkpoint', 'hash', {
        prefix,
        separator,
        tail: [{ name: 'checkpointId', pattern: TIMESTAMP }],
      }),
    ),
  ),
  recognises(key, value) {
    const evidence = FORM.evidence(key, value)
    return { yes: evidence !== undefined, evidence: evidence ?? 'no hash with checkpoint and parent_ts' }
  },
  readingOrder: (keys) => keyedReadingOrder(keys),
  openThread: (threadId, sink) => new KeyedThread(threadId, sink, [FORM], separator),
} as const satisfies Layout
