/** Layouts of the savers that need no module and pickle nothing: hashes, JSON strings, serde bytes. */
import { agentcoreValkey } from './agentcore-valkey.js'
import { checkpointRedis } from './checkpoint-redis.js'
import { docsHash } from './docs-hash.js'
import { docsHashDollar } from './docs-hash-dollar.js'
import type { Layout } from './layout.js'
import { plainredis } from './plainredis.js'
import { pythonHash } from './python-hash.js'
import { upstash } from './upstash.js'
import { valkey } from './valkey.js'

/** Newest first. `docsHash` reads what three of the others wrote. */
export const PLAIN_LAYOUTS: readonly Layout[] = [
  valkey,
  agentcoreValkey,
  plainredis,
  docsHashDollar,
  docsHash,
  upstash,
  checkpointRedis,
  pythonHash,
]
