/** Claims keys by forms: each is a TYPE, what the key begins with, and how the rest is split. */
import { isUtf8 } from 'node:buffer'
import type { RedisType } from '../../model/redis-value.js'
import type { Claim, ClaimedKey, KeyRole, Layout, Prefixes } from '../layout.js'
import { isUuid, type KeyParser, type KeyParts, type KeyTemplate, keyParser } from './keys.js'

export interface KeyForm {
  readonly type: RedisType
  /** What the key begins with, its separator included. */
  readonly head: Buffer
  readonly role: KeyRole
  readonly parse: KeyParser
}

/** The form of the keys that a template describes. */
export function keyForm(role: KeyRole, type: RedisType, template: KeyTemplate): KeyForm {
  const head = Buffer.from(template.prefix + template.separator)
  return { type, head, role, parse: withoutUuidNs(keyParser(template)) }
}

/** A form with a parser of its own. */
export const parsedForm = (role: KeyRole, type: RedisType, head: string, parse: KeyParser): KeyForm => ({
  type,
  head: Buffer.from(head),
  role,
  parse,
})

/** The claim of a layout whose keys have these forms; the first that fits counts. Forms are compiled once for each set of prefixes. */
export function claimByForms(
  layout: string,
  formsOf: (prefixes: Prefixes) => readonly KeyForm[],
): Layout['claim'] {
  const compiled = new WeakMap<Prefixes, readonly KeyForm[]>()
  return (key, type, prefixes) => {
    let forms = compiled.get(prefixes)
    if (forms === undefined) {
      forms = formsOf(prefixes)
      compiled.set(prefixes, forms)
    }
    return claimOf(layout, key, type, forms)
  }
}

/** The thread id and everything behind it are taken from the name alone, so a name that is no UTF-8 is nobody's. */
function claimOf(layout: string, key: Buffer, type: RedisType, forms: readonly KeyForm[]): Claim | null {
  let text: string | undefined
  for (const form of forms) {
    if (form.type !== type || !beginsWith(key, form.head)) continue
    if (text === undefined) {
      if (!isUtf8(key)) return null
      text = key.toString('utf8')
    }
    const parts = form.parse(text)
    if (parts === null) continue
    const { threadId, checkpointNs, tail, ambiguous } = parts
    const claim = { layout, role: form.role, threadId, checkpointNs, checkpointId: tail.checkpointId ?? '' }
    return ambiguous ? { ...claim, ambiguous } : claim
  }
  return null
}

/** Whether a key begins with some bytes and goes on after them. */
export const beginsWith = (key: Buffer, head: Buffer): boolean =>
  // Most keys differ at once, and a call of compare is dear.
  (key[0] === head[0] || head.length === 0) &&
  key.length > head.length &&
  key.compare(head, 0, head.length, 0, head.length) === 0

/** A UUID alone is no namespace: such a key has one more id than the form, and is another saver's. */
function withoutUuidNs(parse: KeyParser): KeyParser {
  return (key) => {
    const parts = parse(key)
    return parts !== null && isUuid(parts.checkpointNs) ? null : parts
  }
}

/** A form only for parts that pass; for names that other savers' keys could be taken for. */
export const onlyWhere = (form: KeyForm, passes: (parts: KeyParts) => boolean): KeyForm => ({
  ...form,
  parse: (key) => {
    const parts = form.parse(key)
    return parts !== null && passes(parts) ? parts : null
  },
})

/** Roles in the order in which a thread of such a saver is read; indexes are not read at all. */
const READING_RANK: Readonly<Partial<Record<KeyRole, number>>> = {
  checkpoint: 0,
  snapshot: 0,
  blob: 1,
  write: 2,
  pointer: 3,
}

export interface OrderOptions {
  /** Orders keys of one role before anything else. */
  readonly before?: (key: ClaimedKey) => number
  /** Orders keys of one checkpoint. */
  readonly among?: (key: ClaimedKey) => number
}
const SAME = () => 0

/** Checkpoints (parents before children), blobs, writes (by checkpoint), pointers. */
export function keyedReadingOrder(
  keys: readonly ClaimedKey[],
  { before = SAME, among = SAME }: OrderOptions = {},
): readonly ClaimedKey[] {
  return keys
    .filter((key) => READING_RANK[key.role] !== undefined)
    .map((key) => ({ key, role: READING_RANK[key.role]!, before: before(key), among: among(key) }))
    .sort(
      (a, b) =>
        a.role - b.role ||
        a.before - b.before ||
        compareText(a.key.checkpointNs, b.key.checkpointNs) ||
        compareText(a.key.checkpointId, b.key.checkpointId) ||
        a.among - b.among ||
        a.key.key.compare(b.key.key),
    )
    .map(({ key }) => key)
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
