/** Layout of the npm package `checkpoint-redis`, a community saver for JavaScript: hashes named like those of the Python docs. */

import type { Layout } from '../layout.js'
import { CHECKPOINT_REDIS, colonHashes, DOCS_HASH, recognisedAs } from './colon-hashes.js'

export const checkpointRedis = {
  ...colonHashes,
  id: CHECKPOINT_REDIS,
  title: 'npm checkpoint-redis (JavaScript, bytes in decimal)',
  writtenBy:
    'RedisSaver of the npm package checkpoint-redis 0.1.0–0.3.0 (levivoelz/checkpoint-redis@08be303)',
  dialect: 'js',
  readBy: DOCS_HASH,
  recognises: recognisedAs(CHECKPOINT_REDIS),
} as const satisfies Layout
