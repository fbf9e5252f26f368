/** Layout of the shallow JavaScript saver: the latest checkpoint of a namespace alone, beside writes of those it replaced. */

import type { Layout } from '../layout.js'
import { JS_REDIS_SAVER, JS_SHALLOW } from './document.js'
import { claimJsKey, jsReadingOrder } from './keys.js'
import { recogniseJs } from './recognise.js'
import { JsThread } from './thread.js'

export const jsShallow = {
  id: JS_SHALLOW,
  title: 'official JavaScript shallow saver (RedisJSON)',
  writtenBy:
    'ShallowRedisSaver of @langchain/langgraph-checkpoint-redis 0.0.1–1.0.11 (langchain-ai/langgraphjs@f8bdf16d4)',
  dialect: 'js',
  readBy: JS_REDIS_SAVER,
  claim: (key, type, prefixes) => claimJsKey(key, type, prefixes, JS_SHALLOW),
  recognises: (key, value) => recogniseJs(JS_SHALLOW, key, value),
  readingOrder: jsReadingOrder,
  openThread: (threadId, sink) => new JsThread(threadId, sink),
} as const satisfies Layout
