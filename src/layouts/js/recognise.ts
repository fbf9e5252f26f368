/** Tells the documents of the official JavaScript savers from those of others by one value, and says what told it. */
import { DecodeError } from '../../codec/bytes.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { ClaimedKey } from '../layout.js'
import { JS_REDIS_SAVER, JS_SHALLOW, type JsLayoutId, openJsDocument } from './document.js'
import { isShallowKey } from './records.js'

export interface Recognition {
  readonly yes: boolean
  readonly evidence: string
}

/** Write documents of both savers look alike; only the full one has blobs. */
export function recogniseJs(layout: JsLayoutId, key: ClaimedKey, value: RedisValue): Recognition {
  if (key.role === 'index') return { yes: true, evidence: 'index key of the JavaScript savers' }
  if (value.type !== 'ReJSON-RL') return { yes: false, evidence: `TYPE is ${value.type}, not ReJSON-RL` }
  try {
    switch (openJsDocument(value.text).kind) {
      case 'checkpoint': {
        const own = isShallowKey(key) ? JS_SHALLOW : JS_REDIS_SAVER
        return { yes: own === layout, evidence: 'checkpoint has no type, has_writes is text' }
      }
      case 'write':
        return { yes: true, evidence: 'write document has task_id and no blob' }
      case 'blob':
        return { yes: layout === JS_REDIS_SAVER, evidence: 'blob document has version and value' }
      case 'foreign':
        return { yes: false, evidence: 'no document of the JavaScript savers' }
    }
  } catch (error) {
    if (error instanceof DecodeError) return { yes: false, evidence: 'document is no JSON object' }
    throw error
  }
}
