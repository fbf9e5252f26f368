import { describe, expect, test } from 'vitest'
import { EXIT, Failure } from '../../src/model/failure.js'
import { REASONS, type ReasonId } from '../../src/model/finding.js'
import { addFinding, exitCodeOf, type FindingCount } from '../../src/model/report.js'
import { endpointsLine, type RenderOptions, renderMigrate } from '../../src/report/render.js'
import { emptyReport, fullReport, NO_FLAGS } from './sample.js'

const OPTIONS: RenderOptions = {
  format: 'text',
  columns: 80,
  colored: false,
  again: NO_FLAGS,
}
const textOf = (report = fullReport(), options: Partial<RenderOptions> = {}): string =>
  renderMigrate(report, { ...OPTIONS, ...options })

describe('the text of a report', () => {
  test('shows layouts, amounts, findings with their remedies, the verdict and the next command, in this order', () => {
    const text = textOf()
    const parts = [
      'official Python saver 0.2–0.5 (RedisJSON)  598,210    3,204  3.6 GiB',
      'left alone: store items 2,118 · other keys 589,333',
      'threads           3,410  3,407 whole · 2 partly · 1 rejected',
      'size            4.0 GiB  →  610 MiB of rows',
      '2  rejected  payload cannot be decoded',
      'checkpoint:t-88:1f0c2a90-0000-6000-8000-000000000000',
      'pickle ends early at byte 17 of 2,004',
      REASONS.undecodable.remedy,
      '9  repaired  NUL character removed from metadata',
      '… and 8 more (--json)',
      '1  ignored   key of another application',
      '✓ run 7 done in 40 s: 3,407 threads whole, 2 partly, 1 rejected;',
      'exit code 3',
      'Next  cp-migrate verify',
    ]
    let from = 0
    for (const part of parts) {
      const at = text.indexOf(part, from)
      expect(at, `${part}\n${text}`).toBeGreaterThanOrEqual(from)
      from = at
    }
  })

  test('fits 80 columns, except for keys, which stay whole to be copied', () => {
    const long = fullReport({
      threads: { ...fullReport().threads, notFound: ['a'.repeat(30), 'b'.repeat(30), 'c'.repeat(30)] },
      otherDatabases: [{ db: 3, keys: 1204 }],
    })
    const key = `checkpoint:${'k'.repeat(90)}`
    addFinding(long.findings, {
      reason: 'older-head',
      key: Buffer.from(key),
      detail: 'word '.repeat(40).trim(),
    })
    const tooLong = textOf(long)
      .split('\n')
      .filter((line) => line.length > 80)
    expect(tooLong).toEqual([expect.stringContaining(key)])
  })

  test('has no colours unless they are asked for, and reads the same with them', () => {
    const plain = textOf()
    const colored = textOf(fullReport(), { colored: true })
    expect(plain).not.toContain('\u001b')
    expect(colored).toContain('\u001b[')
    expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(plain)
  })

  test('prints nothing that a key or a detail wants the terminal to do', () => {
    const text = textOf()
    expect(text).toContain('t\\xff\\x1b[2J')
    expect(text).toContain('no\\nopcode\\x1b[31m')
  })

  test('of a dry run says that nothing was written, and names the commands that do', () => {
    const text = textOf(fullReport({ dryRun: true, runId: null }), {
      again: { target: ' --schema agents', scope: ' --thread t-1' },
    })
    expect(text).toContain('✓ dry run done in 40 s')
    expect(text.replace(/\s+/g, ' ')).toContain('values would be written; nothing was')
    expect(text).toContain(
      'Next  cp-migrate init --schema agents && cp-migrate migrate --schema agents --thread t-1',
    )
  })

  test('that found nothing says why that may be', () => {
    expect(textOf(emptyReport())).toContain('This logical database is empty.')
    const text = textOf(emptyReport({ keysScanned: 12, otherDatabases: [{ db: 3, keys: 40 }] }))
    expect(text).toContain('None of 12 keys')
    expect(text).toContain('--checkpoint-prefix')
    expect(text).toContain('Logical database 3')
    expect(text).toContain('nothing to move')
    expect(text).not.toContain('Next')
  })

  test('that was stopped shows what was committed, and leaves the reason to whoever prints failures', () => {
    const text = textOf(fullReport({ stoppedBy: new Failure('interrupted') }))
    expect(text).toContain('✗ run 7 stopped after 40 s: 3,407 threads whole')
    expect(text).not.toContain('Next')
  })
})

test('the one line for cron names both ends and the verdict', () => {
  const line = textOf(fullReport(), { format: 'line' })
  expect(line.trimEnd().split('\n')).toHaveLength(1)
  expect(line).toMatch(
    /^redis:\/\/cache\.internal:6379\/0 \(REDIS_URL\) → postgres:\/\/db\.internal\/agents, schema public \(CHECKPOINT_DB_URI\): run 7 done in 40 s: 3,407 threads whole/,
  )
})

test('a dry run without a target names the source alone', () => {
  expect(endpointsLine(emptyReport({ target: null }))).toBe('redis://cache.internal:6379/0 (REDIS_URL)')
})

describe('the JSON document', () => {
  const documentOf = (report = fullReport()) => JSON.parse(textOf(report, { format: 'json' }))

  test('has a schema version, the counts, the exit code and the next command', () => {
    expect(documentOf()).toMatchObject({
      schemaVersion: 1,
      command: 'migrate',
      runId: '7',
      threads: { whole: 3407, partial: 2, rejected: 1 },
      checkpoints: { inserted: 61_020, updated: 2 },
      stoppedBy: null,
      exitCode: 3,
      next: 'cp-migrate verify',
    })
  })

  test('gives keys exactly: as text where they are text, in base64 where they are not', () => {
    const { samples } = documentOf().findings.find(
      (entry: { reason: string }) => entry.reason === 'undecodable',
    )
    expect(samples[0].key).toBe('checkpoint:t-88:1f0c2a90-0000-6000-8000-000000000000')
    expect(samples[0].keyBase64).toBeUndefined()
    expect(Buffer.from(samples[1].keyBase64, 'base64')).toEqual(
      Buffer.from([0x74, 0xff, 0x1b, 0x5b, 0x32, 0x4a]),
    )
  })

  test('says why a run was stopped', () => {
    expect(documentOf(fullReport({ stoppedBy: new Failure('terminated') }))).toMatchObject({
      stoppedBy: { id: 'terminated', next: expect.stringContaining('Run the same command again') },
      exitCode: 143,
      next: null,
    })
  })

  test('holds no character that a terminal acts on, and still means the same', () => {
    const report = emptyReport()
    addFinding(report.findings, { reason: 'undecodable', detail: '\u009b2J \u202e \u001b' })
    const text = textOf(report, { format: 'json' })
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    expect(JSON.parse(text).findings[0].samples[0].detail).toBe('\u009b2J \u202e \u001b')
  })
})

describe('the exit code of a report', () => {
  const exit = (change: Parameters<typeof emptyReport>[0]) => exitCodeOf(emptyReport(change))
  const { threads } = emptyReport()
  const found = (reason: ReasonId): FindingCount[] => [{ reason, count: 1, samples: [] }]

  test('is 0 when all went well, whatever was ignored, gone or repaired', () => {
    expect(exit({})).toBe(EXIT.ok)
    for (const reason of ['foreign-key', 'gone', 'nul-removed', 'value-lost-at-source'] as const) {
      expect(exit({ findings: found(reason) })).toBe(EXIT.ok)
    }
  })

  test('is 3 when something was rejected or in conflict', () => {
    for (const reason of ['undecodable', 'row-differs', 'diverged'] as const) {
      expect(exit({ findings: found(reason) })).toBe(EXIT.rejects)
    }
    expect(exit({ threads: { ...threads, partial: 1 } })).toBe(EXIT.rejects)
  })

  test('is 3 when a named thread is not there', () => {
    expect(exit({ threads: { ...threads, notFound: ['t-1'] } })).toBe(EXIT.rejects)
  })

  test('does not count threads that were not selected', () => {
    expect(exit({ threads: { ...threads, leftOut: 1 } })).toBe(EXIT.ok)
  })

  test('is that of the failure when the run was stopped, whatever was found before', () => {
    const stoppedBy = new Failure('interrupted')
    expect(exit({ findings: found('undecodable'), stoppedBy })).toBe(EXIT.interrupted)
  })
})

test('findings are counted without end but kept only as samples', () => {
  const findings: FindingCount[] = []
  for (let at = 0; at < 5000; at += 1) addFinding(findings, { reason: 'orphan-write', detail: `${at}` })
  expect(findings[0]).toMatchObject({ count: 5000 })
  expect(findings[0]?.samples.length).toBeLessThan(100)
})
