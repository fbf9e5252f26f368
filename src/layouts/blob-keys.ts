/** Keys of channel values, `PREFIX:THREAD:NS:CHANNEL:VERSION`: the channel is free text, and LangGraph's own channels hold colons. */
import type { KeyParser } from './keys/keys.js'

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
/** A namespace with a task id in it; nothing else looks like that. */
const SURE_NS = new RegExp(`:((?:[^|:]+\\|)*[^|:]+:${UUID}(?:\\|[^|:]+(?::${UUID})?)*):`, 'gi')
/** LangGraph's channels with colons (langgraph 0.1–1.2), or a name without any. */
const CHANNEL = '(?:branch:to:[^:]+|branch:[^]+|start:[^:]+|join:[^:]+:[^:]+|[^:]+)'
const WHOLE_CHANNEL = new RegExp(`^${CHANNEL}$`)
const BARE_NS = new RegExp(`^([^]+?):([^:]+):(${CHANNEL})$`)

/**
 * Tells the thread, for which a namespace that is unmistakable or empty is looked for; else the namespace is one bare name. Which channel
 * and version it is, the checkpoint tells that names them: it can make the whole key.
 */
export function blobKeyParser(prefix: string, emptyNs: string): KeyParser {
  const empty = `:${emptyNs}:`
  return (key) => {
    const rest = key.slice(prefix.length + 1)
    const before = rest.slice(0, Math.max(rest.lastIndexOf(':'), 0))
    const found = sureNs(before) ?? emptyNsIn(before, empty) ?? bareNs(before)
    return found === undefined ? null : { ...found, tail: {}, ambiguous: false }
  }
}

type Place = { readonly threadId: string; readonly checkpointNs: string } | undefined

/** Of several the last: what stands behind is the channel. */
function sureNs(text: string): Place {
  const match = [...text.matchAll(SURE_NS)].at(-1)
  return match && { threadId: text.slice(0, match.index), checkpointNs: match[1]! }
}

/** The first behind which a channel of LangGraph's making stands; if there is none, the first. */
function emptyNsIn(text: string, empty: string): Place {
  const first = text.indexOf(empty)
  if (first < 0) return undefined
  for (let at = first; at >= 0; at = text.indexOf(empty, at + 1)) {
    if (WHOLE_CHANNEL.test(text.slice(at + empty.length)))
      return { threadId: text.slice(0, at), checkpointNs: '' }
  }
  return { threadId: text.slice(0, first), checkpointNs: '' }
}

function bareNs(text: string): Place {
  const match = BARE_NS.exec(text)
  return match ? { threadId: match[1]!, checkpointNs: match[2]! } : undefined
}
