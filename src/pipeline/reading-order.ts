/** In which order the keys of a thread are read. */
import type { ClaimedKey, KeyRole } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'

/** What refers to checkpoints. */
const LATE: ReadonlySet<KeyRole> = new Set(['write', 'pointer'])

/**
 * Each layout orders its own keys; older layouts first, because newer documents have older parents. Where there are several, writes
 * come after the checkpoints of all of them: a value may show that another layout's reader has to read its key.
 */
export function readingOrder(registry: LayoutRegistry, keys: readonly ClaimedKey[]): readonly ClaimedKey[] {
  const byLayout = new Map<string, ClaimedKey[]>()
  for (const key of keys) {
    const group = byLayout.get(key.layout)
    if (group === undefined) byLayout.set(key.layout, [key])
    else group.push(key)
  }
  const ordered = [...byLayout]
    .sort(([a], [b]) => registry.rank(b) - registry.rank(a))
    .flatMap(([id, group]) => registry.byId(id).readingOrder(group))
  if (byLayout.size === 1) return ordered
  return [...ordered.filter(({ role }) => !LATE.has(role)), ...ordered.filter(({ role }) => LATE.has(role))]
}
