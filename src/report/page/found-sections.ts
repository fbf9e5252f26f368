/** What `detect` says of a database, as sections of a page: layouts with their evidence, the server, what stays in Redis. */
import type {
  DetectFindings,
  Estimate,
  KeyGroup,
  LayoutVerdict,
  ServerFacts,
} from '../../model/detect-findings.js'
import { printableText } from '../../model/printable.js'
import type { LayoutShare } from '../../model/report.js'
import { formatBytes, formatCount, formatCounted } from '../format.js'
import { shortText } from '../short-text.js'
import type { Say } from '../way-back.js'
import { type Block, cell, type Section, shareOf } from './page.js'

const estimateText = ({ count, exact }: Estimate): string => `${exact ? '' : '~'}${formatCount(count)}`

const LAYOUT_COLUMNS = [
  { title: 'layout', align: 'left' },
  { title: 'threads', align: 'right' },
  { title: 'keys', align: 'right' },
] as const

/** From names and samples. */
export function foundSection(found: DetectFindings, say: Say): Section {
  const { layouts, server } = found
  const most = Math.max(...layouts.map(({ keys }) => keys.count), 1)
  const blocks: Block[] = []
  if (layouts.length > 0) {
    blocks.push({
      kind: 'table',
      caption: 'Layouts: which savers wrote the keys',
      columns: [
        ...LAYOUT_COLUMNS,
        { title: 'memory', align: 'right' },
        { title: 'certainty', align: 'left' },
      ],
      rows: layouts.map(({ title, threads, keys, memoryBytes, certainty }) => [
        cell(title),
        cell(estimateText(threads)),
        cell(estimateText(keys), shareOf(keys.count, most)),
        cell(memoryBytes === null ? '' : formatBytes(memoryBytes)),
        cell(certainty),
      ]),
    })
    blocks.push(...layouts.map(evidenceText))
  }
  return { id: 'layouts', title: say('What is in Redis'), lead: serverText(server), blocks }
}

function evidenceText({ title, evidence, certainty, writtenBy }: LayoutVerdict): Block {
  const [first] = evidence
  const said =
    first === undefined
      ? 'known by the names of its keys alone'
      : `${formatCount(first.count)} of ${formatCounted(first.of, 'sample')}: ${printableText(first.text)}`
  const hedge = certainty === 'sure' ? '' : '; other samples are of no known layout'
  return {
    kind: 'text',
    tone: 'plain',
    text: `${title}: ${said}${first === undefined ? '' : hedge}. Written by ${writtenBy}.`,
  }
}

function serverText({
  name,
  modules,
  usedMemoryBytes,
  maxMemoryBytes,
  maxMemoryPolicy,
}: ServerFacts): string {
  const limit = maxMemoryBytes === 0 ? '' : ` of ${formatBytes(maxMemoryBytes)}`
  const policy = maxMemoryPolicy === '' ? '' : `, ${maxMemoryPolicy}`
  const memory = `${formatBytes(usedMemoryBytes)}${limit} used${policy}`
  return [name, ...modules, memory].map(shortText).join(' · ')
}

/** From the values that were read. */
export function layoutTable(layouts: readonly LayoutShare[]): Block[] {
  if (layouts.length === 0) return []
  const most = Math.max(...layouts.map(({ bytes }) => bytes))
  return [
    {
      kind: 'table',
      caption: 'Layouts of the threads that were read',
      columns: [...LAYOUT_COLUMNS, { title: 'size', align: 'right' }],
      rows: [...layouts]
        .sort((a, b) => b.bytes - a.bytes)
        .map(({ title, threads, keys, bytes }) => [
          cell(title),
          cell(formatCount(threads)),
          cell(formatCount(keys)),
          cell(formatBytes(bytes), shareOf(bytes, most)),
        ]),
    },
  ]
}

interface Staying {
  readonly storeItems: number
  readonly index: number
  readonly foreign: number
  readonly unknown: number
}

/** Keys that are not moved, and why. */
export function stayingSection(keys: Staying, groups: readonly KeyGroup[], say: Say): Section {
  const rows = [
    [
      'store items',
      keys.storeItems,
      'Long-term memory (BaseStore) is no part of checkpoints: it stays where it is unless --include store moves it.',
    ],
    ['index and pointer keys', keys.index, 'Not needed in Postgres; a purge deletes them with their thread.'],
    ['keys of no known layout', keys.unknown, 'Named like checkpoints, and of no layout: left alone.'],
    ['keys of other applications', keys.foreign, 'Never touched.'],
  ] as const
  const shown = rows.filter(([, count]) => count > 0)
  const blocks: Block[] = []
  if (shown.length > 0) {
    blocks.push({
      kind: 'table',
      caption: say('Keys that stay in Redis'),
      columns: [
        { title: 'what', align: 'left' },
        { title: 'keys', align: 'right' },
        { title: 'why', align: 'left' },
      ],
      rows: shown.map(([what, count, why]) => [cell(what), cell(formatCount(count)), cell(why)]),
    })
  }
  const named = groups.slice(0, 20)
  if (named.length > 0) {
    blocks.push({
      kind: 'table',
      caption: 'How these keys begin',
      columns: [
        { title: 'beginning', align: 'left', isCode: true },
        { title: 'keys', align: 'right' },
        { title: 'an example', align: 'left', isCode: true },
      ],
      rows: named.map(({ prefix, keys, samples }) => [
        cell(prefix === '' ? '(any)' : shortText(prefix)),
        cell(formatCount(keys)),
        cell(shortText(samples[0]?.key ?? '')),
      ]),
    })
  }
  return { id: 'staying', title: say('What stays in Redis'), lead: '', blocks }
}
