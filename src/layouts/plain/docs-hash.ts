/** Layout of LangGraph's how-to guide for a Redis saver until December 2024: hashes under colon-separated keys. */

import type { Layout } from '../layout.js'
import { colonHashes, DOCS_HASH, recognisedAs } from './colon-hashes.js'

export const docsHash = {
  ...colonHashes,
  id: DOCS_HASH,
  title: 'RedisSaver of the LangGraph docs, “:” keys (hashes)',
  writtenBy:
    'the how-to guide persistence_redis.ipynb, 2024-08 to 2024-12 (langchain-ai/langgraph@c303ef2a2), and copies of it',
  dialect: 'python',
  recognises: recognisedAs(DOCS_HASH),
} as const satisfies Layout
