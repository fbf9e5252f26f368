/** The page of a verification. */
import {
  type Difference,
  exitCodeOfVerify,
  THREAD_STATES,
  type ThreadState,
  type VerifyReport,
} from '../../model/verify-report.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from '../format.js'
import type { FlagsAgain } from '../next.js'
import { shortText } from '../short-text.js'
import { storeComparison } from '../store-text.js'
import { noteText, titleOf, verifyNotices } from '../verify/text.js'
import { nextAfterVerify, verifyVerdict } from '../verify/verdict.js'
import { sayFor } from '../way-back.js'
import { endsOf } from './ends.js'
import { type Block, cell, type Figure, type Page, type Section, sectionsOf, shareOf } from './page.js'
import { storeSection } from './store-section.js'

export function verifyPage(report: VerifyReport, again: FlagsAgain): Page {
  const { text } = verifyVerdict(report)
  const exit = exitCodeOfVerify(report)
  const isBad = report.stoppedBy !== undefined || report.threads.differs + (report.store?.differs ?? 0) > 0
  return {
    title: report.verificationId === null ? 'Verification' : `Verification ${report.verificationId}`,
    tone: isBad ? 'bad' : exit === 0 ? 'good' : 'warn',
    verdict: `${text[0]!.toUpperCase()}${text.slice(1)}.`,
    exitCode: exit,
    ends: endsOf(report.source, report.target),
    startedAt: report.startedAt,
    figures: figuresOf(report),
    sections: sectionsOf([
      stateSection(report),
      storeSection(storeComparison(report, Number.POSITIVE_INFINITY)),
      differenceSection(report),
      noteSection(report),
    ]),
    next: nextAfterVerify(report, again),
  }
}

function figuresOf({ threads, compared, bytes, seconds, differenceCount }: VerifyReport): Figure[] {
  return [
    {
      label: 'threads compared',
      value: formatCount(threads.compared),
      note: `in ${formatDuration(seconds)}`,
    },
    { label: 'equal', value: formatCount(threads.equal), note: 'value by value', tone: 'good' },
    {
      label: 'differ',
      value: formatCount(threads.differs),
      note: formatCounted(differenceCount, 'difference'),
      ...(threads.differs > 0 && { tone: 'bad' as const }),
    },
    {
      label: 'checkpoints',
      value: formatCount(compared.checkpoints),
      note: formatCounted(compared.writes, 'pending write'),
    },
    {
      label: 'values',
      value: formatCount(compared.values),
      note: `${formatBytes(bytes.source + bytes.target)} read`,
    },
  ]
}

const STATES: Readonly<Record<ThreadState, string>> = {
  equal: 'equal, value by value',
  differs: 'a difference that nothing explains',
  behind: 'Redis has more than was migrated',
  rejected: 'what Redis holds of them was rejected',
  partial: 'the rest was rejected and stays in Redis; what was migrated is equal',
  deleted: 'rows were deleted in Postgres since; the others are equal',
  ahead: 'the application went on in Postgres; what was migrated is equal',
  expired: 'expired in Redis, wholly or in part; the rows are as they were written',
}

function stateSection(report: VerifyReport): Section {
  const { threads } = report
  const rows = THREAD_STATES.filter((state) => threads[state] > 0)
  const notices: Block[] = verifyNotices(report).map((text) => ({ kind: 'text', tone: 'warn', text }))
  const table: Block[] =
    rows.length === 0
      ? []
      : [
          {
            kind: 'table',
            caption: 'Threads by state',
            columns: [
              { title: 'state', align: 'left' },
              { title: 'threads', align: 'right' },
              { title: 'what it means', align: 'left' },
            ],
            rows: rows.map((state) => [
              cell(state),
              cell(formatCount(threads[state]), shareOf(threads[state], threads.compared)),
              cell(sayFor(report)(STATES[state])),
            ]),
          },
        ]
  return { id: 'states', title: 'Threads', lead: '', blocks: [...table, ...notices] }
}

const SHOWN = 200

function differenceSection(report: VerifyReport): Section {
  const { differences, differenceCount } = report
  const say = sayFor(report)
  const shown = differences.slice(0, SHOWN)
  const hidden = differenceCount - shown.length
  return {
    id: 'differences',
    title: 'Differences',
    lead:
      hidden > 0 && shown.length > 0
        ? `The first ${formatCount(shown.length)} of ${formatCount(differenceCount)}.`
        : '',
    blocks:
      shown.length === 0
        ? []
        : [
            {
              kind: 'table',
              caption: 'Both sides of each difference',
              columns: [
                { title: 'where', align: 'left', isCode: true },
                { title: 'what', align: 'left' },
                { title: say('Redis'), align: 'left' },
                { title: say('Postgres'), align: 'left' },
              ],
              rows: shown.map((difference) => differenceRow(difference, say)),
            },
          ],
  }
}

function differenceRow(difference: Difference, say: (text: string) => string) {
  const { threadId, checkpointNs, checkpointId, source, target, kind, note } = difference
  const ns = checkpointNs === undefined ? [] : [checkpointNs === '' ? 'root' : checkpointNs]
  const where = [threadId, ...ns, ...(checkpointId === undefined ? [] : [checkpointId])]
  const sideText = (side: typeof source): string =>
    side === undefined ? '' : side.value === undefined ? side.is : `${side.is}: ${side.value}`
  const what = note === undefined ? titleOf(difference, say) : `${titleOf(difference, say)}: ${note}`
  return [
    cell(shortText(where.join(' · '))),
    cell(shortText(what)),
    cell(shortText(sideText(source))),
    cell(shortText(target === undefined && kind === 'missing' ? 'nothing' : sideText(target))),
  ]
}

function noteSection(report: VerifyReport): Section {
  const { notes, threads } = report
  const named = THREAD_STATES.flatMap((state) => (notes[state] ?? []).map((note) => ({ state, note })))
  const unnamed = threads.compared - threads.equal - threads.differs - named.length
  return {
    id: 'others',
    title: 'Threads in other states',
    lead: unnamed > 0 && named.length > 0 ? `Examples; ${formatCount(unnamed)} more are counted above.` : '',
    blocks:
      named.length === 0
        ? []
        : [
            {
              kind: 'table',
              caption: 'What there is on either side',
              columns: [
                { title: 'thread', align: 'left', isCode: true },
                { title: 'state', align: 'left' },
                { title: 'checkpoints and writes', align: 'left' },
              ],
              rows: named.map(({ state, note }) => [
                cell(shortText(note.threadId)),
                cell(state),
                cell(sayFor(report)(noteText(note))),
              ]),
            },
          ],
  }
}
