/** The long-term memory in words: one line in every report that has it. */
import type { MigrateReport } from '../model/report.js'
import { formatBytes, formatCount, formatCounted } from './format.js'

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
