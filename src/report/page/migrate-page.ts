/** The page of a migration or its rehearsal. */
import type { BoundChoice } from '../../model/bounds.js'
import { printableText } from '../../model/printable.js'
import { countOfKind, type MigrateReport, type RowCounts } from '../../model/report.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from '../format.js'
import { type FlagsAgain, nextStepOf } from '../next.js'
import { storeLines } from '../store-text.js'
import { noticesOf, threadNote } from '../text.js'
import { verdictOf } from '../verdict.js'
import { isWayBack, sayFor } from '../way-back.js'
import { endsOf } from './ends.js'
import { findingSection } from './finding-section.js'
import { foundSection, layoutTable, stayingSection } from './found-sections.js'
import { type Block, cell, type Figure, type Page, type Section, sectionsOf, type Tone } from './page.js'
import { storeSection } from './store-section.js'
import { surveySections } from './survey-sections.js'
import { forecastFigure, forecastSection, readerSection } from './target-sections.js'

export function migratePage(report: MigrateReport, again: FlagsAgain): Page {
  const { text, exit } = verdictOf(report)
  const { found, survey, source, target, dryRun } = report
  const tone: Tone = report.stoppedBy ? 'bad' : exit === 0 ? 'good' : 'warn'
  const say = sayFor(report)
  const sections: Section[] = [
    layoutSection(report),
    storeSection(storeLines(report)),
    findingSection(report),
    forecastSection(report.forecast, report.bytes.read, say),
    ...(survey === null ? [] : surveySections(survey, say)),
    choiceSection(report),
    ...(isWayBack(target) ? [] : [readerSection(report.dialect, survey)]),
    stayingSection(
      {
        storeItems: report.leftAlone.storeItems,
        foreign: report.leftAlone.foreignKeys - (found?.keys.unknown ?? 0),
        index: found?.keys.index ?? report.leftAlone.indexKeys,
        unknown: found?.keys.unknown ?? 0,
      },
      found === null ? [] : [...found.unknown, ...found.foreign],
      say,
    ),
  ]
  return {
    title: dryRun
      ? 'Rehearsal of a migration'
      : `Migration${report.runId === null ? '' : `, run ${report.runId}`}`,
    tone,
    verdict: `${text[0]!.toUpperCase()}${text.slice(1)}.`,
    exitCode: exit,
    ends: endsOf(source, target),
    startedAt: report.startedAt,
    figures: figuresOf(report),
    sections: sectionsOf(sections),
    next: nextStepOf(report, again),
  }
}

function figuresOf(report: MigrateReport): Figure[] {
  const { threads, checkpoints, writes, blobs, bytes, survey, findings, seconds } = report
  const waiting = survey?.waitsAtInterrupt ?? 0
  const seen = survey?.valuesSeen ?? 0
  const grave = countOfKind(findings, 'rejected') + countOfKind(findings, 'conflict')
  return [
    {
      label: 'threads',
      value: formatCount(threads.selected),
      note: threads.whole === threads.selected ? 'all of them whole' : threadNote(report),
    },
    { label: 'checkpoints', value: formatCount(totalOf(checkpoints)), note: rowNote(checkpoints) },
    {
      label: 'pending writes',
      value: formatCount(totalOf(writes)),
      note:
        waiting > 0
          ? `${formatCounted(waiting, 'thread waits', 'threads wait')} at an interrupt`
          : rowNote(writes),
    },
    ...(isWayBack(report.target)
      ? []
      : [
          {
            label: 'channel values',
            value: formatCount(totalOf(blobs)),
            note:
              seen > totalOf(blobs)
                ? sayFor(report)(`of ${formatCount(seen)} in Redis; the rest are repeats`)
                : rowNote(blobs),
          },
        ]),
    {
      label: sayFor(report)('read from Redis'),
      value: formatBytes(bytes.read),
      note: `in ${formatDuration(seconds)}`,
    },
    ...(report.dryRun
      ? [...memoryFigure(report.redisMemory), ...forecastFigure(report.forecast)]
      : [
          isWayBack(report.target)
            ? { label: 'keys written', value: formatBytes(bytes.written), note: '' }
            : {
                label: 'rows written',
                value: formatBytes(bytes.written),
                note: 'before Postgres compresses them',
              },
        ]),
    ...(grave > 0
      ? [
          {
            label: 'need a decision',
            value: formatCount(grave),
            note: 'findings rejected or in conflict',
            tone: 'bad' as const,
          },
        ]
      : []),
  ]
}

/** Of the way back. */
const memoryFigure = (memory: MigrateReport['redisMemory']): Figure[] =>
  memory === undefined
    ? []
    : [
        {
          label: 'more in Redis',
          value: formatBytes(memory.needed),
          note: `${formatBytes(memory.used)} used${memory.limit === 0 ? '' : ` of ${formatBytes(memory.limit)}`}`,
          ...(memory.limit > 0 && memory.used + memory.needed > memory.limit && { tone: 'bad' as const }),
        },
      ]

const totalOf = ({ inserted, updated, alreadyThere }: RowCounts): number => inserted + updated + alreadyThere

/** Nothing where every row is new. */
const rowNote = ({ inserted, updated, alreadyThere }: RowCounts): string =>
  updated + alreadyThere === 0
    ? ''
    : [[inserted, 'new'] as const, [updated, 'changed'] as const, [alreadyThere, 'there already'] as const]
        .filter(([count]) => count > 0)
        .map(([count, what]) => `${formatCount(count)} ${what}`)
        .join(', ')

function layoutSection(report: MigrateReport): Section {
  const { found, layouts, source } = report
  const server = source.server === undefined ? '' : `${source.server} · `
  const notices: Block[] = noticesOf(report).map((text) => ({ kind: 'text', tone: 'warn', text }))
  if (found === null) {
    const lead = printableText(`${server}${formatCounted(report.keysScanned, 'key')}`)
    return {
      id: 'layouts',
      title: sayFor(report)('What is in Redis'),
      lead,
      blocks: [...notices, ...layoutTable(layouts)],
    }
  }
  const section = foundSection(found, sayFor(report))
  return { ...section, blocks: [...notices, ...section.blocks] }
}

function choiceSection(report: MigrateReport): Section {
  const { choices, bounds } = report
  const say = sayFor(report)
  const title = bounds === null ? 'What could be left out' : 'What was left out on purpose'
  if (bounds !== null) {
    const rows = [
      ['threads without a checkpoint young enough', formatCount(bounds.threadsTooOld)],
      ['threads with a younger checkpoint', formatCount(bounds.threadsTooYoung)],
      ['threads of unknown age', formatCount(bounds.threadsOfUnknownAge)],
      ['threads cut to their newest checkpoints', formatCount(bounds.threadsCut)],
      [say('checkpoints left in Redis'), formatCount(bounds.leftOut.checkpoints)],
      ['size of the rows left out', formatBytes(bounds.leftOut.bytes)],
    ]
    return { id: 'choices', title, lead: '', blocks: [twoColumns('Left out by bounds', rows)] }
  }
  if (choices.length === 0) return { id: 'choices', title, lead: '', blocks: [] }
  return {
    id: 'choices',
    title,
    lead: say('Each flag alone, and what it would leave in Redis.'),
    blocks: [choiceTable(choices)],
  }
}

const choiceTable = (choices: readonly BoundChoice[]): Block => ({
  kind: 'table',
  caption: 'Bounds and what they would leave out',
  columns: [
    { title: 'flag', align: 'left', isCode: true },
    { title: 'threads', align: 'right' },
    { title: 'checkpoints', align: 'right' },
    { title: 'size', align: 'right' },
  ],
  rows: choices.map(({ flag, threads, leftOut }) => [
    cell(flag),
    cell(formatCount(threads)),
    cell(formatCount(leftOut.checkpoints)),
    cell(formatBytes(leftOut.bytes)),
  ]),
})

const twoColumns = (caption: string, rows: readonly (readonly string[])[]): Block => ({
  kind: 'table',
  caption,
  columns: [
    { title: 'what', align: 'left' },
    { title: 'how much', align: 'right' },
  ],
  rows: rows.map((row) => row.map((text) => cell(text))),
})
