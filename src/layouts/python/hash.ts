/** Layout of a fork of the official Python saver that needs no RediSearch: its documents as hashes. */

import type { Layout } from '../layout.js'
import { colonHashes, DOCS_HASH, PYTHON_HASH, recognisedAs } from '../plain/colon-hashes.js'

export const pythonHash = {
  ...colonHashes,
  id: PYTHON_HASH,
  title: 'fork of the Python saver 0.0 without RediSearch (hashes)',
  writtenBy: 'fastovetsilya/langgraph-redis@002f14e, a fork of langgraph-checkpoint-redis 0.0.x',
  dialect: 'python',
  readBy: DOCS_HASH,
  recognises: recognisedAs(PYTHON_HASH),
} as const satisfies Layout
