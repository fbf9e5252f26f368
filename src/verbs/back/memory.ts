/** What the keys of the way back take in Redis, worked out before they are written. */
import type { MigrateReport, RedisMemory } from '../../model/report.js'
import type { Source } from '../../source/source.js'

/** RedisJSON holds a document as a tree, and the indexes repeat its ids (measured on Redis 7.4 with RedisJSON 2.8). */
const PER_BYTE = 1.8
const PER_KEY = 1400

export async function memoryForecast(source: Source, report: MigrateReport): Promise<RedisMemory> {
  const { usedMemoryBytes: used, maxMemoryBytes: limit } = await source.info()
  const { checkpoints, writes, bytes } = report
  const keys = checkpoints.inserted + writes.inserted
  return { needed: Math.round(bytes.written * PER_BYTE + keys * PER_KEY), used, limit }
}
