/** An inspection for a terminal. Everything that others wrote is escaped before it is printed. */
import { REASONS } from '../../model/finding.js'
import type { InspectedKey, InspectedThread, InspectReport, Shown } from '../../model/inspect-report.js'
import { printableKey, printableText, shellWord, utf8TextOf } from '../../model/printable.js'
import { ROOT_NS } from '../../model/thread.js'
import { formatBytes, formatCounted, formatDuration } from '../format.js'
import { sectionsText } from '../sections.js'
import { type Style, styleOf } from '../style.js'
import { wrapText } from '../wrap.js'
import { inspectJson } from './json.js'
import { conversationLines, conversationOf } from './messages.js'
import { outlineLines, payloadLines } from './outline.js'
import { timelineLines } from './timeline.js'
import { shownText } from './values.js'

export interface InspectRenderOptions {
  readonly format: 'text' | 'json'
  readonly columns: number
  readonly colored: boolean
  readonly raw: boolean
  /** Nothing is left out or cut. */
  readonly full: boolean
  /** The user's own flags for the next command, each with a space before it. */
  readonly again: string
  readonly isInPostgres: boolean
}

export function renderInspect(report: InspectReport, options: InspectRenderOptions): string {
  if (options.format === 'json') return inspectJson(report, options.raw)
  const { key, thread } = report
  const style = styleOf(options.colored)
  const sections = [
    ...(key === null ? [] : keySections(key, options, style)),
    ...(thread === null || options.raw ? [] : threadSections(thread, key !== null, options, style)),
    nextLines(report, options, style),
  ]
  return sectionsText(sections)
}

function keySections(key: InspectedKey, options: InspectRenderOptions, style: Style): string[][] {
  const { claim, recognised, payloads } = key
  const { columns, raw } = options
  const memory = key.memoryBytes === null ? '' : ` · ${formatBytes(key.memoryBytes)} of memory`
  const named =
    claim === null
      ? ['no layout knows a key of this name and TYPE']
      : [
          `by its name ${article(claim.role)} of the ${claim.layout.title}${claim.isAmbiguous ? ', though it can be split in several ways' : ''}`,
          `thread ${printableText(claim.threadId)} · ${nsText(claim.checkpointNs)}${claim.checkpointId === '' ? '' : ` · ${printableText(claim.checkpointId)}`}`,
        ]
  const known =
    recognised === null
      ? claim === null || claim.role === 'index'
        ? []
        : ['by its value of no layout']
      : [`by its value ${recognised.layout.title}: ${printableText(recognised.evidence)}`]
  return [
    [
      `${style.strong(`key ${printableKey(key.key)}`)}   ${key.type}${memory} · ${expiryText(key.pttlMs)}`,
      ...[...named, ...known].flatMap((line) => wrapText(line, columns, { first: '  ', hanging: '    ' })),
    ],
    raw
      ? outlineLines(payloads, style)
      : claim === null || recognised === null
        ? outlineLines(payloads, style)
        : payloadLines(payloads),
  ]
}

const article = (role: string): string => (/^[aeiou]/.test(role) ? `an ${role}` : `a ${role}`)

function threadSections(
  thread: InspectedThread,
  isOfKey: boolean,
  { columns, full }: InspectRenderOptions,
  style: Style,
): string[][] {
  const checkpoints = thread.namespaces.reduce((sum, namespace) => sum + namespace.checkpoints.length, 0)
  const facts = [
    thread.layouts.map(({ title }) => title).join(', '),
    formatCounted(checkpoints, 'checkpoint'),
    formatBytes(thread.bytes),
    expiryText(firstToGo(thread)),
  ].filter((fact) => fact !== '')
  const head = wrapText(`thread ${printableText(thread.threadId)}   ${facts.join(' · ')}`, columns, {
    first: '',
    hanging: '  ',
  })
  return [
    ...(isOfKey ? [] : [head.map((line, at) => (at === 0 ? style.strong(line) : line))]),
    timelineLines(thread, { columns, style, full }),
    ...valueSections(thread, { columns, full }),
    findingLines(thread, columns, style),
  ]
}

/** Of each namespace the checkpoint whose values were asked for; the root's are shown whole, those of others where there are few. */
function valueSections(
  { namespaces }: InspectedThread,
  options: { readonly columns: number; readonly full: boolean },
): string[][] {
  const shown = namespaces.flatMap(({ checkpointNs, checkpoints }) =>
    checkpoints.flatMap(({ values, checkpointId }) =>
      values === null || values.size === 0 ? [] : [{ checkpointNs, checkpointId, values }],
    ),
  )
  const wanted = options.full ? shown : shown.slice(0, MAX_VALUE_SECTIONS)
  return wanted.map(({ checkpointNs, checkpointId, values }) => [
    ...(shown.length === 1 ? [] : [`values of ${nsText(checkpointNs)} · ${printableText(checkpointId)}`]),
    ...[...values].flatMap(([channel, value]) => channelLines(channel, value, options)),
  ])
}

const MAX_VALUE_SECTIONS = 4
const MAX_VALUE = 300

function channelLines(
  channel: string,
  shown: Shown,
  { columns, full }: { readonly columns: number; readonly full: boolean },
): string[] {
  const messages = shown.kind === 'value' ? conversationOf(shown.tree) : undefined
  if (messages !== undefined) return conversationLines(channel, messages, { columns, full })
  const from =
    shown.kind === 'value' && shown.from !== undefined ? `   (from ${printableText(shown.from)})` : ''
  const text = shownText(shown, full ? Number.POSITIVE_INFINITY : MAX_VALUE)
  return wrapText(`${printableText(channel)}  ${text}${from}`, columns, { first: '', hanging: '  ' })
}

function findingLines({ findings }: InspectedThread, columns: number, style: Style): string[] {
  if (findings.length === 0) return []
  return [
    'findings',
    ...findings.flatMap(({ reason, key, detail }) => {
      const { kind, title } = REASONS[reason]
      const about = [
        key === undefined ? '' : printableKey(key),
        detail === undefined ? '' : printableText(detail),
      ]
      const text = [title, ...about.filter((part) => part !== '')].join('   ')
      const color = kind === 'rejected' || kind === 'conflict' ? style.bad : style.faint
      return wrapText(`${kind}: ${text}`, columns, { first: '  ', hanging: '    ' }).map(color)
    }),
  ]
}

function nextLines(
  { key, thread }: InspectReport,
  { again, isInPostgres }: InspectRenderOptions,
  style: Style,
): string[] {
  if (isInPostgres) return [`Next  ${style.strong(`cp-migrate threads --in postgres${again}`)}`]
  if (thread === null || thread.namespaces.length === 0) return []
  const { threadId } = thread
  if (utf8TextOf(Buffer.from(threadId)) === null) return []
  const next =
    key === null
      ? `cp-migrate migrate --dry-run --thread ${shellWord(threadId)}${again}`
      : `cp-migrate inspect ${shellWord(threadId)}${again}`
  return [`Next  ${style.strong(next)}`]
}

const nsText = (checkpointNs: string): string =>
  checkpointNs === ROOT_NS ? 'root' : `namespace ${printableText(checkpointNs)}`

/** The first of its keys to go; −1 where all live for ever. */
function firstToGo({ keys }: InspectedThread): number | null {
  const times = keys.map(({ pttlMs }) => pttlMs).filter((ms) => ms !== null)
  const mortal = times.filter((ms) => ms >= 0)
  return times.length === 0 ? null : mortal.length === 0 ? -1 : mortal.reduce((a, b) => Math.min(a, b))
}

function expiryText(pttlMs: number | null): string {
  if (pttlMs === null) return ''
  return pttlMs < 0 ? 'no expiry' : `expires in ${formatDuration(pttlMs / 1000)}`
}
