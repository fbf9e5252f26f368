/** The namespaces of a thread as a tree, each with its checkpoints as a timeline. */
import type {
  InspectedThread,
  Shown,
  ShownCheckpoint,
  ShownNamespace,
  ShownWrite,
} from '../../model/inspect-report.js'
import { printableText } from '../../model/printable.js'
import { ROOT_NS } from '../../model/thread.js'
import type { Tree } from '../../model/value.js'
import { formatBytes, formatCounted } from '../format.js'
import type { Style } from '../style.js'
import { wrapText } from '../wrap.js'
import { shownText, valueText } from './values.js'

export interface TimelineOptions {
  readonly columns: number
  readonly style: Style
  /** Nothing is left out or cut. */
  readonly full: boolean
}

/** Beyond these the middle is left out. */
const SHOWN = { first: 3, last: 12, namespaces: 20 } as const

export function timelineLines({ namespaces }: InspectedThread, options: TimelineOptions): string[] {
  const shown = options.full ? namespaces : namespaces.slice(0, SHOWN.namespaces)
  const hidden = namespaces.length - shown.length
  return [
    ...shown.flatMap((namespace, at) => [...(at > 0 ? [''] : []), ...namespaceLines(namespace, options)]),
    ...(hidden === 0
      ? []
      : ['', options.style.faint(`… ${formatCounted(hidden, 'more namespace')} (--full)`)]),
  ]
}

function namespaceLines(
  { checkpointNs, checkpoints, orphanWrites }: ShownNamespace,
  options: TimelineOptions,
): string[] {
  const { full, style } = options
  const depth = checkpointNs === ROOT_NS ? 0 : checkpointNs.split('|').length
  const name = checkpointNs === ROOT_NS ? 'root' : `└ ${printableText(checkpointNs)}`
  const indent = '  '.repeat(depth)
  const count = checkpoints.length
  const isCut = !full && count > SHOWN.first + SHOWN.last + 1
  const first = isCut ? checkpoints.slice(0, SHOWN.first) : checkpoints
  const last = isCut ? checkpoints.slice(-SHOWN.last) : []
  const parents = new Set(checkpoints.map(({ parentCheckpointId }) => parentCheckpointId))
  const lines = (some: readonly ShownCheckpoint[]) =>
    some.flatMap((checkpoint) =>
      checkpointLines(checkpoint, { indent, isApplied: parents.has(checkpoint.checkpointId) }, options),
    )
  return [
    `${indent}${style.strong(name)}   ${formatCounted(count, 'checkpoint')}`,
    ...lines(first),
    ...(isCut ? [style.faint(`${indent}      … ${count - SHOWN.first - SHOWN.last} more (--full)`)] : []),
    ...lines(last),
    ...(orphanWrites.length === 0
      ? []
      : [
          style.warn(
            `${indent}  ${formatCounted(orphanWrites.length, 'write')} of checkpoints that are not there`,
          ),
        ]),
  ]
}

interface Place {
  readonly indent: string
  /** It has a child, so that its writes were taken up. */
  readonly isApplied: boolean
}

function checkpointLines(
  checkpoint: ShownCheckpoint,
  { indent, isApplied }: Place,
  options: TimelineOptions,
): string[] {
  const { step, source, checkpointId, time, sizeBytes, next } = checkpoint
  const facts = [
    `${indent}${(step === null ? '?' : String(step)).padStart(4)} ${printableText(source ?? '').padEnd(6)}`,
    printableText(checkpointId),
    time === null ? '' : time.slice(0, 19).replace('T', ' '),
    sizeBytes === null ? '' : formatBytes(sizeBytes),
    ...(next.length === 0 ? [] : [`→ ${next.map(printableText).join(', ')}`]),
  ].filter((fact) => fact !== '')
  return [
    facts.join('  '),
    ...writeLines(checkpoint, { indent: `${indent}            `, isApplied }, options),
  ]
}

/** Interrupts by what they ask; other pending writes by their channels. */
function writeLines(
  { writes }: ShownCheckpoint,
  { indent, isApplied }: Place,
  { columns, style, full }: TimelineOptions,
): string[] {
  const asked = writes.filter(({ channel }) => channel === '__interrupt__')
  const failed = writes.filter(({ channel }) => channel === '__error__')
  const others = writes.filter((write) => !asked.includes(write) && !failed.includes(write))
  const max = full ? Number.POSITIVE_INFINITY : 200
  const wrapped = (text: string) => wrapText(text, columns, { first: indent, hanging: `${indent}  ` })
  const answered = new Set(
    others.filter(({ channel }) => channel === '__resume__').map(({ taskId }) => taskId),
  )
  return [
    ...asked.flatMap(({ value, taskId }) =>
      interruptTexts(value, max).flatMap((text) =>
        wrapped(`${isApplied || answered.has(taskId) ? 'was asked' : 'waits at an interrupt'}: ${text}`).map(
          style.warn,
        ),
      ),
    ),
    ...failed.flatMap(({ value }) => wrapped(`failed: ${shownText(value, max)}`).map(style.bad)),
    ...(others.length === 0
      ? []
      : wrapped(`${isApplied ? 'wrote' : 'pending writes'}: ${channelsOf(others)}`).map(style.faint)),
    ...(full ? others.flatMap((write) => wrapped(`  ${writeText(write)}`)) : []),
  ]
}

const channelsOf = (writes: readonly ShownWrite[]): string =>
  [...new Set(writes.map(({ channel }) => channel))].map(printableText).join(', ')

const writeText = ({ channel, taskId, idx, value }: ShownWrite): string =>
  `${printableText(channel)} = ${shownText(value, Number.POSITIVE_INFINITY)}   (task ${printableText(taskId)}, ${idx})`

/** The values of Interrupts: one write may hold several. */
function interruptTexts(shown: Shown, max: number): string[] {
  if (shown.kind !== 'value') return [shownText(shown, max)]
  return valuesOfInterrupts(shown.tree).map((tree) => valueText(tree, max))
}

function valuesOfInterrupts(tree: Tree): Tree[] {
  if (tree.kind === 'list' || tree.kind === 'tuple') return tree.items.flatMap(valuesOfInterrupts)
  const fields = tree.kind === 'object' ? tree.body : tree
  if (fields.kind !== 'map') return [tree]
  const value = fields.entries.find(([key]) => key.kind === 'text' && key.utf8.toString() === 'value')
  return [value?.[1] ?? tree]
}
