/** What of each report a monitoring system may want to draw or to be woken by. */
import type { DetectReport } from '../../model/detect-report.js'
import { type FindingKind, REASONS } from '../../model/finding.js'
import type { Measure } from '../../model/measure.js'
import type { PurgeReport } from '../../model/purge-report.js'
import { countOfKind, type MigrateReport } from '../../model/report.js'
import { THREAD_STATES, type VerifyReport } from '../../model/verify-report.js'

const THREADS_HELP = 'Threads by what became of them.'
const KINDS = [...new Set(Object.values(REASONS).map(({ kind }) => kind))] as FindingKind[]

const threads = (state: string, value: number): Measure => ({
  name: 'threads',
  help: THREADS_HELP,
  labels: { state },
  value,
})

export function migrateMeasures(report: MigrateReport): Measure[] {
  const { checkpoints, writes, blobs, bytes, findings } = report
  const states = ['whole', 'partial', 'rejected', 'new', 'changed', 'unchanged', 'skipped'] as const
  const tables = { checkpoints, checkpoint_writes: writes, checkpoint_blobs: blobs }
  return [
    {
      name: 'dry_run',
      help: '1 where nothing was written.',
      value: report.dryRun ? 1 : 0,
    },
    ...states.map((state) => threads(state, report.threads[state])),
    ...Object.entries(tables).flatMap(([table, counts]) =>
      Object.entries(counts).map(([what, value]) => ({
        name: 'rows',
        help: 'Rows by table and by what became of them.',
        labels: { table, what },
        value,
      })),
    ),
    { name: 'bytes_read', help: 'Bytes of values read from Redis.', value: bytes.read },
    { name: 'bytes_written', help: 'Bytes of rows, before Postgres compresses them.', value: bytes.written },
    ...KINDS.map((kind) => ({
      name: 'findings',
      help: 'Findings by kind.',
      labels: { kind },
      value: countOfKind(findings, kind),
    })),
  ]
}

export function verifyMeasures({ threads: counts, compared, differenceCount }: VerifyReport): Measure[] {
  return [
    ...THREAD_STATES.map((state) => threads(state, counts[state])),
    ...Object.entries(compared).map(([what, value]) => ({
      name: 'compared',
      help: 'What was compared.',
      labels: { what },
      value,
    })),
    { name: 'differences', help: 'Differences that nothing explains.', value: differenceCount },
  ]
}

export function purgeMeasures({ planOnly, threads: counts, keys, bytes, lefts }: PurgeReport): Measure[] {
  return [
    { name: 'dry_run', help: '1 where nothing was deleted.', value: planOnly ? 1 : 0 },
    threads('purged', counts.purged),
    threads('left', counts.left),
    ...Object.entries(keys).map(([what, value]) => ({
      name: 'keys',
      help: 'Keys by what became of them.',
      labels: { what },
      value,
    })),
    { name: 'bytes_freed', help: 'Memory of the deleted keys.', value: bytes },
    ...Object.entries(lefts).map(([reason, value]) => ({
      name: 'threads_left',
      help: 'Threads left alone, by reason.',
      labels: { reason },
      value,
    })),
  ]
}

export function detectMeasures({ keys, threads: found, layouts, expiring }: DetectReport): Measure[] {
  return [
    { name: 'keys_scanned', help: 'Keys in the database.', value: keys.scanned },
    { name: 'keys_claimed', help: 'Keys of LangGraph checkpoints.', value: keys.claimed },
    threads('found', found.count),
    {
      name: 'threads_expiring',
      help: 'Threads that expire soon, perhaps from samples.',
      value: expiring.threads.count,
    },
    ...layouts.map(({ id, threads: ofLayout }) => ({
      name: 'layout_threads',
      help: 'Threads by layout.',
      labels: { layout: id },
      value: ofLayout.count,
    })),
  ]
}
