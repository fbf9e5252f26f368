/** Layouts of the savers that need no module and pickle nothing: hashes, JSON strings, serde bytes. */

import { foreignRuntime } from '../foreign-runtime.js'
import type { Layout } from '../layout.js'
import { pythonHash } from '../python/hash.js'
import { agentcoreValkey } from './agentcore-valkey.js'
import { checkpointRedis } from './checkpoint-redis.js'
import { docsHash } from './docs-hash.js'
import { docsHashDollar } from './docs-hash-dollar.js'
import { docsHashTs } from './docs-hash-ts.js'
import { plainredis } from './plainredis.js'
import { untagged } from './untagged.js'
import { upstash } from './upstash.js'
import { valkey } from './valkey.js'

/** Newest first, but `docsHashTs` before `docsHash`, to which its keys look like keys of its own. `docsHash` reads what three others wrote. */
export const PLAIN_LAYOUTS: readonly Layout[] = [
  valkey,
  agentcoreValkey,
  plainredis,
  docsHashDollar,
  docsHashTs,
  docsHash,
  upstash,
  checkpointRedis,
  pythonHash,
]

/** For strings that no layout with a saver of its own knows. */
export const LAST_LAYOUTS: readonly Layout[] = [untagged, foreignRuntime]
