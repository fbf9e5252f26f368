/** A report with something of everything, for the renderers' tests. */
import { addFinding, emptyMigrateReport, type MigrateReport } from '../../src/model/report.js'

export const NO_FLAGS = { target: '', scope: '' }

export function emptyReport(change: Partial<MigrateReport> = {}): MigrateReport {
  const report = emptyMigrateReport({
    dryRun: false,
    startedAt: new Date('2026-11-20T17:04:00Z'),
    source: { endpoint: 'redis://cache.internal:6379/0', setBy: 'REDIS_URL', server: 'Redis 7.4.1' },
    target: { endpoint: 'postgres://db.internal/agents', setBy: 'CHECKPOINT_DB_URI', schema: 'public' },
  })
  return { ...report, ...change }
}

export function fullReport(change: Partial<MigrateReport> = {}): MigrateReport {
  const report = emptyReport({
    runId: '7',
    seconds: 40.2,
    threads: {
      selected: 3410,
      leftOut: 12,
      whole: 3407,
      partial: 2,
      rejected: 1,
      new: 2009,
      changed: 200,
      unchanged: 1200,
      skipped: 0,
      notFound: [],
    },
    checkpoints: { inserted: 61_020, updated: 2, alreadyThere: 0 },
    writes: { inserted: 118_402, updated: 0, alreadyThere: 0 },
    blobs: { inserted: 190_114, updated: 0, alreadyThere: 5 },
    bytes: { read: 4.02 * 1024 ** 3, written: 610 * 1024 ** 2 },
    keysScanned: 1_204_331,
    layouts: [
      { id: 'f1', title: 'PickleRedisSaver (pickle)', keys: 14_670, threads: 206, bytes: 410 * 1024 ** 2 },
      {
        id: 'a5',
        title: 'official Python saver 0.2–0.5 (RedisJSON)',
        keys: 598_210,
        threads: 3204,
        bytes: 3.6 * 1024 ** 3,
      },
    ],
    leftAlone: { storeItems: 2118, foreignKeys: 589_333, indexKeys: 0 },
    ...change,
  })
  for (let at = 0; at < 9; at += 1) {
    addFinding(report.findings, {
      reason: 'nul-removed',
      threadId: `t-${at}`,
      detail: 'metadata.writes.note',
    })
  }
  addFinding(report.findings, { reason: 'foreign-key', key: Buffer.from('sessions:1') })
  addFinding(report.findings, {
    reason: 'undecodable',
    threadId: 't-88',
    key: Buffer.from('checkpoint:t-88:1f0c2a90-0000-6000-8000-000000000000'),
    detail: 'pickle ends early at byte 17 of 2,004',
  })
  addFinding(report.findings, {
    reason: 'undecodable',
    key: Buffer.from([0x74, 0xff, 0x1b, 0x5b, 0x32, 0x4a]),
    detail: 'no\nopcode\u001b[31m',
  })
  return report
}
