/** A thread of which only indexes and pointers are left: nothing of it can be moved, which is said once. */
import type { ThreadFacts } from '../model/run.js'
import type { ThreadKeys } from './inventory.js'

export function pointersAlone({ threadId, keys }: ThreadKeys): ThreadFacts {
  const named = keys.find((key) => key.role === 'pointer') ?? keys[0]
  return {
    threadId,
    layouts: [...new Set(keys.map((key) => key.layout))],
    completeness: 'whole',
    checkpoints: 0,
    writes: 0,
    blobs: 0,
    sourceBytes: 0,
    targetBytes: 0,
    sourceKeys: [],
    unreadKeys: keys.map((key) => key.key),
    longestPttlMs: null,
    heads: new Map(),
    findings: named === undefined ? [] : [{ reason: 'dangling-pointer', threadId, key: named.key }],
    isPart: false,
  }
}
