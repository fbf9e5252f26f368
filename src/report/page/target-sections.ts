/** What the target will need, as sections of a page: room and time, readers, the classes that a strict reader must allow. */
import { READERS } from '../../model/readers.js'
import type { Forecast, Survey } from '../../model/survey.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from '../format.js'
import { shortText } from '../short-text.js'
import type { Say } from '../way-back.js'
import { type Block, cell, type Figure, type Section } from './page.js'

export function forecastSection(forecast: Forecast | null, sourceBytes: number | null, say: Say): Section {
  const title = 'What Postgres will need'
  if (forecast === null) return { id: 'forecast', title, lead: '', blocks: [] }
  const { basis, postgresBytes, lz4Bytes, ledgerBytes, seconds } = forecast
  const isMeasured = basis === 'everything'
  const about = isMeasured ? 'about' : 'at most about'
  const rows = [
    ...(sourceBytes === null ? [] : [[say('values in Redis'), formatBytes(sourceBytes)]]),
    ['tables and indexes', `${about} ${formatBytes(postgresBytes)}`],
    ...(lz4Bytes === null ? [] : [['with lz4 compression', `${about} ${formatBytes(lz4Bytes)}`]]),
    ...(ledgerBytes === null ? [] : [['the ledger beside them', `about ${formatBytes(ledgerBytes)}`]]),
    ...(seconds === null ? [] : [['the run takes', `about ${formatDuration(seconds)}`]]),
  ]
  return {
    id: 'forecast',
    title,
    lead: isMeasured
      ? 'Everything was decoded and encoded; how well values compress was measured on samples of them.'
      : 'Worked out from samples: values that repeat in every checkpoint are stored once, so it is usually much less. A rehearsal measures it.',
    blocks: [
      {
        kind: 'table',
        caption: 'Forecast',
        columns: [
          { title: 'what', align: 'left' },
          { title: 'forecast', align: 'right' },
        ],
        rows: rows.map(([what = '', amount = '']) => [cell(what), cell(amount)]),
      },
    ],
  }
}

export function forecastFigure(forecast: Forecast | null): Figure[] {
  if (forecast === null) return []
  const { basis, postgresBytes, seconds } = forecast
  const about = basis === 'everything' ? '≈' : '≤'
  const note = seconds === null ? '' : `the run takes about ${formatDuration(seconds)}`
  return [{ label: 'in Postgres', value: `${about} ${formatBytes(postgresBytes)}`, note }]
}

export function readerSection(
  dialect: 'python' | 'js' | null,
  survey: Pick<Survey, 'classes' | 'moreClasses'> | null,
): Section {
  const title = 'What the application needs'
  if (dialect === null) return { id: 'readers', title, lead: '', blocks: [] }
  const readers = READERS[dialect]
  const blocks: Block[] = [
    {
      kind: 'table',
      caption: 'Versions that read the rows',
      columns: [
        { title: 'package', align: 'left', isCode: true },
        { title: 'needed', align: 'left' },
        { title: 'recommended', align: 'left' },
        { title: 'note', align: 'left' },
      ],
      rows: readers.map(({ name, from, tested, note }) => [
        cell(name),
        cell(`${from} or newer`),
        cell(`${tested} (tested)`),
        cell(note),
      ]),
    },
  ]
  if (dialect === 'python' && survey !== null) blocks.push(...classBlocks(survey))
  return { id: 'readers', title, lead: '', blocks }
}

/** Names longer than any that Python code has, or with other signs, are no classes to paste into code. */
const IS_NAME = /^[\p{ID_Start}_][\p{ID_Continue}.<>]{0,200}$/u
const LISTED = 50

function classBlocks({ classes, moreClasses }: Pick<Survey, 'classes' | 'moreClasses'>): Block[] {
  if (classes.length === 0) {
    return [
      {
        kind: 'text',
        text: 'No classes of the application were found: nothing has to be allowed for strict reading.',
      },
    ]
  }
  const listed = classes.slice(0, LISTED)
  const hidden = classes.length - listed.length + moreClasses
  const pairs = listed
    .filter(({ name }) => IS_NAME.test(name))
    .map(({ name }) => {
      const dot = name.lastIndexOf('.')
      return `    ("${name.slice(0, dot)}", "${name.slice(dot + 1)}"),`
    })
  return [
    {
      kind: 'table',
      caption: 'Classes in the values',
      columns: [
        { title: 'class', align: 'left', isCode: true },
        { title: 'threads', align: 'right' },
      ],
      rows: [
        ...listed.map(({ name, threads }) => [cell(shortText(name)), cell(formatCount(threads))]),
        ...(hidden > 0
          ? [[cell(`… and ${formatCounted(hidden, 'more class', 'more classes')}`), cell('')]]
          : []),
      ],
    },
    {
      kind: 'text',
      text: 'A reader with LANGGRAPH_STRICT_MSGPACK builds only classes that are listed; all others come back as plain dicts. Without it they are imported from the application.',
    },
    {
      kind: 'code',
      caption: 'The allowlist of a strict reader',
      text: `JsonPlusSerializer(allowed_msgpack_modules=[\n${pairs.join('\n')}\n])`,
    },
  ]
}
