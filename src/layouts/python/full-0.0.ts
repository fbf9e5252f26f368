/** Layout of the full savers of langgraph-checkpoint-redis 0.0.x: documents under their parent's id, every channel value in a blob document too. */
import type { Layout } from '../layout.js'
import { PYTHON_FULL, PYTHON_FULL_0_0 } from './document.js'
import { claimPythonKey, pythonReadingOrder } from './keys.js'
import { recognisePython } from './recognise.js'
import { PythonThread } from './thread.js'

export const pythonFull00 = {
  id: PYTHON_FULL_0_0,
  title: 'official Python saver 0.0 (RedisJSON)',
  writtenBy:
    'RedisSaver, AsyncRedisSaver of langgraph-checkpoint-redis 0.0.1–0.0.8 (redis-developer/langgraph-redis@78222c9)',
  dialect: 'python',
  readBy: PYTHON_FULL,
  claim: (key, type, prefixes) => claimPythonKey(key, type, prefixes, PYTHON_FULL_0_0),
  recognises: (key, value) => recognisePython(PYTHON_FULL_0_0, key, value),
  readingOrder: pythonReadingOrder,
  openThread: (threadId, sink) => new PythonThread(threadId, sink),
} as const satisfies Layout
