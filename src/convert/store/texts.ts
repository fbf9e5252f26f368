/** The texts that a store's embedding stands for: what a path yields inside a value (`tokenize_path`, `get_text_at_path` of langgraph-checkpoint 4). */

/** What the path leads to, in its order; nulls left out. */
export function partsAt(value: unknown, path: string): unknown[] {
  if (path === '' || path === '$') return [value]
  const found: unknown[] = []
  walk(value, path.match(/\[[^\]]*\]|\{[^}]*\}|[^.[{]+/g) ?? [], found)
  return found
}

function walk(value: unknown, [step, ...rest]: readonly string[], found: unknown[]): void {
  if (step === undefined) {
    if (value !== null && value !== undefined) found.push(value)
    return
  }
  const own = (name: string): unknown =>
    isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  if (step === '*' || step === '[*]') {
    const items = Array.isArray(value) ? value : step === '*' && isObject(value) ? Object.values(value) : []
    for (const item of items) walk(item, rest, found)
  } else if (step.startsWith('[')) {
    if (Array.isArray(value)) walk(value.at(Number(step.slice(1, -1))), rest, found)
  } else if (step.startsWith('{')) {
    for (const name of step.slice(1, -1).split(',')) walk(value, name.trim().split('.'), found)
  } else {
    walk(own(step), rest, found)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** As JavaScript's PostgresStore keeps it beside the embedding. */
export const textOf = (part: unknown): string =>
  (typeof part === 'string' ? part : typeof part === 'object' ? JSON.stringify(part) : String(part)).trim()
