/** What a detect report asks its reader to look at, each with the command that shows more. */
import type { DetectFindings, Estimate, NamedKey } from '../model/detect-findings.js'
import type { DetectReport } from '../model/detect-report.js'
import { printableText, shellWord } from '../model/printable.js'
import { formatCount, formatCounted, formatDuration } from './format.js'
import { databaseHint, snapshotNotices } from './snapshot-notices.js'
import type { Style } from './style.js'
import { wrapText } from './wrap.js'

interface Notice {
  readonly text: string
  readonly command?: string
}

export function detectNotices(
  found: DetectReport,
  { columns, style, again }: { readonly columns: number; readonly style: Style; readonly again: string },
): string[] {
  return noticesOf(found, again).flatMap(({ text, command }) => {
    const lines = wrapText(printableText(text), columns, { first: '  ! ', hanging: '    ' })
    const last = lines.at(-1)!
    const fits = command !== undefined && last.length + command.length + 3 <= columns
    const colored = lines.map(style.warn)
    if (command === undefined) return colored
    return fits
      ? [...colored.slice(0, -1), `${style.warn(last)}   ${command}`]
      : [...colored, `      ${command}`]
  })
}

/** What is said, without any form. */
export function noticesOf(found: DetectReport, again: string): Notice[] {
  return [
    ...snapshotNotices(found.source).map((text) => ({ text })),
    ...emptyNotices(found),
    ...dialectNotices(found),
    ...refusedNotices(found),
    ...unknownNotices(found, again),
    ...orphanNotices(found),
    ...expiringNotices(found, again),
    ...found.otherDatabases.map(({ db, keys }) => ({
      text: `Logical database ${db} of this server seems to hold checkpoints too (about ${formatCounted(keys, 'key')}). ${databaseHint(found.source, db)}`,
    })),
  ]
}

function emptyNotices({ layouts, keys }: DetectFindings): Notice[] {
  if (layouts.length > 0) return []
  if (keys.scanned === 0) return [{ text: 'This logical database is empty.' }]
  return [
    {
      text: 'A saver with its own key prefixes needs --checkpoint-prefix and --checkpoint-write-prefix; a saver of your own needs --layout-file.',
    },
  ]
}

function dialectNotices({ layouts }: DetectFindings): Notice[] {
  if (!layouts.some(({ happens }) => happens === 'own-schema')) return []
  return [
    {
      text: 'Threads of the Python and of the JavaScript runtime cannot share a schema: migrate twice, with --dialect python and with --dialect js --schema ANOTHER.',
    },
  ]
}

function refusedNotices({ layouts }: DetectFindings): Notice[] {
  return layouts
    .filter(({ happens }) => happens === 'refused')
    .map(({ threads, evidence }) => ({
      text: `${formatCounted(threads.count, 'thread')} of ${evidence.map(({ text }) => text).join(', ') || 'another runtime'}: not LangGraph's own format, so no official saver could read them; they stay in Redis`,
    }))
}

function unknownNotices({ keys, unknown, unreadable }: DetectFindings, again: string): Notice[] {
  const notices: Notice[] = []
  const sample = unknown[0]?.samples[0]
  if (keys.unknown > 0) {
    const where = [...new Set(unknown.map(({ prefix }) => prefix).filter((prefix) => prefix !== ''))]
    const under = where.length === 0 ? '' : ` under ${where.map((prefix) => `${prefix}*`).join(', ')}`
    notices.push({
      text: `${formatCounted(keys.unknown, 'key')}${under} match no layout; left alone`,
      ...inspectOf(sample, again),
    })
  }
  if (unreadable.sampled > 0) {
    notices.push({
      text: `${formatCount(unreadable.sampled)} of ${formatCounted(unreadable.of, 'sampled checkpoint')} cannot be read; they would stay in Redis`,
      ...inspectOf(unreadable.samples[0], again),
    })
  }
  return notices
}

const inspectOf = (sample: NamedKey | undefined, again: string): { readonly command?: string } =>
  sample === undefined || sample.base64 !== undefined
    ? {}
    : { command: `cp-migrate inspect ${shellWord(sample.key)}${again}` }

function orphanNotices({ orphans }: DetectFindings): Notice[] {
  const orphanOf = ({ count, exact }: Estimate, noun: string, what: string): Notice[] =>
    count === 0 ? [] : [{ text: `${exact ? '' : 'about '}${formatCounted(count, noun)} ${what}; left alone` }]
  return [
    ...orphanOf(
      orphans.writes,
      'write',
      `without a checkpoint: nothing could resume from ${orphans.writes.count === 1 ? 'it' : 'them'}`,
    ),
    ...orphanOf(
      orphans.pointers,
      'pointer',
      orphans.pointers.count === 1
        ? 'to a checkpoint that does not exist'
        : 'to checkpoints that do not exist',
    ),
    ...orphanOf(orphans.stubs, 'stub document', 'without a checkpoint'),
  ]
}

/** Null where no thread is about to go. */
export function expiringText({ expiring: { threads, withinMs } }: DetectFindings): string | null {
  if (threads.count === 0) return null
  const verb = threads.count === 1 ? 'expires' : 'expire'
  return `${threads.exact ? '' : 'about '}${formatCounted(threads.count, 'thread')} ${verb} within ${formatDuration(withinMs / 1000)}`
}

function expiringNotices(found: DetectFindings, again: string): Notice[] {
  const text = found.expiring.listed === null ? expiringText(found) : null
  if (text === null) return []
  return [{ text, command: `cp-migrate detect --expiring${again}` }]
}
