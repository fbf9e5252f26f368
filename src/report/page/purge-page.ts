/** The page of a purge or its plan. */
import { PURGE_LEFT, type PurgeLeft, type PurgeReport, purgeExitCodeOf } from '../../model/purge-report.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from '../format.js'
import { LISTED_WHY, nextAfterPurge, type PurgeRenderOptions, purgeVerdict } from '../purge-text.js'
import { shortText } from '../short-text.js'
import { storePurged } from '../store-text.js'
import { endsOf } from './ends.js'
import { cell, type Figure, type Page, type Section, sectionsOf, shareOf } from './page.js'
import { storeSection } from './store-section.js'

export function purgePage(report: PurgeReport, again: PurgeRenderOptions['again']): Page {
  const exit = purgeExitCodeOf(report)
  const verdict = purgeVerdict(report)
  const command = nextAfterPurge(report, { again })
  return {
    title: report.planOnly ? 'Plan of a purge' : 'Purge of Redis',
    tone: report.stoppedBy ? 'bad' : exit === 0 ? 'good' : 'warn',
    verdict: `${verdict[0]!.toUpperCase()}${verdict.slice(1)}.${report.planOnly ? ' Nothing is deleted without --yes.' : ''}`,
    exitCode: exit,
    ends: endsOf(report.source, report.target),
    startedAt: report.startedAt,
    figures: figuresOf(report),
    sections: sectionsOf([
      storeSection(storePurged(report)),
      leftSection(report),
      namedSection(report),
      listedSection(report),
      missingSection(report),
    ]),
    next: command === null ? null : { command, why: '' },
  }
}

function figuresOf({ planOnly, keys, threads, bytes, seconds, archived, archive }: PurgeReport): Figure[] {
  return [
    {
      label: planOnly ? 'keys that would go' : 'keys deleted',
      value: formatCount(keys.deleted),
      note: keys.kept > 0 ? `${formatCount(keys.kept)} of these threads stay` : '',
    },
    {
      label: planOnly ? 'memory to free' : 'memory freed',
      value: formatBytes(bytes),
      note: 'as the server measures it',
    },
    {
      label: 'threads',
      value: formatCount(threads.purged),
      note: `of ${formatCount(threads.selected)} looked at`,
    },
    { label: 'left alone', value: formatCount(threads.left), note: `in ${formatDuration(seconds)}` },
    ...(archive === null
      ? []
      : [
          {
            label: planOnly ? 'archive' : 'keys archived',
            value: planOnly ? 'yes' : formatCount(archived),
            note: archive,
          },
        ]),
  ]
}

function leftSection({ lefts, threads }: PurgeReport): Section {
  const reasons = (Object.keys(PURGE_LEFT) as PurgeLeft[]).filter((reason) => lefts[reason])
  return {
    id: 'left',
    title: 'Left alone',
    lead: reasons.length === 0 ? '' : `${formatCounted(threads.left, 'thread')}, each for one reason.`,
    blocks:
      reasons.length === 0
        ? []
        : [
            {
              kind: 'table',
              caption: 'Why keys stay in Redis',
              columns: [
                { title: 'threads', align: 'right' },
                { title: 'why', align: 'left' },
                { title: 'what to do', align: 'left' },
              ],
              rows: reasons.map((reason) => [
                cell(formatCount(lefts[reason] ?? 0), shareOf(lefts[reason] ?? 0, threads.left)),
                cell(PURGE_LEFT[reason].title),
                cell(PURGE_LEFT[reason].remedy),
              ]),
            },
          ],
  }
}

const NAMED = 100

function namedSection({ left }: PurgeReport): Section {
  return {
    id: 'threads',
    title: 'Threads left alone',
    lead: '',
    blocks:
      left.length === 0
        ? []
        : [
            {
              kind: 'table',
              caption: left.length > NAMED ? `The first ${NAMED}` : 'By name',
              columns: [
                { title: 'thread', align: 'left', isCode: true },
                { title: 'why', align: 'left' },
                { title: 'detail', align: 'left' },
              ],
              rows: left
                .slice(0, NAMED)
                .map(({ threadId, reason, detail }) => [
                  cell(shortText(threadId)),
                  cell(reason),
                  cell(shortText(detail)),
                ]),
            },
          ],
  }
}

const listedSection = ({ listed }: PurgeReport): Section => ({
  id: 'listed',
  title: 'Only because a flag of its own was given',
  lead: '',
  blocks:
    listed.length === 0
      ? []
      : [
          {
            kind: 'table',
            caption: 'Threads and their keys',
            columns: [
              { title: 'thread', align: 'left', isCode: true },
              { title: 'keys', align: 'right' },
              { title: 'what they are', align: 'left' },
            ],
            rows: listed
              .slice(0, NAMED)
              .map(({ threadId, keys, why }) => [
                cell(shortText(threadId)),
                cell(formatCount(keys)),
                cell(LISTED_WHY[why]),
              ]),
          },
        ],
})

const missingSection = ({ threads }: PurgeReport): Section => ({
  id: 'missing',
  title: 'Named and not found',
  lead: '',
  blocks: threads.notFound.map((threadId) => ({ kind: 'text', tone: 'warn', text: shortText(threadId) })),
})
