/** What only a rehearsal counts while threads are converted: what bounds would leave out, what the run would take in Postgres. */
import { BoundForecast } from '../../convert/bound-forecast.js'
import type { OpenConverter } from '../../convert/converter.js'
import { SizeForecast } from '../../convert/size-forecast.js'
import { ledgerBytesOf } from '../../model/ledger-size.js'
import type { MigrateReport, RowCounts } from '../../model/report.js'

/** What a run does beside reading and converting, most of it meanwhile: rows and their bytes, with the ledger, on a common server. */
const ROWS_A_SECOND = 60_000
const BYTES_A_SECOND = 150 * 1024 ** 2
/** Connections, locks, ANALYZE. */
const FIXED_SECONDS = 0.3
/** The part of the writing that reading and converting wait for. */
const WAITED = 0.3

export class Rehearsal {
  private readonly choices: BoundForecast | null
  private readonly sizes = new SizeForecast()

  /** Where bounds were given, the choice has been made. */
  constructor(nowMs: number, isBounded: boolean) {
    this.choices = isBounded ? null : new BoundForecast(nowMs)
  }

  counting(open: OpenConverter): OpenConverter {
    const measuring = this.sizes.counting(open)
    return this.choices?.counting(measuring) ?? measuring
  }

  /** `elapsedMs`: what reading and converting took. */
  end(report: MigrateReport, elapsedMs: number): void {
    report.choices = this.choices?.list() ?? []
    const { checkpoints, writes, blobs, bytes } = report
    const rows = {
      checkpoints: newOf(checkpoints),
      checkpoint_writes: newOf(writes),
      checkpoint_blobs: newOf(blobs),
    }
    const { pglz, lz4 } = this.sizes.bytes(rows)
    const count = rows.checkpoints + rows.checkpoint_writes + rows.checkpoint_blobs
    const writing = count / ROWS_A_SECOND + bytes.written / BYTES_A_SECOND
    const reading = elapsedMs / 1000
    report.forecast = {
      basis: 'everything',
      postgresBytes: pglz,
      lz4Bytes: lz4,
      ledgerBytes: ledgerBytesOf({
        threads: report.threads.new + report.threads.changed,
        keys: report.layouts.reduce((sum, { keys }) => sum + keys, 0),
        checkpoints: rows.checkpoints,
      }),
      seconds: Math.max(reading, writing) + Math.min(reading, writing) * WAITED + FIXED_SECONDS,
    }
  }
}

const newOf = ({ inserted, updated }: RowCounts): number => inserted + updated
