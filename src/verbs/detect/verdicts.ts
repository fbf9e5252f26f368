/** From what was counted and what samples said to one verdict a layout (pure). */
import type { LayoutRegistry } from '../../layouts/registry.js'
import type { Certainty, Estimate, Evidence, LayoutVerdict } from '../../model/detect-findings.js'
import type { KindSamples } from './samples.js'
import type { ThreadNames } from './threads.js'

/** A share of the keys of one kind that goes to one layout. */
interface Share {
  readonly of: KindSamples
  readonly layout: string
  /** From 0 to 1. */
  readonly share: number
}

/** Most keys first. Threads that have nothing but indexes and pointers left make no verdict. */
export function verdictsOf(
  looks: readonly KindSamples[],
  threads: ThreadNames,
  registry: LayoutRegistry,
): LayoutVerdict[] {
  const shares = sharesOf(looks, threads, registry)
  const ids = [...new Set(shares.map(({ layout }) => layout))]
  return ids
    .map((id) =>
      verdictOf(
        id,
        shares.filter(({ layout }) => layout === id),
        threads,
        registry,
      ),
    )
    .filter(({ keys }) => keys.count > 0)
    .sort((a, b) => b.keys.count - a.keys.count || registry.rank(a.id) - registry.rank(b.id))
}

function sharesOf(looks: readonly KindSamples[], threads: ThreadNames, registry: LayoutRegistry): Share[] {
  const telling = looks.filter(({ kind }) => isTelling(kind.role))
  const shares = telling.flatMap(bySamples)
  for (const of of looks.filter(({ kind }) => !isTelling(kind.role))) {
    shares.push(...besideCheckpoints(of, shares, threads, registry))
  }
  return shares
}

/** Documents of checkpoints tell savers apart; writes, blobs and indexes of related savers look alike. */
export const isTelling = (role: string): boolean => role === 'checkpoint' || role === 'snapshot'

/** As the samples divide; damaged values divide like the others. Where samples say nothing, the names count. */
function bySamples(of: KindSamples): Share[] {
  const counts = [...of.recognised].map(([layout, evidences]) => ({
    layout,
    count: sumOf(evidences.values()),
  }))
  const known = sumOf(counts.map(({ count }) => count))
  const mine = of.looked - of.nobodys.length
  if (known === 0) return of.looked > 0 && mine === 0 ? [] : [{ of, layout: of.kind.layout, share: 1 }]
  return counts.map(({ layout, count }) => ({ of, layout, share: ((count / known) * mine) / of.looked }))
}

/**
 * Keys that do not tell go where the checkpoints of their thread go: those of the layouts that one reader reads, or any where there
 * are none of these. Keys of threads without checkpoints go the way of the others.
 */
function besideCheckpoints(
  of: KindSamples,
  checkpoints: readonly Share[],
  threads: ThreadNames,
  registry: LayoutRegistry,
): Share[] {
  const known = of.kind.role === 'index' ? [{ layout: of.kind.layout, share: 1 }] : bySamples(of)
  return known.flatMap(({ layout, share }) => {
    const reader = registry.readerOf(layout)
    const own = checkpoints.filter((one) => registry.readerOf(one.layout) === reader)
    const related = own.length > 0 ? own : checkpoints
    const hits = new Map<string, number>()
    for (const { threadId } of of.kind.samples.items) {
      const beside = related.filter((one) => threads.has(threadId, one.of.kind.index) === true)
      const sum = sumOf(beside.map((one) => one.share))
      for (const one of beside) hits.set(one.layout, (hits.get(one.layout) ?? 0) + one.share / sum)
    }
    const all = sumOf(hits.values())
    if (all === 0) return [{ of, layout: related[0]?.layout ?? layout, share }]
    return [...hits].map(([id, count]) => ({ of, layout: id, share: (share * count) / all }))
  })
}

function verdictOf(
  id: string,
  shares: readonly Share[],
  threads: ThreadNames,
  registry: LayoutRegistry,
): LayoutVerdict {
  const { title, writtenBy, dialect, isRefused } = registry.byId(id)
  const telling = shares.filter(({ of }) => isTelling(of.kind.role))
  const looks = telling.length > 0 ? telling : shares
  const sampled = sumOf(looks.map(({ of }) => of.looked))
  const unrecognised = sumOf(looks.map(({ of }) => of.damaged.length))
  const evidence = evidenceOf(id, looks)
  const confirmed = sumOf(evidence.map(({ count }) => count))
  return {
    id,
    title,
    writtenBy,
    dialect,
    keys: sumOfShares(shares, ({ kind }) => kind.keys),
    threads: threadsOf(telling, threads),
    memoryBytes: memoryOf(shares),
    certainty: certaintyOf({ sampled, confirmed, unrecognised }),
    evidence,
    sampled,
    unrecognised,
    happens: isRefused ? 'refused' : 'migrated',
  }
}

/** Threads that have a kind of keys which is wholly this layout's; of a divided kind its share of them. */
function threadsOf(telling: readonly Share[], threads: ThreadNames): Estimate {
  const whole = telling.filter(({ share }) => share > 0.999).map(({ of }) => of.kind.index)
  const sure = threads.threadsWith(whole)
  const parts = telling
    .filter(({ share }) => share <= 0.999)
    .map(({ of, share }) => threads.threadsWith([of.kind.index]).count * share)
  if (parts.length === 0) return sure
  return { count: Math.max(1, Math.round(sure.count + sumOf(parts))), exact: false }
}

function sumOfShares(shares: readonly Share[], keysOf: (of: KindSamples) => number): Estimate {
  const exact = shares.every(({ of, share }) => share === 1 || of.isAll)
  return { count: Math.round(sumOf(shares.map(({ of, share }) => keysOf(of) * share))), exact }
}

function memoryOf(shares: readonly Share[]): number | null {
  const known = shares.filter(({ of }) => of.meanBytes !== null)
  if (known.length === 0) return null
  return Math.round(sumOf(known.map(({ of, share }) => of.kind.keys * share * of.meanBytes!)))
}

/** What the samples said, most often said first. */
function evidenceOf(id: string, shares: readonly Share[]): Evidence[] {
  const counts = new Map<string, { count: number; of: number }>()
  for (const { of } of shares) {
    for (const [text, count] of of.recognised.get(id) ?? []) {
      const entry = counts.get(text) ?? { count: 0, of: 0 }
      counts.set(text, { count: entry.count + count, of: entry.of + of.looked })
    }
  }
  return [...counts].map(([text, { count, of }]) => ({ text, count, of })).sort((a, b) => b.count - a.count)
}

/** Values of another layout among the samples say nothing against this one; values of none do. */
function certaintyOf(samples: {
  readonly sampled: number
  readonly confirmed: number
  readonly unrecognised: number
}): Certainty {
  const { confirmed, unrecognised } = samples
  if (confirmed === 0) return 'unsure'
  if (unrecognised === 0) return 'sure'
  return unrecognised * 10 <= confirmed ? 'likely' : 'unsure'
}

export function sumOf(numbers: Iterable<number>): number {
  let sum = 0
  for (const number of numbers) sum += number
  return sum
}
