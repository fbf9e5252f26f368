/** The page of `detect`: what names and samples tell, before anything is read whole. */
import type { DetectReport } from '../../model/detect-report.js'
import { noticesOf } from '../detect-notices.js'
import { nextAfterDetect, verdictLine } from '../detect-text.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from '../format.js'
import { shortText } from '../short-text.js'
import { sayFor } from '../way-back.js'
import { endsOf } from './ends.js'
import { foundSection, stayingSection } from './found-sections.js'
import { type Block, cell, type Figure, type Page, type Section, sectionsOf } from './page.js'
import { growthSection } from './survey-sections.js'
import { forecastFigure, forecastSection, readerSection } from './target-sections.js'

export function detectPage(report: DetectReport, again: string): Page {
  const command = nextAfterDetect(report, again)
  const say = sayFor({ source: report.source, target: null })
  const found = foundSection(report, say)
  const dialects = new Set(
    report.layouts.filter(({ happens }) => happens !== 'refused').map(({ dialect }) => dialect),
  )
  const sections: Section[] = [
    { ...found, blocks: [...noticeBlocks(report, again), ...found.blocks] },
    growthSection(report.growth, say),
    expiringSection(report),
    forecastSection(report.forecast, null, say),
    ...[...dialects].map((dialect) => readerSection(dialect, null)),
    stayingSection(report.keys, [...report.unknown, ...report.foreign], say),
  ]
  const took = `${formatCounted(report.keys.scanned, 'key')} in ${formatDuration(report.seconds)}`
  return {
    title: say('What is in Redis'),
    tone: report.layouts.length === 0 ? 'warn' : 'good',
    verdict: `${took}: ${verdictLine(report)}.`,
    exitCode: 0,
    ends: endsOf(report.source, null),
    startedAt: report.startedAt,
    figures: figuresOf(report),
    sections: sectionsOf(sections),
    next: command === null ? null : { command, why: 'decodes everything and writes nothing' },
  }
}

function figuresOf({ keys, threads, layouts, expiring, forecast }: DetectReport): Figure[] {
  const known = layouts.map(({ memoryBytes }) => memoryBytes).filter((bytes) => bytes !== null)
  const memory = known.reduce((sum, bytes) => sum + bytes, 0)
  const about = threads.exact ? '' : '≈ '
  return [
    { label: 'threads', value: `${about}${formatCount(threads.count)}`, note: '' },
    {
      label: 'keys of checkpoints',
      value: formatCount(keys.claimed),
      note: `of ${formatCounted(keys.scanned, 'key')} in this database`,
    },
    ...(memory > 0 ? [{ label: 'memory', value: `≈ ${formatBytes(memory)}`, note: 'from samples' }] : []),
    ...(expiring.threads.count > 0
      ? [
          {
            label: `expire within ${formatDuration(expiring.withinMs / 1000)}`,
            value: `${expiring.threads.exact ? '' : '≈ '}${formatCount(expiring.threads.count)}`,
            note: 'threads',
          },
        ]
      : []),
    ...forecastFigure(forecast),
  ]
}

const noticeBlocks = (report: DetectReport, again: string): Block[] =>
  noticesOf(report, again).map(({ text, command }) => ({
    kind: 'text',
    tone: 'warn',
    text: command === undefined ? text : `${text}. ${command}`,
  }))

function expiringSection({ expiring }: DetectReport): Section {
  const title = `Threads that expire within ${formatDuration(expiring.withinMs / 1000)}`
  if (expiring.listed === null || expiring.listed.length === 0)
    return { id: 'expiry', title, lead: '', blocks: [] }
  const rows = expiring.listed.slice(0, 100)
  return {
    id: 'expiry',
    title,
    lead: 'They begin to lose keys before anybody moves them.',
    blocks: [
      {
        kind: 'table',
        caption: 'Soonest first',
        columns: [
          { title: 'thread', align: 'left', isCode: true },
          { title: 'in', align: 'right' },
        ],
        rows: rows.map(({ threadId, expiresInMs }) => [
          cell(shortText(threadId)),
          cell(formatDuration(expiresInMs / 1000)),
        ]),
      },
    ],
  }
}
