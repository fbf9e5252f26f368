/** Layout of the full savers of langgraph-checkpoint-redis since 0.1.0. Its reader reads what the older and the shallow savers left, too. */
import { looksLikeJs } from '../js/keys.js'
import type { ClaimedKey, Layout, Prefixes } from '../layout.js'
import { PYTHON_FULL } from './document.js'
import { claimPythonKey, pythonReadingOrder } from './keys.js'
import { recognisePython } from './recognise.js'
import { PythonThread } from './thread.js'

export const pythonFull = {
  id: PYTHON_FULL,
  title: 'official Python saver 0.1–0.5 (RedisJSON)',
  writtenBy:
    'RedisSaver, AsyncRedisSaver of langgraph-checkpoint-redis 0.1.0–0.5.2 (redis-developer/langgraph-redis@32de207)',
  dialect: 'python',
  claim: (key, type, prefixes) => {
    const claim = claimPythonKey(key, type, prefixes, PYTHON_FULL)
    // Left to the layouts after this one: documents of Python among such keys are read as those of 0.0.
    return claim === null || looksLikeJs(key, claim) ? null : claim
  },
  claimOfThread,
  recognises: (key, value) => recognisePython(PYTHON_FULL, key, value),
  readingOrder: pythonReadingOrder,
  openThread: (threadId, sink) => new PythonThread(threadId, sink),
} as const satisfies Layout

/** A thread whose root is of Python: what 0.0.1 and 0.0.2 left in it has names like those of JavaScript. */
function claimOfThread(keys: readonly ClaimedKey[], prefixes: Prefixes): readonly ClaimedKey[] | null {
  const documents = keys.filter(({ type }) => type === 'ReJSON-RL')
  const isOurs = ({ layout }: ClaimedKey) => layout === PYTHON_FULL
  if (documents.every(isOurs) || !documents.some((key) => isOurs(key) && key.checkpointNs === '')) return null
  return keys.map((key) => {
    if (isOurs(key) || key.type !== 'ReJSON-RL') return key
    const claim = claimPythonKey(key.key, key.type, prefixes, PYTHON_FULL)
    return claim === null || claim.threadId !== key.threadId ? key : { ...key, ...claim }
  })
}
