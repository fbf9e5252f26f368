/** From a report to the text for stdout, in the form that was asked for. */
import { printableText } from '../model/printable.js'
import type { MigrateReport } from '../model/report.js'
import type { Form } from './form.js'
import { migrateJson } from './json.js'
import type { FlagsAgain } from './next.js'
import { styleOf } from './style.js'
import { migrateText } from './text.js'
import { verdictOf } from './verdict.js'

export interface RenderOptions extends Form {
  readonly again: FlagsAgain
}

export function renderMigrate(report: MigrateReport, options: RenderOptions): string {
  const { format, again, columns } = options
  switch (format) {
    case 'json':
      return migrateJson(report, again)
    case 'line':
      return `${endpointsLine(report)}: ${verdictOf(report).text}\n`
    case 'text':
      return migrateText(report, { columns, style: styleOf(options.colored), again })
  }
}

/** Which two ends: `redis://cache/0 (REDIS_URL) → postgres://db/agents, schema public (--postgres)`. */
export function endpointsLine({ source, target }: Pick<MigrateReport, 'source' | 'target'>): string {
  const named = ({ endpoint, schema, setBy }: MigrateReport['source']) =>
    `${endpoint}${schema === undefined ? '' : `, schema ${printableText(schema)}`} (${setBy})`
  return target === null ? named(source) : `${named(source)} → ${named(target)}`
}
