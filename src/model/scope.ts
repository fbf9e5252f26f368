/** Which threads the user asked for. Always whole threads, never keys. */
import { globMatcher } from './glob.js'

export interface ThreadScope {
  /** Ids named one by one; null where none was. */
  readonly threads: ReadonlySet<string> | null
  /** Glob patterns over ids; a thread is taken when any of them matches. */
  readonly patterns: readonly string[]
  /** At most this many threads. */
  readonly limit: number | null
}

export const EVERY_THREAD: ThreadScope = { threads: null, patterns: [], limit: null }

/** The test for one id. The limit is the caller's to count: it depends on the order in which threads come. */
export function threadFilter(scope: ThreadScope): (threadId: string) => boolean {
  const matchers = scope.patterns.map(globMatcher)
  return (threadId) =>
    (scope.threads === null || scope.threads.has(threadId)) &&
    (matchers.length === 0 || matchers.some((matches) => matches(threadId)))
}
