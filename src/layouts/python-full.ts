/** Layout of the full savers of langgraph-checkpoint-redis since 0.1.0. Its reader reads what the older and the shallow savers left, too. */
import type { Layout } from './layout.js'
import { PYTHON_FULL } from './python-document.js'
import { claimPythonKey, pythonReadingOrder } from './python-keys.js'
import { recognisePython } from './python-recognise.js'
import { PythonThread } from './python-thread.js'

export const pythonFull = {
  id: PYTHON_FULL,
  title: 'official Python saver 0.1–0.5 (RedisJSON)',
  writtenBy:
    'RedisSaver, AsyncRedisSaver of langgraph-checkpoint-redis 0.1.0–0.5.2 (redis-developer/langgraph-redis@32de207)',
  dialect: 'python',
  claim: (key, type, prefixes) => claimPythonKey(key, type, prefixes, PYTHON_FULL),
  recognises: (key, value) => recognisePython(PYTHON_FULL, key, value),
  readingOrder: pythonReadingOrder,
  openThread: (threadId, sink) => new PythonThread(threadId, sink),
} as const satisfies Layout
