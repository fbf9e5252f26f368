/** An init report for a terminal: what was made or is missing, what is worth knowing, the verdict, the next command. */
import { EXIT, type ExitCode } from '../model/failure.js'
import type { InitReport } from '../model/init-report.js'
import { printableText } from '../model/printable.js'
import type { Form } from './form.js'
import { formatCounted } from './format.js'
import { jsonText } from './json-text.js'
import { sectionsText } from './sections.js'
import { styleOf } from './style.js'
import { wrapText } from './wrap.js'

export interface InitRenderOptions extends Form {
  /** The user's own flags for the next command, each with a space before it. */
  readonly again: { readonly target: string; readonly init: string; readonly migrate?: string }
}

/** Something missing is a difference; it only stays missing where nothing was to be made. */
export const initExitCodeOf = (report: InitReport): ExitCode =>
  report.missing.length === 0 ? EXIT.ok : EXIT.differences

export function renderInit(report: InitReport, options: InitRenderOptions): string {
  switch (options.format) {
    case 'json':
      return jsonText({ ...report, exitCode: initExitCodeOf(report), next: nextOf(report, options) })
    case 'line':
      return `${initEndpointLine(report)}: ${verdictOf(report)}\n`
    case 'text':
      return initText(report, options)
  }
}

/** `postgres://db.internal/agents, schema public` */
export const initEndpointLine = ({ endpoint, schema }: Pick<InitReport, 'endpoint' | 'schema'>): string =>
  isRedis(endpoint) ? endpoint : `${endpoint}, schema ${printableText(schema)}`

const isRedis = (endpoint: string): boolean => /^(rediss?|unix):/.test(endpoint)

function initText(report: InitReport, options: InitRenderOptions): string {
  const { columns } = options
  const style = styleOf(options.colored)
  const isWhole = report.missing.length === 0
  const steps = [
    ...report.made.map(({ what }) => `  made     ${printableText(what)}`),
    ...report.missing.map(
      ({ what, why }) => `  missing  ${printableText(what)}${why === 'missing' ? '' : ` (${why})`}`,
    ),
  ]
  const notes = report.notes.flatMap((note) =>
    wrapText(printableText(note), columns, { first: '  · ', hanging: '    ' }).map(style.faint),
  )
  const mark = isWhole ? style.good('✓') : style.bad('✗')
  const exit = isWhole ? [] : [`  exit code ${initExitCodeOf(report)}`]
  const sections = [
    steps,
    notes,
    [`${mark} ${verdictOf(report)}`, ...exit, `Next  ${style.strong(nextOf(report, options))}`],
  ]
  return sectionsText(sections)
}

function verdictOf({ made, missing, dialect, endpoint }: InitReport): string {
  if (isRedis(endpoint) && missing.length === 0) {
    const steps = made.length === 0 ? 'nothing is missing' : `${formatCounted(made.length, 'step')} made`
    return `${steps}: Redis is ready for the way back`
  }
  const saver = dialect === 'js' ? "the JavaScript saver's tables" : "the official saver's tables"
  if (missing.length > 0) return `${formatCounted(missing.length, 'step')} to make; nothing was changed`
  if (made.length === 0) return `nothing is missing: ${saver} and the ledger are there`
  return `${saver} and the ledger are there; ${formatCounted(made.length, 'step')} made`
}

const nextOf = (report: InitReport, { again }: InitRenderOptions): string =>
  report.missing.length > 0
    ? `cp-migrate init${again.target}${again.init}`
    : `cp-migrate migrate${again.target}${again.migrate ?? ''}`
