/** Layout of `langchain-upstash-redis-checkpoint`: hashes whose fields are base64, because Upstash speaks REST. */

import type { Layout } from '../layout.js'
import { colonHashes, DOCS_HASH, recognisedAs, UPSTASH } from './colon-hashes.js'

export const upstash = {
  ...colonHashes,
  id: UPSTASH,
  title: 'langchain-upstash-redis-checkpoint (base64 in hashes)',
  writtenBy: 'UpstashRedisSaver of langchain-upstash-redis-checkpoint (Haozhe-Li@76e2698)',
  dialect: 'python',
  readBy: DOCS_HASH,
  recognises: recognisedAs(UPSTASH),
} as const satisfies Layout
