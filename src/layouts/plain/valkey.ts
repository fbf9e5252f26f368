/** Layout of the AWS package's Valkey saver: strings of JSON, the thread id in braces since 1.0.3. */
import { claimByForms, type KeyForm, keyedReadingOrder, keyForm } from '../keys/key-forms.js'
import { KeyedThread } from '../keys/keyed-thread.js'
import { checkpointIdPart, isUuid, type KeyParts } from '../keys/keys.js'
import type { KeyRole, Layout } from '../layout.js'
import { valkeyForm } from './valkey-form.js'

const ID = 'valkey'
const FORM = valkeyForm(ID)
const separator = ':'
const id = checkpointIdPart(separator)

export const valkey = {
  id: ID,
  title: 'ValkeySaver of langgraph-checkpoint-aws (JSON strings)',
  writtenBy:
    'ValkeySaver, AsyncValkeySaver of langgraph-checkpoint-aws 1.0.1–1.2.6; keys with braces since 1.0.3 (langchain-ai/langchain-aws@0434c7f9)',
  dialect: 'python',
  claim: claimByForms(ID, ({ checkpoint }) => [
    ...checkpoint.map((prefix) => stringForm('checkpoint', prefix)),
    stringForm('write', 'writes'),
    indexForm(),
  ]),
  recognises(key, value) {
    if (key.role === 'index') return { yes: true, evidence: 'list of the checkpoints of a thread' }
    const evidence = FORM.evidence(key, value)
    return { yes: evidence !== undefined, evidence: evidence ?? 'no JSON of a checkpoint or of writes' }
  },
  /** Of two copies of one checkpoint the one under braces is newer. */
  readingOrder: (keys) => keyedReadingOrder(keys, { among: ({ key }) => (hasBraces(key) ? 0 : 1) }),
  openThread: (threadId, sink) => new KeyedThread(threadId, sink, [FORM], separator),
} as const satisfies Layout

function stringForm(role: KeyRole, prefix: string): KeyForm {
  const form = keyForm(role, 'string', { prefix, separator, emptyNs: [''], tail: [id] })
  return { ...form, parse: (key) => unlessOthers(form.parse(key), role) }
}

/** `thread:{T}:NS`; without braces only where the end is empty or a subgraph's, because lists named `thread:…` are common. */
function indexForm(): KeyForm {
  const form = keyForm('index', 'list', { prefix: 'thread', separator, emptyNs: [''], tail: [] })
  return {
    ...form,
    parse(key) {
      const parts = withoutBraces(form.parse(key))
      if (parts === null) return null
      const isSure = key.includes('{') || parts.checkpointNs === '' || parts.checkpointNs.includes(':')
      return isSure ? parts : null
    },
  }
}

/** The braces make a hash tag: all keys of a thread in one slot of a cluster. */
function withoutBraces(parts: KeyParts | null): KeyParts | null {
  if (parts === null || !parts.threadId.startsWith('{') || !parts.threadId.endsWith('}')) return parts
  return { ...parts, threadId: parts.threadId.slice(1, -1), ambiguous: false }
}

/**
 * Savers that pickle use the same prefixes without a namespace. `checkpoint:T:ID` with a colon in T looks like a bare namespace; and one of
 * them has writes under `…:ID:writes:TASK`, others under `writes:T:ID:TASK`, where T's last part and ID look like a namespace: but task ids
 * are digests, and checkpoint ids UUIDs of version 6.
 */
function unlessOthers(parts: KeyParts | null, role: KeyRole): KeyParts | null {
  const own = withoutBraces(parts)
  if (parts === null || own === null || own !== parts) return own
  const { checkpointNs, threadId, tail } = own
  if (checkpointNs === 'writes' && isUuid(threadId.slice(-36))) return null
  if (checkpointNs === '') return own
  if (!checkpointNs.includes(':')) return { ...own, ambiguous: true }
  if (role !== 'write' || !UUID6.test(checkpointNs)) return own
  return UUID6.test(tail.checkpointId ?? '') ? { ...own, ambiguous: true } : null
}

/** At the end of a text. */
const UUID6 = /[0-9a-f]{8}-[0-9a-f]{4}-6[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

const hasBraces = (key: Buffer): boolean => /^[^:]+:\{/.test(key.toString('latin1', 0, 64))
