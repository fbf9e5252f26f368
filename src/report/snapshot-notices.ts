/** What a reader has to know where the source is a snapshot. */
import type { EndpointNote } from '../model/report.js'
import { formatCounted } from './format.js'

/**
 * Nothing where the source is a server, and where nothing in the snapshot had a time to live that is over. Items of a store
 * whose time is over are left out: their rows would expire at once.
 */
export function snapshotNotices({ snapshot }: EndpointNote, withStore = false): string[] {
  if (snapshot === undefined) return []
  const { savedAt, expiredBefore, expiredSince } = snapshot
  const but = withStore ? ', but for items of the store' : ''
  const notices: string[] = []
  if (expiredBefore > 0) {
    const had = formatCounted(expiredBefore, 'key')
    notices.push(
      `${had} had expired when the snapshot was saved; left out, as a server would when it loads it.`,
    )
  }
  if (expiredSince > 0 && savedAt !== null) {
    const have = `${formatCounted(expiredSince, 'key')} ${expiredSince === 1 ? 'has' : 'have'}`
    notices.push(`${have} expired since the snapshot was saved; taken as they were then${but}.`)
  }
  if (expiredSince > 0 && savedAt === null) {
    const have = `${formatCounted(expiredSince, 'key')} ${expiredSince === 1 ? 'has' : 'have'}`
    notices.push(
      `${have} expired; taken all the same${but}, because the snapshot does not say when it was saved.`,
    )
  }
  return notices
}

/** How another logical database of the same source is named. */
export const databaseHint = ({ snapshot }: EndpointNote, db: number): string =>
  snapshot === undefined
    ? 'Name it as the number at the end of the Redis URL.'
    : `Name it with ?db=${db} at the end of the URL.`
