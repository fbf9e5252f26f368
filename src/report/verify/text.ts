/** A verification for a terminal: what was compared, every difference with both sides, threads in other states, the verdict, the next command. */
import { printableText } from '../../model/printable.js'
import {
  type Difference,
  type DifferentSide,
  type Explained,
  exitCodeOfVerify,
  THREAD_STATES,
  type ThreadNote,
  type ThreadState,
  type VerifyReport,
} from '../../model/verify-report.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from '../format.js'
import type { FlagsAgain } from '../next.js'
import { nextLines, sectionsText } from '../sections.js'
import { storeComparison } from '../store-text.js'
import type { Style } from '../style.js'
import { sayFor } from '../way-back.js'
import { wrapText } from '../wrap.js'
import { nextAfterVerify, verifyVerdict } from './verdict.js'

interface TextOptions {
  readonly columns: number
  readonly style: Style
  readonly again: FlagsAgain
}

/** Differences and threads of one state that are named; `--json` has more. */
const SHOWN_DIFFERENCES = 20
const SHOWN_THREADS = 5

export function verifyText(report: VerifyReport, options: TextOptions): string {
  const sections = [
    comparedLines(report, options),
    differenceLines(report, options),
    storeComparison(report, options.columns),
    stateLines(report, options),
    noticeLines(report, options),
    [...verdictLines(report, options), ...nextLines(nextAfterVerify(report, options.again), options)],
  ]
  return sectionsText(sections)
}

function comparedLines(
  { threads, compared, bytes, seconds }: VerifyReport,
  { columns }: TextOptions,
): string[] {
  if (threads.compared === 0) return []
  const counts = [
    formatCounted(threads.compared, 'thread'),
    formatCounted(compared.checkpoints, 'checkpoint'),
    ...(compared.writes > 0 ? [formatCounted(compared.writes, 'write')] : []),
    formatCounted(compared.values, 'value'),
  ]
  const sizes = bytes.source + bytes.target > 0 ? `, ${formatBytes(bytes.source + bytes.target)}` : ''
  const text = `compared ${counts.join(' · ')}${sizes} in ${formatDuration(seconds)}`
  return wrapText(text, columns, { first: '  ', hanging: '    ' })
}

interface SayingOptions extends TextOptions {
  say(text: string): string
}

function differenceLines(report: VerifyReport, options: TextOptions): string[] {
  const { differences, differenceCount } = report
  if (differenceCount === 0) return []
  const say = sayFor(report)
  const shown = differences.slice(0, SHOWN_DIFFERENCES)
  const hidden = differenceCount - shown.length
  return [
    ...shown.flatMap((difference) => oneDifference(difference, { ...options, say })),
    ...(hidden > 0 ? [options.style.faint(`  … and ${formatCount(hidden)} more (--json)`)] : []),
  ]
}

function oneDifference(difference: Difference, { columns, style, say }: SayingOptions): string[] {
  const { kind, threadId, checkpointNs, checkpointId, source, target, note } = difference
  const where = [
    threadId,
    ...(checkpointNs === undefined ? [] : [checkpointNs === '' ? 'root' : checkpointNs]),
    ...(checkpointId === undefined ? [] : [checkpointId]),
  ]
  const place = where.map(printableText).join(' · ')
  const title = titleOf(difference, say)
  const isShort = place.length + title.length + 4 <= columns
  return [
    ...(isShort
      ? [`  ${style.bad(place)}  ${title}`]
      : [`  ${style.bad(place)}`, ...wrapText(title, columns, { first: '    ' })]),
    ...sideLines(say('Redis').padEnd('Postgres'.length), source, columns),
    ...sideLines(
      say('Postgres').padEnd('Postgres'.length),
      target ?? (kind === 'missing' ? NOTHING : undefined),
      columns,
    ),
    ...(note === undefined ? [] : wrapText(printableText(note), columns, { first: '      ' })),
  ]
}

const NOTHING: DifferentSide = { is: 'nothing' }

function sideLines(name: string, side: DifferentSide | undefined, columns: number): string[] {
  if (side === undefined) return []
  const text = side.value === undefined ? side.is : `${side.is}: ${side.value}`
  return wrapText(printableText(text), columns, {
    first: `      ${name}  `,
    hanging: ' '.repeat(8 + name.length),
  })
}

const PARTS: Readonly<Record<Difference['part'], string>> = {
  thread: 'thread',
  checkpoint: 'checkpoint',
  parent: 'parent',
  field: 'field',
  version: 'version of channel',
  'versions-seen': 'versions seen by',
  metadata: 'metadata',
  channel: 'channel',
  write: 'write',
  'write-order': 'order of writes',
  blob: 'blob of channel',
  rows: 'rows',
  pointer: 'pointer to the newest checkpoint',
  registry: 'list of writes',
}
const KINDS: Readonly<Record<Difference['kind'], string>> = {
  missing: 'missing in Postgres',
  extra: 'only in Postgres',
  differs: 'differs',
}

/** `channel "cart" missing in Postgres` */
export function titleOf({ kind, part, name }: Difference, say: (text: string) => string): string {
  const named = name === undefined ? '' : ` "${printableText(name)}"`
  return `${PARTS[part]}${named} ${say(KINDS[kind])}`
}

export const STATE_TITLES: Readonly<Partial<Record<ThreadState, string>>> = {
  behind: 'behind: Redis has more than was migrated',
  rejected: 'not migrated: what Redis holds of them was rejected',
  partial: 'partly migrated: the rest was rejected and stays in Redis; what was migrated is equal',
  deleted: 'with rows deleted in Postgres since; the others are equal',
  ahead: 'ahead: the application went on in Postgres; what was migrated is equal',
  expired: 'expired in Redis, wholly or in part; the rows are as they were written',
}

const COUNTED: readonly (readonly [keyof Explained, string])[] = [
  ['behind', 'newer in Redis'],
  ['leftOut', 'left in Redis'],
  ['deleted', 'deleted in Postgres'],
  ['ahead', 'newer in Postgres'],
  ['expired', 'expired'],
  ['history', 'older in Postgres'],
  ['skipped', 'left in Redis as a run was told'],
]

function stateLines(report: VerifyReport, { columns, style }: TextOptions): string[] {
  const { threads, notes } = report
  const say = sayFor(report)
  return THREAD_STATES.flatMap((state) => {
    const title = STATE_TITLES[state]
    const count = threads[state]
    if (title === undefined || count === 0) return []
    const named = (notes[state] ?? []).slice(0, SHOWN_THREADS)
    return [
      ...wrapText(`${formatCounted(count, 'thread')} ${say(title)}`, columns, {
        first: '  ',
        hanging: '    ',
      }),
      ...named.map((note) => style.faint(`      ${printableText(note.threadId)}  ${say(noteText(note))}`)),
      ...(count > named.length ? [style.faint(`      … and ${formatCount(count - named.length)} more`)] : []),
    ]
  })
}

/** What there is of a thread on either side. */
export const noteText = (note: ThreadNote): string =>
  COUNTED.filter(([kind]) => note[kind] > 0)
    .map(([kind, words]) => `${formatCount(note[kind])} ${words}`)
    .join(', ')

/** What a reader should know beside the states. */
export function verifyNotices(report: VerifyReport): string[] {
  const { threads, sample, verificationId } = report
  const { notFound, onlyInTarget, onlyInLedger } = threads
  const notices: string[] = []
  if (notFound.length > 0) {
    const shown = notFound.slice(0, SHOWN_THREADS).map(printableText).join(', ')
    const more = notFound.length > SHOWN_THREADS ? ', …' : ''
    notices.push(`${formatCounted(notFound.length, 'named thread')} not found: ${shown}${more}`)
  }
  if (sample !== null)
    notices.push(`A sample: --seed ${printableText(sample.seed)} chooses the same threads again.`)
  if (onlyInLedger > 0) {
    const subject = `${formatCounted(onlyInLedger, 'thread')} ${onlyInLedger === 1 ? 'is' : 'are'}`
    const where = sayFor(report)('no longer in Redis')
    notices.push(`${subject} ${where}: compared with what the ledger recorded.`)
  }
  if (onlyInTarget !== null && onlyInTarget > 0) {
    const verb = onlyInTarget === 1 ? 'is' : 'are'
    const say = sayFor(report)
    notices.push(
      `${formatCounted(onlyInTarget, 'thread')} ${say(`in Postgres ${verb} not from this Redis; not compared.`)}`,
    )
  }
  if (report.otherForms !== undefined) {
    const { threads: count, places } = report.otherForms
    const where = `${formatCounted(places, 'place')} of ${formatCounted(count, 'thread')}`
    notices.push(`Redis gives back ${where} in another form, as migrate has told; they count as equal.`)
  }
  if (verificationId === null) {
    notices.push(
      'There is no ledger: nothing was recorded, and what expired or changed since cannot be told apart.',
    )
  }
  return notices
}

function noticeLines(report: VerifyReport, { columns, style }: TextOptions): string[] {
  return verifyNotices(report).flatMap((notice) =>
    wrapText(notice, columns, { first: '  ! ', hanging: '    ' }).map(style.warn),
  )
}

function verdictLines(report: VerifyReport, { columns, style }: TextOptions): string[] {
  const { mark, text } = verifyVerdict(report)
  const exit = exitCodeOfVerify(report)
  const [first = '', ...rest] = wrapText(text, columns, { first: `${mark} `, hanging: '  ' })
  return [
    `${(mark === '✓' ? style.good : style.bad)(mark)}${first.slice(1)}`,
    ...rest,
    ...(exit === 0 || report.stoppedBy ? [] : [`  exit code ${exit}`]),
  ]
}
