/** A verification for people: the verdict in one line, every difference with both sides, the next command. */
import { describe, expect, test } from 'vitest'
import { Failure } from '../../src/model/failure.js'
import { REPORT_SCHEMA_VERSION } from '../../src/model/report.js'
import { emptyVerifyReport, NOTHING_EXPLAINED, type VerifyReport } from '../../src/model/verify-report.js'
import { renderVerify } from '../../src/report/verify/render.js'
import { NO_FLAGS } from './sample.js'

function report(change: (report: VerifyReport) => void = () => {}): VerifyReport {
  const made = emptyVerifyReport({
    schemaVersion: REPORT_SCHEMA_VERSION,
    against: 'source',
    startedAt: '2026-11-20T17:04:00.000Z',
    sample: null,
    source: { endpoint: 'redis://cache.internal:6379/0', setBy: 'REDIS_URL', server: 'Redis 7.4.1' },
    target: { endpoint: 'postgres://db.internal/agents', setBy: 'CHECKPOINT_DB_URI', schema: 'public' },
  })
  made.verificationId = 3
  made.seconds = 20
  Object.assign(made.threads, { compared: 3410, equal: 3410 })
  Object.assign(made.compared, { checkpoints: 61_022, writes: 118_402, values: 598_733 })
  made.bytes.source = 4 * 1024 ** 3
  change(made)
  return made
}

const text = (of: VerifyReport, format: 'text' | 'line' | 'json' = 'text', columns = 80): string =>
  renderVerify(of, { format, columns, colored: false, again: NO_FLAGS })

const differing = () =>
  report((made) => {
    Object.assign(made.threads, { equal: 3409, differs: 1 })
    made.differenceCount = 2
    made.differences.push(
      {
        kind: 'missing',
        part: 'channel',
        threadId: 't-12',
        checkpointNs: '',
        checkpointId: '1f0c2a00-0000-6000-8000-000000000000',
        name: 'cart',
        source: { is: 'object app.state.Cart' },
        note: 'checkpoint_blobs has none for its version 7',
      },
      { kind: 'extra', part: 'blob', threadId: 't-12', checkpointNs: 'child:1', name: 'a\u001b[31m' },
    )
  })

describe('a verification', () => {
  test('that found everything equal says so, and what Redis can let go', () => {
    expect(text(report())).toBe(
      [
        '  compared 3,410 threads · 61,022 checkpoints · 118,402 writes · 598,733 values,',
        '    4.0 GiB in 20 s',
        '',
        '✓ 3,410 threads equal, value by value · 0 differ',
        'Next  cp-migrate purge-redis    what Redis can let go; a plan',
        '',
      ].join('\n'),
    )
  })

  test('names each difference with both sides, and the thread to migrate again', () => {
    const lines = text(differing())
    expect(lines).toContain(
      [
        '  t-12 · root · 1f0c2a00-0000-6000-8000-000000000000',
        '    channel "cart" missing in Postgres',
        '      Redis     object app.state.Cart',
        '      Postgres  nothing',
        '      checkpoint_blobs has none for its version 7',
      ].join('\n'),
    )
    expect(lines).toContain('✗ 3,409 threads equal, value by value · 1 differs\n  exit code 4\n')
    expect(lines).toContain('Next  cp-migrate migrate --thread t-12')
  })

  test('lets no name act on the terminal', () => {
    expect(text(differing())).toContain('blob of channel "a\\x1b[31m" only in Postgres')
  })

  test('names threads that are behind, and what brings them up to date', () => {
    const lines = text(
      report((made) => {
        Object.assign(made.threads, { equal: 3405, behind: 5 })
        made.notes.behind = [{ ...NOTHING_EXPLAINED, threadId: 't-4', behind: 2 }]
      }),
    )
    expect(lines).toContain('5 threads behind: Redis has more than was migrated')
    expect(lines).toContain('      t-4  2 newer in Redis\n      … and 4 more\n')
    expect(lines).toContain('brings the 5 threads up to date; repeat until the cutover')
    expect(lines).not.toContain('exit code')
  })

  test('is one line with --quiet', () => {
    expect(text(report(), 'line')).toBe(
      'redis://cache.internal:6379/0 (REDIS_URL) ↔ postgres://db.internal/agents, schema public (CHECKPOINT_DB_URI): 3,410 threads equal, value by value · 0 differ\n',
    )
  })

  test('is a document with --json', () => {
    expect(JSON.parse(text(differing(), 'json'))).toMatchObject({
      schemaVersion: 1,
      command: 'verify',
      threads: { differs: 1 },
      differenceCount: 2,
      exitCode: 4,
      stoppedBy: null,
      next: 'cp-migrate migrate --thread t-12',
    })
  })

  test('that was stopped says how far it came, and names no next command', () => {
    const lines = text(
      report((made) => {
        made.stoppedBy = new Failure('interrupted')
      }),
    )
    expect(lines).toContain('✗ stopped after 20 s: 3,410 threads equal')
    expect(lines).not.toContain('Next')
  })

  test('without a ledger says that nothing was recorded', () => {
    const lines = text(
      report((made) => {
        made.verificationId = null
      }),
    )
    expect(lines).toContain('There is no ledger: nothing was recorded')
    expect(lines).toContain('Next  cp-migrate init')
  })

  test.each([60, 80, 120])('breaks no line of words at %i columns', (columns) => {
    const long = text(differing(), 'text', columns).split('\n')
    expect(long.filter((line) => line.length > columns && line.trim().split(' ').length > 6)).toEqual([])
  })
})
