/** Canonical JSON of live JavaScript values, the form of `expected.jsonl` in the JavaScript cases, and comparisons in it. */

/** Messages in their `lc` form, live objects as `{ $: kind, … }`, keys in order, Sends without the name that only Redis has. */
export function canonical(value: unknown): unknown {
  if (value === undefined) return { $: 'undefined' }
  if (typeof value === 'number') return canonicalNumber(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(canonical)
  if (value instanceof Uint8Array) return canonicalBytes(value)
  if (value instanceof Error) return { $: 'Error', v: value.message }
  switch (Object.prototype.toString.call(value)) {
    case '[object Map]':
      return { $: 'Map', v: [...(value as Map<unknown, unknown>)].map((pair) => pair.map(canonical)) }
    case '[object Set]':
      return { $: 'Set', v: [...(value as Set<unknown>)].map(canonical) }
    case '[object RegExp]':
      return { $: 'RegExp', v: String(value) }
  }
  if ('toJSON' in value) return canonical(JSON.parse(JSON.stringify(value)))
  return canonicalObject(value as Record<string, unknown>)
}

function canonicalNumber(value: number): unknown {
  return Number.isFinite(value) ? (value === 0 ? 0 : value) : { $: 'number', v: String(value) }
}

function canonicalBytes(bytes: Uint8Array): unknown {
  const kind = Buffer.isBuffer(bytes) ? 'Buffer' : 'Uint8Array'
  return { $: kind, b64: Buffer.from(bytes).toString('base64') }
}

function canonicalObject(value: Record<string, unknown>): unknown {
  const isSend = value.lg_name === 'Send'
  const members = Object.entries(value)
    .filter(([key, member]) => member !== undefined && !(isSend && key === 'lg_name'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([key, member]) => [key, canonical(member)]))
}

export const isSame = (a: unknown, b: unknown): boolean =>
  JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))

/** Channels with one slot a task, where the last write counts. */
const SPECIAL = new Set(['__error__', '__scheduled__', '__interrupt__', '__resume__'])

export type Writes = readonly (readonly [taskId: string, channel: string, value: unknown])[]

/** Pending writes as they count: a task's special ones by channel, its others in their order. */
export function countingWrites(writes: Writes): unknown {
  const tasks: Record<string, { special: Record<string, unknown>; others: unknown[] }> = {}
  for (const [taskId, channel, value] of writes) {
    tasks[taskId] ??= { special: {}, others: [] }
    if (SPECIAL.has(channel)) tasks[taskId].special[channel] = canonical(value)
    else tasks[taskId].others.push([channel, canonical(value)])
  }
  return canonical(tasks)
}
