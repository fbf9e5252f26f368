/** One key as it is shown: what its name says, what its value says, and its bytes taken apart. */
import { DecodeError } from '../../codec/bytes.js'
import { outlineDocument, outlineOf } from '../../codec/outline.js'
import type { ClaimedKey } from '../../layouts/layout.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import type { InspectedKey, ShownLayout, ShownPayload } from '../../model/inspect-report.js'
import { printableKey } from '../../model/printable.js'
import type { ReadResult, RedisValue } from '../../model/redis-value.js'
import { recognise } from '../recognise.js'

export interface ReadKeyFacts {
  readonly key: Buffer
  readonly type: string
  readonly result: ReadResult
  readonly memoryBytes: number | null
}

export function inspectedKey(facts: ReadKeyFacts, registry: LayoutRegistry): InspectedKey {
  const { key, type, result, memoryBytes } = facts
  const claim = registry.claim(key, type)
  const claimed = claim === null ? null : { ...claim, key, type }
  const value = result.state === 'read' ? result.value : null
  const known = claimed === null || value === null ? null : recognise(claimed, value, registry)
  return {
    key,
    type,
    pttlMs: result.state === 'read' ? result.pttlMs : null,
    memoryBytes,
    claim: claimed === null ? null : claimOf(known?.key ?? claimed, registry),
    recognised: known && { layout: layoutOf(known.layout, registry), evidence: known.evidence },
    payloads: value === null ? [] : payloadsOf(value),
  }
}

function claimOf(claimed: ClaimedKey, registry: LayoutRegistry): InspectedKey['claim'] {
  const { layout, role, threadId, checkpointNs, checkpointId, ambiguous } = claimed
  return {
    layout: layoutOf(layout, registry),
    role,
    threadId,
    checkpointNs,
    checkpointId,
    isAmbiguous: ambiguous === true,
  }
}

const layoutOf = (id: string, registry: LayoutRegistry): ShownLayout => ({
  id,
  title: registry.byId(id).title,
})

/** Items of a collection that are taken apart. */
const MAX_PAYLOADS = 200

function payloadsOf(value: RedisValue): ShownPayload[] {
  switch (value.type) {
    case 'ReJSON-RL':
      return [documentPayload(value.text)]
    case 'string':
      return [payload(null, value.bytes)]
    case 'hash':
      return value.fields.slice(0, MAX_PAYLOADS).map(([name, bytes]) => payload(printableKey(name), bytes))
    case 'list':
      return value.items.slice(0, MAX_PAYLOADS).map((bytes, at) => payload(String(at), bytes))
    case 'set':
      return value.members.slice(0, MAX_PAYLOADS).map((bytes, at) => payload(String(at), bytes))
    case 'zset':
      return value.members.slice(0, MAX_PAYLOADS).map(([bytes, score]) => payload(`score ${score}`, bytes))
  }
}

function payload(name: string | null, bytes: Buffer): ShownPayload {
  return { name, bytes: bytes.length, ...outlineOf(bytes) }
}

function documentPayload(text: Buffer): ShownPayload {
  const base = { name: null, bytes: text.length, encoding: 'json document' }
  try {
    return { ...base, outline: outlineDocument(text) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { ...payload(null, text), problem: `${error.message} at byte ${error.offset}` }
  }
}
