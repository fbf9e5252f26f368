/** URLs of snapshots: paths as they are typed, logical databases as elsewhere. */
import { describe, expect, test } from 'vitest'
import { UrlProblem } from '../../src/commands/endpoint-url.js'
import { isSnapshotUrl, parseSnapshotUrl } from '../../src/commands/snapshot-url.js'
import { describeEndpoint, sourceNameOf } from '../../src/model/endpoint.js'
import { commandLine } from '../acceptance/command-line.js'

const parsed = (text: string, more: { given?: string; preset?: string } = {}) =>
  parseSnapshotUrl(text, { cwd: '/there', ...more })

describe('URLs of snapshots', () => {
  test.each([
    ['file:dump.rdb', '/there/dump.rdb', 0],
    ['file:./old/../dump.rdb', '/there/dump.rdb', 0],
    ['file:/backups/dump.rdb', '/backups/dump.rdb', 0],
    ['file:///backups/dump.rdb?db=3', '/backups/dump.rdb', 3],
    ['file://localhost/backups/dump.rdb', '/backups/dump.rdb', 0],
    ['FILE:dump.rdb', '/there/dump.rdb', 0],
    ['file:with space.rdb', '/there/with space.rdb', 0],
    ['file:what%3F%23%25.rdb', '/there/what?#%.rdb', 0],
    ['file:100%.rdb', '/there/100%.rdb', 0],
  ])('%s', (text, path, db) => {
    expect(isSnapshotUrl(text)).toBe(true)
    expect(parsed(text)).toEqual({ engine: 'rdb', path, db })
  })

  test('a flag beats the number in the URL, which beats the variable', () => {
    expect(parsed('file:a.rdb?db=3', { given: '4', preset: '5' }).db).toBe(4)
    expect(parsed('file:a.rdb?db=3', { preset: '5' }).db).toBe(3)
    expect(parsed('file:a.rdb', { preset: '5' }).db).toBe(5)
  })

  test('what is shown can be typed again, and the ledger tells databases of one file apart', () => {
    for (const text of ['file:/a%3Fb%23c%25.rdb?db=2', 'file:/plain.rdb']) {
      expect(describeEndpoint(parsed(text))).toBe(text)
      expect(parsed(describeEndpoint(parsed(text)))).toEqual(parsed(text))
    }
    expect(sourceNameOf(parsed('file:dump.rdb'))).toBe('file:/there/dump.rdb/0')
    expect(sourceNameOf(parsed('file:dump.rdb?db=1'))).toBe('file:/there/dump.rdb/1')
  })

  test('hosts, missing names and databases that are no numbers are refused', () => {
    for (const text of ['file:', 'file:?db=1', 'file://server/dump.rdb', 'file:dump.rdb?db=first'])
      expect(() => parsed(text), text).toThrow(UrlProblem)
  })

  test('a path without its scheme is told what to write', async () => {
    const run = await commandLine('detect --redis backups/dump.rdb', {})
    expect(run).toMatchObject({ exit: 2, out: '' })
    expect(run.err).toContain('file: before its path')
  })
})
