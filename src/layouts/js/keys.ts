/** Keys of the official JavaScript Redis savers, full and shallow: which thread they belong to and what they hold. */
import type { RedisType } from '../../model/redis-value.js'
import {
  checkpointIdPart,
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
/** The JavaScript savers leave an empty namespace empty in their keys, so `::` stands before what follows it. */
const RAW_ROOT = '::'
/** The key of a shallow checkpoint ends in this instead of an id. */
export const SHALLOW_ENDING = ':shallow'

interface KeyForm {
  readonly head: string
  readonly role: KeyRole
  readonly type: RedisType
  readonly parse: KeyParser
}

const formsOf = new WeakMap<Prefixes, readonly KeyForm[]>()

/** What the key says; null where no JavaScript saver writes such keys. */
export function claimJsKey(key: Buffer, type: RedisType, prefixes: Prefixes, layout: string): Claim | null {
  let forms = formsOf.get(prefixes)
  if (forms === undefined) {
    forms = keyForms(prefixes)
    formsOf.set(prefixes, forms)
  }
  const text = key.toString('utf8')
  for (const { head, role, type: wanted, parse } of forms) {
    if (wanted !== type || !text.startsWith(head)) continue
    const parts = parse(text)
    // Only Python writes the sentinel into keys.
    if (parts === null || parts.checkpointNs === EMPTY_NS_SENTINEL) continue
    const { threadId, checkpointNs, tail, ambiguous } = parts
    const claim = { layout, role, threadId, checkpointNs, checkpointId: tail.checkpointId ?? '' }
    return ambiguous ? { ...claim, ambiguous } : claim
  }
  return null
}

/**
 * Whether a key that the Python grammar knows too is more likely of JavaScript: the root namespace left empty before an id, which in
 * Python only 0.0.1 and 0.0.2 did, or the ending of a shallow checkpoint. Subgraphs look alike in both languages.
 */
export function looksLikeJs(key: Buffer, { role, checkpointNs, checkpointId }: Claim): boolean {
  if (role === 'checkpoint' && checkpointId === '') return key.toString('latin1').endsWith(SHALLOW_ENDING)
  const hasId = checkpointId !== '' || role === 'blob'
  return checkpointNs === '' && hasId && isRawRoot(key)
}

/** Whether an empty namespace stands in the key as it is. */
const isRawRoot = (key: Buffer): boolean => {
  const text = key.toString('latin1')
  return text.includes(RAW_ROOT) && !text.includes(`:${EMPTY_NS_SENTINEL}:`)
}

/**
 * All keys of a thread, those of its subgraphs too, whose names the Python grammar claims as well: they are of JavaScript where the
 * root's are, or where blobs have numbers for versions (Python's are padded to 32 digits). Null where nothing of that can be seen.
 */
export function jsThreadKeys(
  keys: readonly ClaimedKey[],
  prefixes: Prefixes,
  layout: string,
): readonly ClaimedKey[] | null {
  const documents = keys.filter(({ type }) => type === 'ReJSON-RL')
  const others = documents.filter((key) => key.layout !== layout)
  if (others.length === 0 || others.some(({ checkpointNs }) => checkpointNs === '')) return null
  const isJs = others.length < documents.length || others.some(hasNumberVersion)
  if (!isJs) return null
  return keys.map((key) => {
    if (key.layout === layout) return key
    const claim = claimJsKey(key.key, key.type, prefixes, layout)
    // The inventory knows the thread better than the name does, where it had to ask the document.
    return claim === null || claim.threadId !== key.threadId ? key : { ...key, ...claim }
  })
}

const hasNumberVersion = ({ role, key }: ClaimedKey): boolean =>
  role === 'blob' && /:\d{1,20}(\.\d{1,20})?$/.test(key.toString('latin1'))

/** The longest prefix first: a write prefix may begin with the checkpoint prefix and a separator. */
function keyForms({ checkpoint, checkpointWrite, checkpointBlob }: Prefixes): readonly KeyForm[] {
  const id = checkpointIdPart(SEPARATOR)
  const parserFor = (prefix: string, ...tail: (typeof id)[]) =>
    keyParser({ prefix, separator: SEPARATOR, emptyNs: [''], tail })
  const form = (prefix: string, role: KeyRole, type: RedisType, parse: KeyParser): KeyForm => ({
    head: prefix + SEPARATOR,
    role,
    type,
    parse,
  })
  return [
    ...checkpoint.flatMap((prefix) => [
      form(prefix, 'checkpoint', 'ReJSON-RL', parserFor(prefix, literalPart('shallow'))),
      form(prefix, 'checkpoint', 'ReJSON-RL', parserFor(prefix, id)),
    ]),
    ...checkpointWrite.map((prefix) =>
      form(prefix, 'write', 'ReJSON-RL', parserFor(prefix, id, taskIdPart(SEPARATOR), IDX_PART)),
    ),
    ...checkpointBlob.map((prefix) => form(prefix, 'blob', 'ReJSON-RL', blobParser(prefix))),
    form('write_keys_zset', 'index', 'zset', parserFor('write_keys_zset', id)),
  ].sort((a, b) => b.head.length - a.head.length)
}

const NESTED_NS =
  /:([^|:]+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\|[^|:]+(?::[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?)*):/gi

/**
 * `checkpoint_blob:T:NS:CH:V`: thread and channel (`branch:to:node`) are free text, so the key is settled only where there is one place
 * that can be the namespace. Otherwise the document's fields decide.
 */
function blobParser(prefix: string): KeyParser {
  return (key) => {
    const rest = key.slice(prefix.length + SEPARATOR.length)
    // `user:UUID::` is the end of a thread id before an empty namespace.
    const nested = [...rest.matchAll(NESTED_NS)].filter(
      ({ 0: text, index }) => rest[index + text.length] !== ':',
    )
    // Every place counts: `a:::log:2` is thread `a:`, or thread `a` and channel `:log`.
    const raw = [...rest.matchAll(/(?=::)/g)].map(({ index }) => index)
    const ambiguous = nested.length + raw.length !== 1
    const last = nested.at(-1)
    if (last !== undefined) return blobParts(rest.slice(0, last.index), last[1] ?? '', ambiguous)
    if (raw[0] !== undefined) return blobParts(rest.slice(0, raw[0]), '', ambiguous)
    const [threadId, checkpointNs, ...others] = rest.split(SEPARATOR)
    if (threadId === undefined || checkpointNs === undefined || others.length < 2) return null
    return blobParts(threadId, checkpointNs, true)
  }
}

const blobParts = (threadId: string, checkpointNs: string, ambiguous: boolean): KeyParts => ({
  threadId,
  checkpointNs,
  tail: {},
  ambiguous,
})

/** Blobs last: they are needed only where a checkpoint is gone that had the value, which shows when all others have been read. */
const READING_RANK: Readonly<Partial<Record<KeyRole, number>>> = { checkpoint: 0, write: 1, blob: 2 }

/** Indexes are not read. Parents before children; a shallow document (no id in its key) after the full ones of its namespace. */
export function jsReadingOrder(keys: readonly ClaimedKey[]): readonly ClaimedKey[] {
  return keys
    .filter(({ role }) => READING_RANK[role] !== undefined)
    .sort(
      (a, b) =>
        READING_RANK[a.role]! - READING_RANK[b.role]! ||
        compareText(a.checkpointNs, b.checkpointNs) ||
        compareText(a.checkpointId || '\uffff', b.checkpointId || '\uffff') ||
        a.key.compare(b.key),
    )
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
