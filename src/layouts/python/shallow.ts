/** Layout of the shallow savers of langgraph-checkpoint-redis: the latest checkpoint of a namespace alone, beside writes of those it replaced. */
import { looksLikeJs } from '../js/keys.js'
import type { Layout } from '../layout.js'
import { PYTHON_FULL, PYTHON_SHALLOW } from './document.js'
import { claimPythonKey, pythonReadingOrder } from './keys.js'
import { recognisePython } from './recognise.js'
import { PythonThread } from './thread.js'

export const pythonShallow = {
  id: PYTHON_SHALLOW,
  title: 'official Python shallow saver 0.0–0.5 (RedisJSON)',
  writtenBy:
    'ShallowRedisSaver, AsyncShallowRedisSaver of langgraph-checkpoint-redis 0.0.1–0.5.2 (redis-developer/langgraph-redis@32de207)',
  dialect: 'python',
  readBy: PYTHON_FULL,
  claim: (key, type, prefixes) => {
    const claim = claimPythonKey(key, type, prefixes, PYTHON_SHALLOW)
    // Left to the layouts after this one: documents of Python among such keys are read as those of 0.0.
    return claim === null || looksLikeJs(key, claim) ? null : claim
  },
  recognises: (key, value) => recognisePython(PYTHON_SHALLOW, key, value),
  readingOrder: pythonReadingOrder,
  openThread: (threadId, sink) => new PythonThread(threadId, sink),
} as const satisfies Layout
