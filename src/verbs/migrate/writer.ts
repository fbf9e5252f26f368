/** Where the rows of a run go, whoever brings them: batches into one target, waiting where it is away. */
import type { Recovery } from '../../pipeline/recovery.js'
import type { Postgres } from '../../target/connection/connect.js'
import { TargetWriter, type WriterOptions } from '../../target/rows/writer.js'

export const writerInto = (
  postgres: Postgres,
  options: Omit<WriterOptions, 'recover'>,
  recovery: Recovery,
): TargetWriter =>
  new TargetWriter(
    { open: () => postgres.open(), use: (work) => postgres.use(work) },
    { ...options, recover: (error, attempt) => recovery.after(error, attempt) },
  )
