/** A doctor's report: a line a verdict with its remedy under it, both ends, and what to do next. */
import type { Check, CheckLevel, DoctorEnd, DoctorReport } from '../model/doctor-report.js'
import type { Form } from './form.js'
import { formatCounted } from './format.js'
import { jsonText } from './json-text.js'
import type { FlagsAgain } from './next.js'
import { sectionsText } from './sections.js'
import { type Style, styleOf } from './style.js'
import { sayFor } from './way-back.js'
import { wrapText } from './wrap.js'

export interface DoctorRenderOptions extends Form {
  /** The user's own flags for the next command, each with a space before it. */
  readonly again: Pick<FlagsAgain, 'target' | 'snapshot'>
}

export function renderDoctor(report: DoctorReport, options: DoctorRenderOptions): string {
  const next = nextOf(report, `${options.again.target}${options.again.snapshot}`)
  switch (options.format) {
    case 'json':
      return jsonText({ ...report, next: next?.command ?? null })
    case 'line':
      return `${verdictOf(report)}\n`
    case 'text':
      return doctorText(report, next, options)
  }
}

function doctorText(
  report: DoctorReport,
  next: Next | null,
  { columns, colored }: DoctorRenderOptions,
): string {
  const style = styleOf(colored)
  const sections = [
    endLines(report.source, columns, style),
    endLines(report.target, columns, style),
    [`${style.strong(verdictOf(report))}${report.exitCode === 0 ? '' : `; exit code ${report.exitCode}`}`],
    next === null ? [] : [`Next  ${style.strong(next.command)}   ${next.why}`],
  ]
  return sectionsText(sections)
}

const MARKS: Readonly<Record<CheckLevel, string>> = { ok: '✓', note: '·', warning: '!', must: '✗' }

function endLines(end: DoctorEnd | null, columns: number, style: Style): string[] {
  if (end === null) return []
  const { note, checks } = end
  return [
    `${style.strong(note.endpoint)} (${note.setBy})`,
    ...checks.flatMap((check) => checkLines(check, columns, style)),
  ]
}

function checkLines({ level, what, remedy }: Check, columns: number, style: Style): string[] {
  const color = { ok: style.good, note: style.faint, warning: style.warn, must: style.bad }[level]
  const lines = wrapText(what, columns, { first: '  @ ', hanging: '    ' })
  const marked = lines.map((line, at) => (at === 0 ? line.replace('@', color(MARKS[level])) : line))
  return remedy === null
    ? marked
    : [...marked, ...wrapText(remedy, columns, { first: '      ' }).map((line) => style.faint(line))]
}

function verdictOf({ source, target }: DoctorReport): string {
  const checks = [source, target].flatMap((end) => end?.checks ?? [])
  const count = (level: CheckLevel) => checks.filter((check) => check.level === level).length
  const [must, warnings] = [count('must'), count('warning')]
  if (must > 0) return `${formatCounted(must, 'thing')} must be mended first`
  return warnings > 0 ? `Ready, with ${formatCounted(warnings, 'warning')}` : 'Ready'
}

interface Next {
  readonly command: string
  readonly why: string
}

function nextOf({ source, target, exitCode }: DoctorReport, flags: string): Next | null {
  const says = (id: string) => target?.checks.some((check) => check.id === id) ?? false
  if (exitCode !== 0) return { command: `cp-migrate doctor${flags}`, why: 'when that is mended' }
  if (source === null) return { command: 'cp-migrate detect', why: 'with --redis: what there is to move' }
  if (target === null)
    return {
      command: `cp-migrate migrate --dry-run${flags}`,
      why: sayFor({ source: source.note, target })('needs only Redis'),
    }
  if (says('postgres-nothing-yet') || says('postgres-tables-incomplete') || !says('postgres-ledger'))
    return { command: `cp-migrate init${flags}`, why: 'makes what is missing' }
  return { command: `cp-migrate migrate --dry-run${flags}`, why: 'the rehearsal' }
}
