/** The sensible next command after a migration or its rehearsal. */
import type { MigrateReport } from '../model/report.js'
import { isWayBack } from './way-back.js'

export interface NextStep {
  /** A whole command line. */
  readonly command: string
  readonly why: string
}

/** Flags of the user's own, quoted for a shell, each group with a space before it: the next command should mean the same. */
export interface FlagsAgain {
  /** `--schema` and what else says where the tables are. */
  readonly target: string
  /** Which threads, which prefixes; and of which snapshot, where it is one. */
  readonly scope: string
  /** Only the last of these. */
  readonly snapshot?: string
  /** What only a migration takes: how much of each thread. */
  readonly bounds?: string
}

export function nextStepOf(
  report: MigrateReport,
  { target, scope, bounds = '' }: FlagsAgain,
): NextStep | null {
  if (report.stoppedBy !== undefined || (report.threads.selected === 0 && report.store === null)) return null
  const migrate = `cp-migrate migrate${target}${scope}${bounds}`
  const dialect = report.dialect === 'js' ? ' --dialect js' : ''
  const tables = report.store === null ? dialect : `${dialect} --include store`
  return report.dryRun
    ? {
        command: `cp-migrate init${target}${tables} && ${migrate}`,
        why: `makes the ${isWayBack(report.target) ? 'indexes and the ledger' : 'tables'}, then moves the threads`,
      }
    : {
        command: `cp-migrate verify${target}${scope}`,
        why: 'proves it value by value; migrate again brings what is new since',
      }
}
