/** Keys of savers that keep pickles in plain strings. They share prefixes, so a key says only what all of them would agree on. */
import type { RedisType } from '../../model/redis-value.js'
import { beginsWith } from '../keys/key-forms.js'
import { checkpointIdPart, isUuid, type KeyParser, keyParser, taskIdPart } from '../keys/keys.js'
import type { Claim, ClaimedKey, KeyRole, Prefixes } from '../layout.js'

/** Prefixes that savers use besides those that users can choose. */
const OWN_PREFIX = 'langgraph:checkpoint'
const SNAPSHOT_PREFIXES = ['langgraph_thread', 'edu:ckpt']
const WRITE_PREFIXES = ['langgraph:writes', 'writes']
const LIST_INDEXES = ['langgraph:thread', 'langgraph:index']

const UUID_LENGTH = 36
const WRITES = ':writes:'
const LATEST = ':latest'
const LATEST_LIST = ':latest:list'
/** `node:TASKUUID`, and whatever namespaces lie below it. */
const NESTED =
  /^([\s\S]*?):([^|:]+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\|[^:]+(?::[0-9a-f-]{36})?)*)$/i

type Split = Pick<Claim, 'threadId' | 'checkpointNs'>

/** What a key begins with, and what is said of the rest. */
interface Head {
  readonly bytes: Buffer
  claim(rest: string, type: RedisType, claim: MakeClaim): Claim | null
}

const headsOf = new WeakMap<Prefixes, readonly Head[]>()

/** What TYPE and name say; the layout of all of them is `layout`, whose reader tells them apart by their values. */
export function claimPickleKey(
  layout: string,
  key: Buffer,
  type: RedisType,
  prefixes: Prefixes,
): Claim | null {
  if (type !== 'string' && type !== 'list' && type !== 'zset') return null
  let heads = headsOf.get(prefixes)
  if (heads === undefined) {
    heads = headsFor(prefixes)
    headsOf.set(prefixes, heads)
  }
  const head = heads.find(({ bytes }) => beginsWith(key, bytes))
  if (head === undefined) return null
  return head.claim(key.toString('utf8', head.bytes.length), type, (role, split, checkpointId = '') => ({
    layout,
    role,
    ...split,
    checkpointId,
  }))
}

/** The longest first: one prefix may begin with another. */
function headsFor({ checkpoint, checkpointWrite }: Prefixes): readonly Head[] {
  const head = (beginning: string, claim: Head['claim']): Head => ({ bytes: Buffer.from(beginning), claim })
  const checkpoints = [...checkpoint, OWN_PREFIX]
  return [
    ...checkpoints.map((prefix) =>
      head(`${prefix}:`, (rest, type, claim) =>
        claimOfRest(rest, type, prefix === OWN_PREFIX ? whole : splitNs, claim),
      ),
    ),
    ...checkpoints.map((prefix) =>
      head(`${prefix}_latest:`, (rest, type, claim) =>
        type === 'string' ? claim('pointer', whole(rest)) : null,
      ),
    ),
    ...[...checkpointWrite, ...WRITE_PREFIXES].map((prefix) =>
      head(`${prefix}:`, (rest, type, claim) => (type === 'string' ? claimOfWrites(rest, claim) : null)),
    ),
    ...SNAPSHOT_PREFIXES.map((prefix) =>
      head(`${prefix}:`, (rest, type, claim) => (type === 'string' ? claim('snapshot', whole(rest)) : null)),
    ),
    ...LIST_INDEXES.map((prefix) =>
      head(`${prefix}:`, (rest, type, claim) => (type === 'list' ? claim('index', whole(rest)) : null)),
    ),
  ].sort((a, b) => b.bytes.length - a.bytes.length)
}

type MakeClaim = (role: KeyRole, split: Split, checkpointId?: string) => Claim

/** What follows `checkpoint:`. Where no id ends it, the key is one of a saver that keeps the latest checkpoint only. */
function claimOfRest(
  rest: string,
  type: RedisType,
  split: (text: string) => Split,
  claim: MakeClaim,
): Claim | null {
  // Braces round the thread id are the Valkey saver's.
  if (rest.startsWith('{')) return null
  if (type === 'zset' && rest.endsWith(LATEST_LIST))
    return claim('index', splitNs(rest.slice(0, -LATEST_LIST.length)))
  if (type !== 'string') return null
  const writes = rest.lastIndexOf(WRITES)
  if (writes >= 0) {
    const parts = writesOfOneKey(`:${rest.slice(0, writes)}`)
    if (parts !== null) return claim('write', parts, parts.tail.checkpointId)
  }
  if (rest.endsWith(LATEST)) return claim('pointer', split(rest.slice(0, -LATEST.length)))
  const id = idAtEnd(rest)
  // Any string of another application may be called so: it is nobody's thread until its value says so.
  if (id === undefined) return { ...claim('snapshot', whole(rest)), ambiguous: true }
  return claim('checkpoint', split(rest.slice(0, -UUID_LENGTH - 1)), id)
}

const UUID_PART = { name: 'checkpointId', pattern: checkpointIdPart(':').pattern }
/** `T:NS:ID`, in front of `:writes:TASK`. */
const writesOfOneKey = keyParser({ prefix: '', separator: ':', emptyNs: [''], tail: [UUID_PART] })

/** `T:ID` or `T:ID:TASK`. */
const WRITE_TAILS: readonly KeyParser[] = [
  keyParser({
    prefix: '',
    separator: ':',
    tail: [UUID_PART, taskIdPart(':')],
  }),
  keyParser({ prefix: '', separator: ':', tail: [checkpointIdPart(':')] }),
]

/**
 * Another saver's `T:NODE:TASK:ID` looks like `T:ID:TASK`: but checkpoint ids are UUIDs of version 6, and task ids are digests. Of these
 * one in 64 looks like version 6 too: then only the value tells.
 */
function claimOfWrites(rest: string, claim: MakeClaim): Claim | null {
  if (rest.startsWith('{')) return null
  for (const parse of WRITE_TAILS) {
    const parts = parse(`:${rest}`)
    if (parts === null) continue
    const { taskId = '', checkpointId = '' } = parts.tail
    if (UUID6.test(taskId) && !UUID6.test(checkpointId)) continue
    const write = claim('write', splitNs(parts.threadId), checkpointId)
    return UUID6.test(taskId) ? { ...write, ambiguous: true } : write
  }
  return null
}

const UUID6 = /^[0-9a-f]{8}-[0-9a-f]{4}-6[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** A thread with the namespace that its key shows beyond doubt; a bare name behind a colon may as well belong to the thread's id. */
function splitNs(text: string): Split {
  if (text.endsWith(':')) return whole(text.slice(0, -1))
  const nested = NESTED.exec(text)
  return nested === null ? whole(text) : { threadId: nested[1]!, checkpointNs: nested[2]! }
}

const whole = (threadId: string): Split => ({ threadId, checkpointNs: '' })

function idAtEnd(text: string): string | undefined {
  const id = text.slice(-UUID_LENGTH)
  return text.at(-UUID_LENGTH - 1) === ':' && isUuid(id) ? id : undefined
}

/** What a key of the thread holds behind its prefix, once it is known which thread that is. */
export interface PickleKey {
  /** Undefined where the key has no place for a namespace (`T:ID`) or no id (`T`). */
  readonly checkpointNs: string | undefined
  readonly hasId: boolean
}

/** Where the key ends in an id, its namespace; `threadId` is the thread that the key was claimed for. */
export function pickleKeyOf({ key, threadId, checkpointNs, checkpointId }: ClaimedKey): PickleKey {
  const text = key.toString('utf8')
  if (checkpointId === '' || !text.endsWith(`:${checkpointId}`))
    return { checkpointNs: undefined, hasId: false }
  const whose = text.slice(0, -checkpointId.length - 1)
  if (whose.endsWith(`:${threadId}:${checkpointNs}`)) return { checkpointNs, hasId: true }
  if (whose.endsWith(`:${threadId}`)) return { checkpointNs: undefined, hasId: true }
  // The key came here from the thread that its name seemed to say: what is left is a bare name.
  return { checkpointNs: whose.slice(whose.lastIndexOf(':') + 1), hasId: true }
}

/** A thread id whose last part is a namespace after all: the value has a form that never does without one. */
export function bareNsIn(threadId: string): Split | undefined {
  const at = threadId.lastIndexOf(':')
  return at < 0 ? undefined : { threadId: threadId.slice(0, at), checkpointNs: threadId.slice(at + 1) }
}

/** The task that a write's key names behind its checkpoint's id. */
export function taskIdIn({ key, checkpointId }: ClaimedKey): string | undefined {
  const text = key.toString('utf8')
  const tail = text.slice(text.lastIndexOf(checkpointId) + checkpointId.length)
  const task = tail.startsWith(WRITES) ? tail.slice(WRITES.length) : tail.slice(1)
  return task === '' ? undefined : task
}

/** Checkpoints before writes, both in the order of ids, so that parents come before children; indexes are not read. */
export function pickleReadingOrder(keys: readonly ClaimedKey[]): readonly ClaimedKey[] {
  return keys
    .filter(({ role }) => READING_RANK[role] !== undefined)
    .sort(
      (a, b) =>
        READING_RANK[a.role]! - READING_RANK[b.role]! ||
        (a.checkpointId < b.checkpointId ? -1 : a.checkpointId > b.checkpointId ? 1 : a.key.compare(b.key)),
    )
}

const READING_RANK: Readonly<Partial<Record<KeyRole, number>>> = {
  checkpoint: 0,
  snapshot: 1,
  write: 2,
  pointer: 3,
}
