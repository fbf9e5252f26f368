/** What the official reader joins into one value is bounded: tested with a bound of a few hundred kB in place of 512 MB. */
import { expect, test } from 'vitest'
import { jsJsonValue } from '../../src/codec/json/js-json.js'
import { plainJsonValue } from '../../src/codec/json/read.js'
import type { ConvertedThread, Dialect, ThreadConverter } from '../../src/convert/converter.js'
import { DIALECTS } from '../../src/convert/dialects.js'
import { MAX_JOINED_BYTES } from '../../src/convert/joined-sizes.js'
import type { Finding } from '../../src/model/finding.js'
import type { BlobRow, KnownThread } from '../../src/model/rows.js'
import { UNKNOWN_THREAD } from '../../src/model/rows.js'
import type { Checkpoint } from '../../src/model/thread.js'
import type { Value } from '../../src/model/value.js'

const KB = 1024
const BOUND = 300 * KB
/** A list of one text, which no dialect keeps inside the checkpoint. */
function listOf(bytes: number, dialect: Dialect = 'python'): Value {
  const json = Buffer.from(JSON.stringify(['x'.repeat(bytes)]))
  return (dialect === 'python' ? plainJsonValue : jsJsonValue)(json, 0, json.length)
}
const NOTHING = Buffer.from('{}')
const origin = { key: Buffer.from('key'), layout: 'python-full' }
const ids = (n: number) => ({ threadId: 't', checkpointNs: '', checkpointId: `1f1e-${n}` })

interface Made {
  readonly checkpoints: string[]
  readonly blobs: string[]
  readonly writes: number[]
  readonly findings: Finding[]
  readonly thread: ConvertedThread
}

function converted(
  dialect: Dialect,
  take: (converter: ThreadConverter) => void,
  known: KnownThread = UNKNOWN_THREAD,
): Made {
  const made = { checkpoints: [], blobs: [], writes: [], findings: [] } as Omit<Made, 'thread'>
  const rows = {
    checkpointRow: (row: { checkpointId: string }) => void made.checkpoints.push(row.checkpointId),
    blobRow: (row: BlobRow) => void made.blobs.push(row.channel),
    writeRow: (row: { idx: number }) => void made.writes.push(row.idx),
  }
  const options = { allowOlderHead: false, copiesBytes: 0, maxJoinedBytes: BOUND }
  const open = DIALECTS[dialect]!
  const converter = open('t', known, rows, (finding) => void made.findings.push(finding), options)
  take(converter)
  return { ...made, thread: converter.end() }
}

/** channel → bytes of its value, and its version where it is not that of its checkpoint. */
type Channels = Readonly<Record<string, readonly [bytes: number, version: number]>>

const checkpoint = (n: number, channels: Channels, dialect: Dialect = 'python'): Checkpoint => ({
  ...ids(n),
  parentCheckpointId: n === 1 ? null : `1f1e-${n - 1}`,
  fields: new Map([['v', plainJsonValue(Buffer.from('4'), 0, 1)]]),
  channelVersions: new Map(Object.entries(channels).map(([channel, [, version]]) => [channel, version])),
  versionsSeen: new Map(),
  channelValues: new Map(
    Object.entries(channels).map(([channel, [bytes]]) => [channel, listOf(bytes, dialect)]),
  ),
  pendingSends: [],
  metadata: plainJsonValue(NOTHING, 0, 2),
  origin,
})

const tooLarge = (what: RegExp) => ({ reason: 'too-large', detail: expect.stringMatching(what) })

test.each(['python', 'js'] as const)(
  'a checkpoint whose blobs are too much together is left out whole, also where some are of its ancestors (%s)',
  (dialect) => {
    const { checkpoints, blobs, findings, thread } = converted(dialect, (converter) => {
      converter.checkpoint(checkpoint(1, { a: [200 * KB, 1] }, dialect))
      converter.checkpoint(checkpoint(2, { a: [200 * KB, 1], b: [150 * KB, 2] }, dialect))
      converter.checkpoint(checkpoint(3, { b: [150 * KB, 2] }, dialect))
    })
    expect(checkpoints).toEqual(['1f1e-1', '1f1e-3'])
    expect(blobs).toEqual(['a', 'b'])
    expect(findings).toMatchObject([
      { checkpointId: '1f1e-2', key: origin.key, ...tooLarge(/^channel values of 358\d+ bytes together$/) },
    ])
    expect(thread.completeness).toBe('partial')
  },
)

test('a later pass counts the blobs that are in Postgres already', () => {
  const first = checkpoint(1, { a: [200 * KB, 1] })
  const known = (version: string): KnownThread => ({
    checkpoints: [
      {
        checkpointNs: '',
        checkpointId: '1f1e-1',
        parentCheckpointId: null,
        channelVersions: new Map([['a', version]]),
        versionsSeen: new Map(),
      },
    ],
    blobs: [{ checkpointNs: '', channel: 'a', version, type: 'msgpack', bytes: 200 * KB, sha256: null }],
  })
  const second = checkpoint(2, { b: [150 * KB, 2] })
  const inherits = { ...second, channelVersions: new Map([...second.channelVersions, ['a', 1]]) }
  const take = (converter: ThreadConverter) => {
    converter.checkpoint({ ...first, channelValues: new Map() })
    converter.checkpoint(inherits)
  }
  const version = `${'1'.padStart(32, '0')}.0.7`
  expect(converted('python', take, known(version)).findings).toMatchObject([tooLarge(/^channel values/)])
})

test('writes of one checkpoint are counted together too, and only those that have no room are left out', () => {
  const write = (n: number, idx: number, bytes: number) => ({
    ...ids(n),
    taskId: 'task',
    taskPath: '',
    idx,
    channel: 'c',
    value: listOf(bytes),
    origin,
  })
  const { writes, findings, thread } = converted('python', (converter) => {
    converter.checkpoint(checkpoint(1, {}))
    converter.checkpoint(checkpoint(2, {}))
    converter.write(write(1, 0, 200 * KB))
    converter.write(write(1, 1, 150 * KB))
    converter.write(write(1, 2, 10 * KB))
    converter.write(write(2, 3, 250 * KB))
  })
  expect(writes).toEqual([0, 2, 3])
  expect(findings).toMatchObject([
    { checkpointId: '1f1e-1', ...tooLarge(/^write task:1, channel c: writes of 358\d+ bytes together$/) },
  ])
  expect(thread.completeness).toBe('partial')
})

test('the bound is half of what Postgres gives a single value', () => {
  expect(MAX_JOINED_BYTES).toBe(2 ** 29)
})
