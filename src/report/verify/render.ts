/** From a verification's report to the text for stdout, in the form that was asked for. */
import { printableText } from '../../model/printable.js'
import { exitCodeOfVerify, type VerifyReport } from '../../model/verify-report.js'
import type { RenderOptions } from '../render.js'
import { reportJson } from '../report-json.js'
import { styleOf } from '../style.js'
import { verifyText } from './text.js'
import { nextAfterVerify, verifyVerdict } from './verdict.js'

export function renderVerify(report: VerifyReport, options: RenderOptions): string {
  const { format, again, columns } = options
  switch (format) {
    case 'json':
      return reportJson(report, {
        exitCode: exitCodeOfVerify(report),
        next: nextAfterVerify(report, options.again)?.command ?? null,
      })
    case 'line':
      return `${verifyEndpointsLine(report)}: ${verifyVerdict(report).text}\n`
    case 'text':
      return verifyText(report, { columns, style: styleOf(options.colored), again })
  }
}

/** Which two sides: `redis://cache/0 (REDIS_URL) ↔ postgres://db/agents, schema public (--postgres)`. */
export function verifyEndpointsLine({ source, target }: Pick<VerifyReport, 'source' | 'target'>): string {
  const named = ({ endpoint, schema, setBy }: VerifyReport['target']) =>
    `${endpoint}${schema === undefined ? '' : `, schema ${printableText(schema)}`} (${setBy})`
  return source === null ? named(target) : `${named(source)} ↔ ${named(target)}`
}
