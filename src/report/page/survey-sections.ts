/** Sizes, growth and expiry of the threads that were seen, as sections of a page. */
import type { Expiry, Growth, LargeThread, SizeClass, Survey } from '../../model/survey.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from '../format.js'
import { shortText } from '../short-text.js'
import type { Say } from '../way-back.js'
import { type Block, cell, type Section, shareOf } from './page.js'

export function surveySections(survey: Survey, say: Say): Section[] {
  return [sizeSection(survey, say), growthSection(survey.growth, say), expirySection(survey.expiry, say)]
}

function sizeSection({ sizes, largest, threads }: Survey, say: Say): Section {
  const blocks: Block[] = threads === 0 ? [] : [sizeTable(sizes, say), largestTable(largest)]
  const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0)
  const top = largest.reduce((sum, thread) => sum + thread.bytes, 0)
  const lead =
    threads > largest.length && bytes > 0
      ? `The ${formatCounted(largest.length, 'largest thread', 'largest threads')} hold ${percent(top / bytes)} of all bytes.`
      : ''
  return { id: 'sizes', title: 'Sizes', lead, blocks }
}

const percent = (share: number): string =>
  share > 0 && share < 0.01 ? 'less than 1 %' : `${Math.round(share * 100)} %`

/** Without the empty classes at both ends. */
function sizeTable(sizes: readonly SizeClass[], say: Say): Block {
  const from = sizes.findIndex(({ threads }) => threads > 0)
  const to = sizes.findLastIndex(({ threads }) => threads > 0)
  const shown = sizes.slice(from, to + 1)
  const most = Math.max(...shown.map(({ threads }) => threads))
  return {
    kind: 'table',
    caption: say('Threads by the size of their values in Redis'),
    columns: [
      { title: 'size', align: 'left' },
      { title: 'threads', align: 'right' },
      { title: 'together', align: 'right' },
    ],
    rows: shown.map((size) => [
      cell(sizeName(size, sizes)),
      cell(formatCount(size.threads), shareOf(size.threads, most)),
      cell(formatBytes(size.bytes)),
    ]),
  }
}

function sizeName({ upToBytes }: SizeClass, sizes: readonly SizeClass[]): string {
  if (upToBytes !== null) return `up to ${wholeUnits(upToBytes)}`
  return `over ${wholeUnits(sizes.at(-2)?.upToBytes ?? 0)}`
}

/** `16 KiB` */
const wholeUnits = (bytes: number): string => formatBytes(bytes).replace('.0 ', ' ')

function largestTable(largest: readonly LargeThread[]): Block {
  const most = largest[0]?.bytes ?? 0
  return {
    kind: 'table',
    caption: largest.length === 1 ? 'The largest thread' : `The ${largest.length} largest threads`,
    columns: [
      { title: 'thread', align: 'left', isCode: true },
      { title: 'size', align: 'right' },
      { title: 'keys', align: 'right' },
      { title: 'checkpoints', align: 'right' },
      { title: 'last written', align: 'right' },
    ],
    rows: largest.map(({ threadId, bytes, keys, checkpoints, lastDay }) => [
      cell(shortText(threadId)),
      cell(formatBytes(bytes), shareOf(bytes, most)),
      cell(formatCount(keys)),
      cell(formatCount(checkpoints)),
      cell(lastDay ?? 'unknown'),
    ]),
  }
}

export function growthSection({ step, steps, undated }: Growth, say: Say): Section {
  const first = steps[0]
  const blocks: Block[] = []
  if (first !== undefined) {
    const all = steps.reduce((sum, { checkpoints }) => sum + checkpoints, 0)
    const fullest = steps.reduce((most, one) => (one.checkpoints > most.checkpoints ? one : most))
    const end = endOf(steps.at(-1)!.from, step)
    const span = `${formatCounted(all, 'checkpoint')} ${first.from === end ? `on ${end}` : `from ${first.from} to ${end}`}`
    const most = `most in the ${step} from ${fullest.from}: ${formatCount(fullest.checkpoints)}`
    blocks.push({
      kind: 'chart',
      title: `Checkpoints written each ${step}`,
      says:
        steps.length === 1
          ? `${span}.`
          : `${span}; ${step === 'day' ? most.replace('in the day from', 'on') : most}.`,
      unit: 'checkpoints',
      bars: steps.map(({ from, checkpoints }) => ({
        label: from,
        value: checkpoints,
        text: formatCount(checkpoints),
      })),
    })
    if (steps.some(({ bytes }) => bytes > 0)) {
      blocks.push({
        kind: 'chart',
        title: `State added each ${step}`,
        says: `${say('Bytes in Redis')}, a thread's divided evenly over its checkpoints; ${formatBytes(steps.reduce((sum, { bytes }) => sum + bytes, 0))} in all.`,
        unit: 'bytes',
        bars: steps.map(({ from, bytes }) => ({ label: from, value: bytes, text: formatBytes(bytes) })),
      })
    }
    if (steps.some(({ newThreads }) => newThreads > 0)) {
      blocks.push({
        kind: 'chart',
        title: `Threads begun each ${step}`,
        says: `${formatCounted(
          steps.reduce((sum, { newThreads }) => sum + newThreads, 0),
          'thread',
        )}, each counted where its oldest checkpoint is.`,
        unit: 'threads',
        bars: steps.map(({ from, newThreads }) => ({
          label: from,
          value: newThreads,
          text: formatCount(newThreads),
        })),
      })
    }
  }
  if (undated > 0) {
    const text = `${formatCounted(undated, 'checkpoint')} ${undated === 1 ? 'has an id that names' : 'have ids that name'} no time.`
    blocks.push({ kind: 'text', text })
  }
  const lead = first === undefined ? '' : 'When the checkpoints were written, by the time inside their ids.'
  return { id: 'growth', title: 'Growth over time', lead, blocks }
}

const DAY_MS = 24 * 3600 * 1000

/** The last day of a step. */
function endOf(from: string, step: Growth['step']): string {
  if (step === 'day') return from
  const date = new Date(from)
  const end =
    step === 'week'
      ? date.getTime() + 6 * DAY_MS
      : Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - DAY_MS
  return new Date(end).toISOString().slice(0, 10)
}

export function expirySection({ classes, never, longestMs, soonest }: Expiry, say: Say): Section {
  const title = say('What Redis would delete by itself')
  const expiring = classes.reduce((sum, { threads }) => sum + threads, 0)
  if (expiring + never === 0) return { id: 'expiry', title, lead: '', blocks: [] }
  if (expiring === 0) {
    const text = say('No key of any thread has a time to live: Redis deletes nothing by itself.')
    return { id: 'expiry', title, lead: '', blocks: [{ kind: 'text', text }] }
  }
  const most = Math.max(never, ...classes.map(({ threads }) => threads))
  const rows = [
    ...classes.map(
      (one, at) => [className(one.withinMs, classes[at - 1]?.withinMs ?? null), one.threads] as const,
    ),
    ['never', never] as const,
  ]
  const blocks: Block[] = [
    {
      kind: 'table',
      caption: 'Threads by when the first of their keys expires',
      columns: [
        { title: 'expires', align: 'left' },
        { title: 'threads', align: 'right' },
      ],
      rows: rows.map(([name, threads]) => [cell(name), cell(formatCount(threads), shareOf(threads, most))]),
    },
    { kind: 'text', text: retentionText(longestMs) },
  ]
  if (soonest.length > 0) {
    blocks.push({
      kind: 'table',
      caption: 'Retention list: the threads that go first',
      columns: [
        { title: 'thread', align: 'left', isCode: true },
        { title: 'first key expires', align: 'right' },
        { title: 'all gone', align: 'right' },
      ],
      rows: soonest.map(({ threadId, firstAt, lastAt }) => [
        cell(shortText(threadId)),
        cell(minuteOf(firstAt)),
        cell(lastAt === null ? 'never' : minuteOf(lastAt)),
      ]),
    })
    blocks.push({
      kind: 'code',
      caption: 'The whole list, from the ledger once the threads are moved',
      text: RETENTION_SQL,
    })
  }
  return {
    id: 'expiry',
    title,
    lead: `${formatCounted(expiring, 'thread')} of ${formatCount(expiring + never)} expire.`,
    blocks,
  }
}

const RETENTION_SQL =
  'SELECT thread_id, latest_expiry FROM cp_migrate.current_threads\n WHERE latest_expiry IS NOT NULL ORDER BY latest_expiry;'

const retentionText = (longestMs: number | null): string =>
  `In Postgres nothing expires: what is moved stays until somebody deletes it. ${
    longestMs === null
      ? ''
      : `The longest time to live met is ${formatDuration(longestMs / 1000)}; cp-migrate prune --by-redis-ttl, run every night, keeps the retention there is.`
  }`.trim()

function className(withinMs: number | null, beforeMs: number | null): string {
  if (withinMs === null) return `after ${formatDuration((beforeMs ?? 0) / 1000)}`
  return `within ${formatDuration(withinMs / 1000)}`
}

const minuteOf = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`
