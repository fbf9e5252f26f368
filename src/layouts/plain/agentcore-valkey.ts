/** Layout of the AWS package's AgentCore saver on Valkey: keys by session and actor; the values name the thread. */

import { blobKeyParser } from '../blob-keys.js'
import { claimByForms, type KeyForm, keyedReadingOrder, keyForm, parsedForm } from '../keys/key-forms.js'
import { KeyedThread } from '../keys/keyed-thread.js'
import { checkpointIdPart, isUuid, type KeyParts, literalPart } from '../keys/keys.js'
import type { Layout } from '../layout.js'
import { agentcoreForm } from './agentcore-valkey-form.js'

const ID = 'agentcore-valkey'
const FORM = agentcoreForm(ID)
const separator = ':'
const id = checkpointIdPart(separator)
const root = { separator, emptyNs: [''] }
const CHANNEL_HEAD = 'agentcore:channel:'

export const agentcoreValkey = {
  id: ID,
  title: 'AgentCoreValkeySaver of langgraph-checkpoint-aws (JSON strings)',
  writtenBy:
    'AgentCoreValkeySaver of langgraph-checkpoint-aws 1.1.0–1.2.6 (langchain-ai/langchain-aws@155c1a35)',
  dialect: 'python',
  claim: claimByForms(ID, () => [
    ofSession(keyForm('checkpoint', 'string', { ...root, prefix: 'agentcore:checkpoint', tail: [id] })),
    ofSession(parsedForm('blob', 'string', CHANNEL_HEAD, channelParser)),
    ofSession(keyForm('write', 'list', { ...root, prefix: 'agentcore:writes', tail: [id] })),
    keyForm('index', 'list', {
      prefix: 'agentcore:session',
      separator,
      tail: [{ name: 'actor', pattern: '[^:]*' }, literalPart('checkpoints')],
    }),
  ]),
  recognises(key, value) {
    if (key.role === 'index') return { yes: true, evidence: 'list of the checkpoints of a session' }
    const evidence = FORM.evidence(key, value)
    return { yes: evidence !== undefined, evidence: evidence ?? 'no JSON of a checkpoint, channel or write' }
  },
  readingOrder: (keys) => keyedReadingOrder(keys),
  openThread: (threadId, sink) => new KeyedThread(threadId, sink, [FORM], separator),
} as const satisfies Layout

/**
 * `PREFIX:SESSION:ACTOR:NS:…`: the session is the thread, or a hash of thread and namespace. What stands in for the thread keeps the keys of
 * one namespace together until a checkpoint among them names it.
 */
function ofSession(form: KeyForm): KeyForm {
  return {
    ...form,
    parse(key) {
      const parts = form.parse(key)
      const at = parts?.threadId.lastIndexOf(separator) ?? -1
      if (parts === null || at < 0) return null
      return { ...parts, threadId: parts.threadId.slice(0, at), ambiguous: false }
    },
  }
}

const parseChannelKey = blobKeyParser(CHANNEL_HEAD.slice(0, -1), '')

/** Where other savers have a channel's version, this one has the checkpoint. */
function channelParser(key: string): KeyParts | null {
  const parts = parseChannelKey(key)
  const checkpointId = key.slice(key.lastIndexOf(separator) + 1)
  return parts && isUuid(checkpointId) ? { ...parts, tail: { checkpointId } } : null
}
