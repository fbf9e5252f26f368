/** Rows of the SQLite savers as records: what older releases wrote, and rows that are damaged. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_PREFIXES, type RecordSink } from '../../../src/layouts/layout.js'
import { SQLITE_LAYOUTS } from '../../../src/layouts/sqlite/savers.js'
import type { Finding } from '../../../src/model/finding.js'
import { rowKey, rowOfKey, type SqliteRow, type SqliteSaver } from '../../../src/model/sqlite.js'
import type { Checkpoint, PendingWrite } from '../../../src/model/thread.js'

const layoutOf = (saver: SqliteSaver) => SQLITE_LAYOUTS.find(({ dialect }) => dialect === saver)!

type Row = readonly [table: SqliteRow['table'], columns: Record<string, string | Buffer>]

function read(saver: SqliteSaver, rows: readonly Row[]) {
  const checkpoints: Checkpoint[] = []
  const writes: PendingWrite[] = []
  const findings: Finding[] = []
  const sink: RecordSink = {
    checkpoint: (checkpoint) => checkpoints.push(checkpoint),
    write: (write) => writes.push(write),
    finding: (finding) => findings.push(finding),
    channelValue: () => expect.unreachable(),
    belongsTo: () => expect.unreachable(),
    notMine: () => expect.unreachable(),
  }
  const layout = layoutOf(saver)
  const reader = layout.openThread('t', sink)
  rows.forEach(([table, columns], at) => {
    const key = rowKey(saver, { table, rowid: `${at}`, threadId: 't', checkpointNs: '', checkpointId: 'c' })
    const claim = layout.claim(key, 'hash', DEFAULT_PREFIXES)!
    const fields = Object.entries(columns).map(([name, value]): [Buffer, Buffer] => [
      Buffer.from(name),
      Buffer.from(value),
    ])
    reader.accept({ ...claim, key, type: 'hash' }, { type: 'hash', fields })
  })
  reader.end()
  return { checkpoints, writes, findings }
}

test('a name tells its row, whatever its ids hold; nothing else is one', () => {
  const id = fc.string({ unit: 'grapheme' })
  const rows = fc.record({
    table: fc.constantFrom('checkpoints' as const, 'writes' as const),
    rowid: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    threadId: id,
    checkpointNs: id,
    checkpointId: id,
  })
  fc.assert(
    fc.property(rows, fc.constantFrom<SqliteSaver>('python', 'js'), (row, saver) => {
      const key = rowKey(saver, row)
      expect(rowOfKey(saver, key)).toEqual(row)
      expect(rowOfKey(saver === 'js' ? 'python' : 'js', key)).toBeNull()
      expect(rowOfKey(saver, key.subarray(0, -1))).toBeNull()
    }),
  )
})

const write = (idx: number, channel: string, value: string): Row => [
  'writes',
  { task_id: 'task', idx: String(idx), channel, type: 'json', value },
]
const CHECKPOINT =
  '{"v":1,"id":"c","ts":"2024-11-01T00:00:00Z","channel_values":{"a":1},"channel_versions":{"a":1},"versions_seen":{}}'

describe('rows of older releases', () => {
  test('special channels that were numbered like others get their own index; of several answers the last counts', () => {
    for (const saver of ['python', 'js'] as const) {
      const { writes, findings } = read(saver, [
        write(0, '__resume__', '"first"'),
        write(1, 'a', '1'),
        write(2, '__resume__', '"second"'),
      ])
      expect(writes.map(({ channel, idx, value }) => [channel, idx, value.bytes?.toString()])).toEqual([
        ['a', 1, '1'],
        ['__resume__', -4, '"second"'],
      ])
      expect(findings).toMatchObject([{ reason: 'duplicate-write', checkpointId: 'c' }])
    }
  })

  test('checkpoints of Python in JSON keep their envelopes; of JavaScript they are plain maps', () => {
    const checkpoint = CHECKPOINT.replace('"a":1}', '"a":{"lc":2,"type":"undefined"}}')
    const row: Row = [
      'checkpoints',
      { type: 'json', checkpoint, metadata: '{"step": 1}', parent_checkpoint_id: 'p' },
    ]
    for (const saver of ['python', 'js'] as const) {
      const { checkpoints } = read(saver, [row])
      expect(checkpoints).toMatchObject([{ checkpointId: 'c', parentCheckpointId: 'p', checkpointNs: '' }])
      expect(checkpoints[0]?.channelValues.get('a')?.encoding).toBe(saver === 'js' ? 'js-json' : 'json')
    }
  })
})

test('a damaged row is left out by name and takes no other with it', () => {
  const { checkpoints, writes, findings } = read('python', [
    ['checkpoints', { type: 'msgpack', checkpoint: Buffer.from([0x93, 1]), metadata: '{}' }],
    ['checkpoints', { type: 'json', checkpoint: CHECKPOINT }],
    ['writes', { task_id: 'task', idx: 'many', channel: 'a', type: 'json', value: '1' }],
    ['writes', { task_id: 'task', idx: '0', channel: 'a', type: 'null' }],
    ['checkpoints', { type: 'msgpack+aes', checkpoint: 'sealed', metadata: '{}' }],
  ])
  expect(checkpoints).toHaveLength(1)
  expect(writes).toMatchObject([{ idx: 0, channel: 'a' }])
  expect(findings.map(({ reason, checkpointId }) => [reason, checkpointId])).toEqual([
    ['undecodable', 'c'],
    ['metadata-missing', 'c'],
    ['undecodable', undefined],
    ['unsupported-value', 'c'],
  ])
})
