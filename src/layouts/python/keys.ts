/** Keys of the official Python Redis savers, full and shallow, of every version: which thread they belong to and what they hold. */
import type { RedisType } from '../../model/redis-value.js'
import {
  checkpointIdPart,
  EMPTY_ID_SENTINEL,
  EMPTY_NS_SENTINEL,
  IDX_PART,
  type KeyParser,
  type KeyParts,
  keyParser,
  literalPart,
  taskIdPart,
} from '../keys/keys.js'
import type { Claim, ClaimedKey, KeyRole, Prefixes } from '../layout.js'

const SEPARATOR = ':'
/** Raw in 0.0.1–0.0.2 and in shallow keys, the sentinel everywhere else. */
const EMPTY_NS = ['', EMPTY_NS_SENTINEL]

interface KeyForm {
  readonly head: string
  readonly role: KeyRole
  readonly type: RedisType
  readonly parsers: readonly KeyParser[]
}

const formsOf = new WeakMap<Prefixes, readonly KeyForm[]>()

/** What the key says; null where no Python saver writes such keys. The claim's layout is the caller's. */
export function claimPythonKey(
  key: Buffer,
  type: RedisType,
  prefixes: Prefixes,
  layout: string,
): Claim | null {
  let forms = formsOf.get(prefixes)
  if (forms === undefined) {
    forms = keyForms(prefixes)
    formsOf.set(prefixes, forms)
  }
  // Bytes that are no UTF-8 become U+FFFD here: the document's own fields say what they were meant to be.
  const text = key.toString('utf8')
  for (const form of forms) {
    if (form.type !== type || !text.startsWith(form.head)) continue
    for (const parse of form.parsers) {
      const parts = parse(text)
      if (parts !== null) return claimOf(parts, form.role, layout)
    }
  }
  return null
}

/** Resolves the sentinel of an empty id (thread or checkpoint). */
export const withoutIdSentinel = (id: string): string => (id === EMPTY_ID_SENTINEL ? '' : id)
/** Resolves the sentinel of an empty namespace. */
export const withoutNsSentinel = (ns: string): string => (ns === EMPTY_NS_SENTINEL ? '' : ns)

function claimOf(parts: KeyParts, role: KeyRole, layout: string): Claim {
  const { threadId, checkpointNs, tail, ambiguous } = parts
  const claim: Claim = {
    layout,
    role,
    threadId: withoutIdSentinel(threadId),
    checkpointNs,
    checkpointId: tail.checkpointId ?? '',
  }
  return ambiguous ? { ...claim, ambiguous } : claim
}

/** Every form of key, the longest prefix first: a write prefix may begin with the checkpoint prefix and a separator. */
function keyForms({ checkpoint, checkpointWrite, checkpointBlob }: Prefixes): readonly KeyForm[] {
  const id = checkpointIdPart(SEPARATOR)
  const strictId = { name: id.name, pattern: id.pattern }
  const form = (
    prefix: string,
    role: KeyRole,
    type: RedisType,
    ...parsers: ((prefix: string) => KeyParser)[]
  ): KeyForm => ({
    head: prefix + SEPARATOR,
    role,
    type,
    parsers: parsers.map((parserFor) => parserFor(prefix)),
  })
  const withTail =
    (...tail: (typeof strictId)[]) =>
    (prefix: string) =>
      keyParser({ prefix, separator: SEPARATOR, emptyNs: EMPTY_NS, tail })
  const full = withTail(strictId)
  const asked = (parserFor: (prefix: string) => KeyParser) => (prefix: string) => {
    const parse = parserFor(prefix)
    return (key: string) => unlessLong(parse(key))
  }
  const shallowRegistry = withTail(literalPart('shallow'))
  // 0.1.0–0.4.1 keep the pointer's name whatever the prefix is.
  const pointers = new Set(['checkpoint', ...checkpoint].map((prefix) => `${prefix}_latest`))
  return [
    ...checkpoint.map((prefix) =>
      form(prefix, 'checkpoint', 'ReJSON-RL', asked(full), sentinelFullParser, shallowParser),
    ),
    ...checkpointWrite.map((prefix) =>
      form(prefix, 'write', 'ReJSON-RL', asked(withTail(id, taskIdPart(SEPARATOR), IDX_PART))),
    ),
    ...checkpointBlob.map((prefix) => form(prefix, 'blob', 'ReJSON-RL', blobParser)),
    ...[...pointers].map((prefix) => form(prefix, 'pointer', 'string', pointerParser)),
    form('write_keys_zset', 'index', 'zset', shallowRegistry, asked(full)),
    form('write_registry', 'index', 'zset', shallowRegistry),
    form('current_checkpoint', 'index', 'string', shallowRegistry),
  ].sort((a, b) => b.head.length - a.head.length)
}

/** A full key whose id is no UUID: only the sentinel tells it from a shallow key. */
function sentinelFullParser(prefix: string): KeyParser {
  const parse = keyParser({
    prefix,
    separator: SEPARATOR,
    emptyNs: [EMPTY_NS_SENTINEL],
    tail: [checkpointIdPart(SEPARATOR)],
  })
  return (key) => {
    const parts = parse(key)
    return parts?.checkpointNs === '' ? parts : null
  }
}

/** A key of the shallow savers ends in its namespace; where that is one bare name, it could be anybody's last part. */
function shallowParser(prefix: string): KeyParser {
  const parse = keyParser({ prefix, separator: SEPARATOR, emptyNs: EMPTY_NS, tail: [] })
  return (key) => unlessBare(parse(key))
}

/** Other savers' pointers (`checkpoint_latest:T`, no namespace) look the same where the namespace is one bare name. */
function pointerParser(prefix: string): KeyParser {
  const parse = keyParser({ prefix, separator: SEPARATOR, emptyNs: [EMPTY_NS_SENTINEL], tail: [] })
  return (key) => unlessBare(parse(key))
}

function unlessBare(parts: KeyParts | null): KeyParts | null {
  if (parts === null || parts.checkpointNs === '' || parts.checkpointNs.includes(':')) return parts
  return { ...parts, ambiguous: true }
}

/** Whoever calls the saver himself may have a colon in a namespace; then it ends in what looks like a bare name behind a long thread id. */
function unlessLong(parts: KeyParts | null): KeyParts | null {
  return parts?.threadId.includes(SEPARATOR) ? unlessBare(parts) : parts
}

const NESTED_NS =
  /:([^|:]+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\|[^|:]+(?::[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?)*):/gi

/**
 * `checkpoint_blob:T:NS:CH:V`: the channel between namespace and version is free text, so only a namespace that is unmistakable settles it;
 * else the namespace is taken to be one bare part. The document's fields decide.
 */
function blobParser(prefix: string): KeyParser {
  return (key) => {
    const rest = key.slice(prefix.length + SEPARATOR.length)
    const sentinel = rest.indexOf(`:${EMPTY_NS_SENTINEL}:`)
    if (sentinel >= 0)
      return blobParts(rest.slice(0, sentinel), '', rest.lastIndexOf(EMPTY_NS_SENTINEL) !== sentinel + 1)
    const nested = [...rest.matchAll(NESTED_NS)]
    const last = nested.at(-1)
    if (last !== undefined) return blobParts(rest.slice(0, last.index), last[1] ?? '', nested.length > 1)
    const raw = rest.indexOf('::')
    if (raw >= 0) return blobParts(rest.slice(0, raw), '', true)
    const parts = rest.split(SEPARATOR)
    if (parts.length < 3) return null
    const threadEnd = Math.max(1, parts.length - 3)
    return blobParts(parts.slice(0, threadEnd).join(SEPARATOR), parts[threadEnd] ?? '', true)
  }
}

const blobParts = (threadId: string, checkpointNs: string, ambiguous: boolean): KeyParts => ({
  threadId,
  checkpointNs,
  tail: {},
  ambiguous,
})

/** Blobs before the checkpoints that may need them, parents before children, writes after their checkpoints, pointers last. */
const READING_RANK: Readonly<Partial<Record<KeyRole, number>>> = {
  blob: 0,
  checkpoint: 1,
  write: 2,
  pointer: 3,
}

/** Indexes are not read. A shallow document (no id in its key) comes after the full ones of its namespace. */
export function pythonReadingOrder(keys: readonly ClaimedKey[]): readonly ClaimedKey[] {
  return keys
    .filter((key) => READING_RANK[key.role] !== undefined)
    .sort(
      (a, b) =>
        READING_RANK[a.role]! - READING_RANK[b.role]! ||
        compareText(a.checkpointNs, b.checkpointNs) ||
        compareText(a.checkpointId || '\uffff', b.checkpointId || '\uffff') ||
        a.key.compare(b.key),
    )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
