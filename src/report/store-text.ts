/** The long-term memory in words: one line in every report that has it. */

import { printableText } from '../model/printable.js'
import { PURGE_LEFT, type PurgeLeft, type PurgeReport } from '../model/purge-report.js'
import type { MigrateReport } from '../model/report.js'
import type { RollbackReport } from '../model/rollback-report.js'
import type { VerifyReport } from '../model/verify-report.js'
import { formatBytes, formatCount, formatCounted } from './format.js'
import { wrapText } from './wrap.js'

export function storeLines({ store, dryRun }: Pick<MigrateReport, 'store' | 'dryRun'>): string[] {
  if (store === null) return []
  const { items, inserted, updated, alreadyThere, expiring, vectors, bytes } = store
  const parts = [
    ...(inserted > 0 ? [`${formatCount(inserted)} ${dryRun ? 'to insert' : 'inserted'}`] : []),
    ...(updated > 0 ? [`${formatCount(updated)} ${dryRun ? 'to update' : 'updated'}`] : []),
    ...(alreadyThere > 0 ? [`${formatCount(alreadyThere)} there already`] : []),
    ...(vectors > 0 ? [formatCounted(vectors, 'embedding')] : []),
    ...(expiring > 0 ? [`${formatCount(expiring)} with a TTL`] : []),
    formatBytes(bytes),
  ]
  return [`  store  ${formatCounted(items, 'item')}  ${parts.join(' · ')}`]
}

/** For the verdict; empty where the store was left out. */
export function storeVerdict({ store, dryRun }: Pick<MigrateReport, 'store' | 'dryRun'>): string {
  if (store === null) return ''
  const moved = formatCounted(store.inserted + store.updated, 'store item')
  return dryRun ? `${moved} would be moved` : `${moved} moved`
}

const SHOWN_DIFFERENCES = 10

/** What was compared of the store, and where it differs. */
export function storeComparison({ store }: Pick<VerifyReport, 'store'>, columns: number): string[] {
  if (store === null) return []
  const counts = [
    [store.equal, 'equal'],
    [store.differs, store.differs === 1 ? 'differs' : 'differ'],
    [store.behind, 'behind (the source has newer)'],
    [store.ahead, 'ahead (changed in Postgres since)'],
    [store.deleted, 'deleted in Postgres since'],
    [store.rejected, 'not moved'],
    [store.olderCopies, store.olderCopies === 1 ? 'older copy' : 'older copies'],
    [store.onlyInLedger, 'no longer in the source, as written'],
    [store.onlyInTarget, 'of others in Postgres'],
  ] as const
  const parts = counts.flatMap(([count, words]) => (count === 0 ? [] : [`${formatCount(count)} ${words}`]))
  const embeddings = store.vectors > 0 ? [formatCounted(store.vectors, 'embedding')] : []
  const all = [...parts, ...embeddings].join(' · ')
  const line = `store  ${formatCounted(store.items, 'item')}${all === '' ? '' : `: ${all}`}`
  return [
    ...wrapText(line, columns, { first: '  ', hanging: '    ' }),
    ...store.differences
      .slice(0, SHOWN_DIFFERENCES)
      .map(({ namespace, key, part }) => printableText(`    ${namespace} · ${key}  ${part}`)),
  ]
}

/** For the verdict. */
export function storeWords({ store }: Pick<VerifyReport, 'store'>): string[] {
  if (store === null) return []
  const problems = [
    ...(store.differs > 0
      ? [`${formatCount(store.differs)} ${store.differs === 1 ? 'differs' : 'differ'}`]
      : []),
    ...(store.behind > 0 ? [`${formatCount(store.behind)} behind`] : []),
  ]
  return [
    [formatCounted(store.equal, 'store item'), 'equal', ...problems.map((one) => `, ${one}`)]
      .join(' ')
      .replaceAll(' ,', ','),
  ]
}

/** What a rollback did to the store, or would. */
export function storeUndone({ store, planOnly }: Pick<RollbackReport, 'store' | 'planOnly'>): string[] {
  if (store === null) return []
  const { removed, restored, refused } = store
  const parts = [
    `${formatCounted(removed, 'item')} ${planOnly ? 'would go' : 'removed'}`,
    ...(restored > 0 ? [`${formatCount(restored)} as before`] : []),
    ...(refused > 0
      ? [
          `${formatCount(refused)} left alone: changed in Postgres, purged from Redis, or moved again by a later run`,
        ]
      : []),
  ]
  return [`  store  ${parts.join(' · ')}`]
}

export const storeUndoneWords = ({ store }: Pick<RollbackReport, 'store'>): string =>
  store === null ? '' : `, ${formatCounted(store.removed + store.restored, 'store item')}`

/** What a purge freed of the store, or would, and what stays. */
export function storePurged({ store, planOnly }: Pick<PurgeReport, 'store' | 'planOnly'>): string[] {
  if (store === null) return []
  const { items, keys, bytes, lefts } = store
  const what = `${formatCounted(items, 'item')}, ${formatCounted(keys, 'key')}, ${formatBytes(bytes)}`
  const left = (Object.keys(PURGE_LEFT) as PurgeLeft[]).flatMap((reason) => {
    const count = lefts[reason]
    return count === undefined
      ? []
      : [`         ${formatCount(count)} left alone: ${PURGE_LEFT[reason].title}`]
  })
  return [`  store  ${what} ${planOnly ? 'would be deleted' : 'deleted'}`, ...left]
}

export function storePurgedWords({ store, planOnly }: Pick<PurgeReport, 'store' | 'planOnly'>): string {
  if (store === null || store.items === 0) return ''
  return `${formatCounted(store.items, 'store item')} ${planOnly ? 'would be deleted' : 'deleted'}`
}
