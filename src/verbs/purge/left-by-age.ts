/**
 * Threads that a migration was told to leave out by their age. Nothing of them is recorded one by one: the run remembers its bound, and
 * a thread without any sign of life since is one that it left out.
 */
import type { Dialect } from '../../convert/converter.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import type { ThreadKeys } from '../../pipeline/inventory.js'
import { retried } from '../../pipeline/retried.js'
import { recordedEver } from '../../target/ledger/purge-ledger.js'
import { type RunRow, readRuns } from '../../target/ledger/read.js'
import { latestOf } from '../age-filter.js'
import type { PurgeRequest } from './request.js'

/** A run that ended, and was bounded by `--newer-than`. What `--older-than` left out waits for another run. */
interface AgeBound {
  readonly dialect: Dialect
  /** Milliseconds since 1970: what was last written before was left out. */
  readonly horizonMs: number
  /** Layouts it looked for. */
  readonly layouts: ReadonlySet<string>
}

export class LeftByAge {
  private constructor(
    private readonly request: PurgeRequest,
    private readonly registry: LayoutRegistry,
    private readonly bounds: readonly AgeBound[],
  ) {}

  static async of(request: PurgeRequest, registry: LayoutRegistry): Promise<LeftByAge> {
    const { postgres, scope } = request
    const runs = await retried(request, () =>
      postgres.use((session) => readRuns(session, scope.ledgerSchema, scope)),
    )
    return new LeftByAge(request, registry, runs.flatMap(boundOf))
  }

  /** Of threads that are not on record those that were left out. */
  async among(threads: readonly ThreadKeys[]): Promise<Set<string>> {
    const { postgres, scope } = this.request
    const left = new Set<string>()
    if (this.bounds.length === 0) return left
    for (const thread of threads) if (await this.isLeft(thread)) left.add(thread.threadId)
    // What a run has moved was wanted, also where that run was undone.
    const ids = [...left].filter((threadId) => !threadId.includes('\0'))
    const moved = await retried(this.request, () =>
      postgres.use((session) => recordedEver(session, scope, ids)),
    )
    return new Set(ids.filter((threadId) => !moved.has(threadId)))
  }

  private async isLeft(thread: ThreadKeys): Promise<boolean> {
    const { source, now } = this.request
    const layouts = thread.keys.filter(({ role }) => role !== 'index').map(({ layout }) => layout)
    const dialects = new Set(layouts.map((layout) => this.registry.byId(layout).dialect))
    const bounds = this.bounds.filter(
      (bound) => dialects.has(bound.dialect) && layouts.every((layout) => bound.layouts.has(layout)),
    )
    if (dialects.size !== 1 || bounds.length === 0) return false
    const latestMs = await latestOf(thread, {
      source,
      registry: this.registry,
      dialect: bounds[0]!.dialect,
      nowMs: now(),
      retried: (work) => retried(this.request, work),
    })
    return latestMs !== null && bounds.some(({ horizonMs }) => latestMs < horizonMs)
  }
}

/** None where the run took threads by their names, or some of them only: then others were never asked for. */
function boundOf({ state, startedAt, dialect, options }: RunRow): AgeBound[] {
  const { bounds, scope, layouts } = options as {
    readonly bounds?: { readonly newerThanMs: number | null }
    readonly scope?: {
      readonly threads: unknown
      readonly patterns: readonly string[]
      readonly limit: unknown
    }
    readonly layouts?: readonly string[]
  }
  const newerThanMs = bounds?.newerThanMs ?? null
  if (state !== 'done' || dialect === null || newerThanMs === null || layouts === undefined) return []
  if (scope === undefined || scope.threads !== null || scope.limit !== null || scope.patterns.length > 0)
    return []
  return [{ dialect, horizonMs: Date.parse(startedAt) - newerThanMs, layouts: new Set(layouts) }]
}
