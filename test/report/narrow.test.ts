/** What is said last, and what stands in tables, fits a narrow terminal; words of findings fit the source they come from. */
import { expect, test } from 'vitest'
import { migratePage } from '../../src/report/page/migrate-page.js'
import { lastLines } from '../../src/report/sections.js'
import { styleOf } from '../../src/report/style.js'
import { reasonFrom } from '../../src/report/way-back.js'
import { emptyReport, NO_FLAGS } from './sample.js'

const plain = styleOf(false)

test('a long verdict is broken under its first word, with and without a mark', () => {
  const verdict = '72 keys of 5 threads would be deleted, 103 KiB, 1 thread left alone'
  const look = { columns: 40, style: plain }
  expect(lastLines({ verdict, exit: 0, next: null }, look)).toEqual([
    '72 keys of 5 threads would be deleted,',
    '  103 KiB, 1 thread left alone',
  ])
  expect(lastLines({ verdict, exit: 4, next: 'cp-migrate status', mark: '✓' }, look)).toEqual([
    '✓ 72 keys of 5 threads would be deleted,',
    '  103 KiB, 1 thread left alone',
    '  exit code 4',
    'Next  cp-migrate status',
  ])
})

test('a page calls all threads whole only where they are', () => {
  const { threads } = emptyReport()
  const noteOf = (whole: number) =>
    migratePage(emptyReport({ threads: { ...threads, selected: 6, whole } }), { ...NO_FLAGS, snapshot: '' })
      .figures[0]?.note
  expect(noteOf(6)).toBe('all of them whole')
  expect(noteOf(5)).toBe('5 whole · 1 without a checkpoint')
})

test('what was found in a SQLite file stays in the file, not in a Redis', () => {
  expect(reasonFrom('sqlite:/data/app.db', 'undecodable').remedy).toContain('it stays in the file')
  expect(reasonFrom('sqlite:/data/app.db', 'orphan-write').remedy).toBe(
    'Neither the file nor Postgres has it: nothing could resume from the write; left in the file.',
  )
  expect(reasonFrom('redis://cache:6379/0', 'undecodable').remedy).toContain('it stays in Redis')
  expect(reasonFrom('postgres://db:5432/agents', 'refused-by-redis').title).toBe(
    'checkpoint that Redis cannot hold',
  )
})
