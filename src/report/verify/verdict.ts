/** The verdict of a verification in one sentence, and the command that should follow. */
import { shellWord } from '../../model/printable.js'
import { exitCodeOfVerify, type VerifyReport } from '../../model/verify-report.js'
import { formatCount, formatCounted, formatDuration } from '../format.js'
import type { FlagsAgain, NextStep } from '../next.js'
import { storeWords } from '../store-text.js'
import { isWayBack, sayFor } from '../way-back.js'

export function verifyVerdict(report: VerifyReport): { readonly mark: '✓' | '✗'; readonly text: string } {
  const { threads, stoppedBy, seconds } = report
  const mark = exitCodeOfVerify(report) === 0 ? '✓' : '✗'
  const parts = wordsOf(report).map(sayFor(report))
  if (stoppedBy !== undefined) {
    return { mark, text: `stopped after ${formatDuration(seconds)}: ${parts.join(' · ')}` }
  }
  if (threads.compared === 0) {
    return { mark, text: [`no thread to compare${leftOut(report)}`, ...storeWords(report)].join(' · ') }
  }
  return { mark, text: parts.join(' · ') }
}

function wordsOf(report: VerifyReport): string[] {
  const { threads, against } = report
  const { equal, differs, behind, rejected, partial, deleted, ahead, expired } = threads
  const how = against === 'ledger' ? 'as the ledger recorded them' : 'equal, value by value'
  const one = against === 'ledger' ? 'as the ledger recorded it' : 'equal, value by value'
  return [
    `${formatCounted(equal, 'thread')} ${equal === 1 ? one : how}`,
    `${formatCount(differs)} ${differs === 1 ? 'differs' : 'differ'}`,
    ...(behind > 0 ? [`${formatCount(behind)} behind (Redis has more)`] : []),
    ...(ahead > 0 ? [`${formatCount(ahead)} ahead (the application went on in Postgres)`] : []),
    ...(partial > 0 ? [`${formatCount(partial)} partly migrated`] : []),
    ...(rejected > 0 ? [`${formatCount(rejected)} not migrated`] : []),
    ...(deleted > 0 ? [`${formatCount(deleted)} with rows deleted in Postgres`] : []),
    ...(expired > 0 ? [`${formatCount(expired)} expired in Redis, as written`] : []),
    ...storeWords(report),
  ]
}

const leftOut = ({ threads }: VerifyReport): string =>
  threads.leftOut > 0 ? ` (${formatCount(threads.leftOut)} left out)` : ''

/** The sensible next command. */
export function nextAfterVerify(
  report: VerifyReport,
  { target, scope, snapshot = '' }: FlagsAgain,
): NextStep | null {
  const { threads, stoppedBy, differences, verificationId, against, source, store } = report
  if (stoppedBy !== undefined || (threads.compared === 0 && store === null)) return null
  const ids = new Set(differences.map(({ threadId }) => threadId))
  const [only] = ids
  if (threads.differs > 0) {
    const which =
      threads.differs === 1 && only !== undefined ? `${snapshot} --thread ${shellWord(only)}` : scope
    const command = `cp-migrate migrate${target}${which}`
    return { command, why: 'writes what is missing, touches nothing else' }
  }
  if (store !== null && store.behind > 0 && threads.behind === 0)
    return { command: `cp-migrate migrate${target}${scope}`, why: 'brings the store up to date' }
  if (threads.behind > 0) {
    const what = threads.behind === 1 ? 'the thread' : `the ${formatCount(threads.behind)} threads`
    return {
      command: `cp-migrate migrate${target}${scope}`,
      why: `brings ${what} up to date; repeat until the cutover`,
    }
  }
  if (verificationId === null)
    return { command: `cp-migrate init${target}`, why: 'makes the ledger, which can remember this' }
  if (isWayBack(report.target)) return { command: `cp-migrate status${target}`, why: 'what the runs did' }
  if (against === 'ledger') return { command: `cp-migrate status${target}`, why: 'what the runs did' }
  if (source?.snapshot !== undefined) {
    const command = `cp-migrate migrate${target} --redis redis://HOST:6379/0`
    return { command, why: 'the same from the server itself: brings what is new since the snapshot' }
  }
  // Nothing is deleted from a file.
  if (source?.endpoint.startsWith('sqlite:'))
    return { command: `cp-migrate status${target}`, why: 'what the runs did' }
  const what = store === null ? '' : scope
  return { command: `cp-migrate purge-redis${target}${what}`, why: 'what Redis can let go; a plan' }
}
