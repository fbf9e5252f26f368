/** Layout of the full JavaScript saver: a checkpoint document holds the channels it changed, since 1.0.10 each value is a document too. */

import type { Layout } from '../layout.js'
import { JS_REDIS_SAVER } from './document.js'
import { claimJsKey, jsReadingOrder, jsThreadKeys } from './keys.js'
import { recogniseJs } from './recognise.js'
import { JsThread } from './thread.js'

export const jsRedisSaver = {
  id: JS_REDIS_SAVER,
  title: 'official JavaScript saver (RedisJSON)',
  writtenBy:
    'RedisSaver of @langchain/langgraph-checkpoint-redis 0.0.1–1.0.11 (langchain-ai/langgraphjs@f8bdf16d4)',
  dialect: 'js',
  claim: (key, type, prefixes) => claimJsKey(key, type, prefixes, JS_REDIS_SAVER),
  claimOfThread: (keys, prefixes) => jsThreadKeys(keys, prefixes, JS_REDIS_SAVER),
  recognises: (key, value) => recogniseJs(JS_REDIS_SAVER, key, value),
  readingOrder: jsReadingOrder,
  openThread: (threadId, sink) => new JsThread(threadId, sink),
} as const satisfies Layout
