/** The table of layouts: a new one is one file and one line here. */

import { MAPPED_LAYOUTS } from './generic/mapped-layouts.js'
import { jsRedisSaver } from './js/redis-saver.js'
import { jsShallow } from './js/shallow.js'
import type { Layout } from './layout.js'
import { PICKLED_LAYOUTS } from './pickle/pickled-layouts.js'
import { LAST_LAYOUTS, PLAIN_LAYOUTS } from './plain/plain-layouts.js'
import { pythonFull } from './python/full.js'
import { pythonFull00 } from './python/full-0.0.js'
import { pythonShallow } from './python/shallow.js'
import { SQLITE_LAYOUTS } from './sqlite/savers.js'

/** Newest first: where two hold the same checkpoint, the earlier line counts, and a key goes to the first that claims it. */
export const LAYOUTS: readonly Layout[] = [
  pythonFull,
  pythonShallow,
  jsRedisSaver,
  jsShallow,
  pythonFull00,
  // Before other savers of strings: its reader needs all keys of a thread in its own order, and knows others' values at their first byte.
  ...PICKLED_LAYOUTS,
  ...PLAIN_LAYOUTS,
  ...MAPPED_LAYOUTS,
  ...SQLITE_LAYOUTS,
  ...LAST_LAYOUTS,
]
