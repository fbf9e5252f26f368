/** Documents, ids and keys that Postgres or its official reader cannot hold: each is named, and left out alone. */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ReasonId } from '../../src/model/finding.js'
import type { KeyLine } from '../corpus/load.js'
import { sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import {
  type BadDatabase,
  documentKey,
  expectGoodThreads,
  type FoundFinding,
  migrateBad,
  PAYLOAD,
  stringKey,
} from './bad-input.js'
import {
  type CheckpointParts,
  checkpointDocument,
  idAt,
  TASK_ID,
  type WriteParts,
  writeDocument,
} from './documents.js'

type Expected = readonly [reason: ReasonId, key: string | undefined, detail?: string | RegExp]

interface BadCase {
  readonly what: string
  readonly threadId: string
  readonly keys: readonly KeyLine[]
  readonly found: readonly Expected[]
  /** 3 where nothing is said. */
  readonly exit?: 0 | 3
  /** Numbers of the checkpoints that are migrated; both the first and the third where nothing is said. */
  readonly checkpoints?: readonly number[]
  readonly writes?: number
}

const checkpoint = (threadId: string, n: number, more: Partial<CheckpointParts> = {}): KeyLine =>
  checkpointDocument({
    threadId,
    checkpointId: idAt(n),
    ...(n > 1 && { parentId: idAt(n - 1) }),
    channels: { messages: `["${PAYLOAD}"]` },
    ...more,
  })
const write = (threadId: string, idx: number, more: Partial<WriteParts> = {}): KeyLine =>
  writeDocument({ threadId, checkpointId: idAt(1), idx, blob: `"${PAYLOAD}"`, ...more })
const keyOf = (threadId: string, n: number): string => `checkpoint:${threadId}:__empty__:${idAt(n)}`
const writeKeyOf = (threadId: string, idx: number, taskId = TASK_ID): string =>
  `checkpoint_write:${threadId}:__empty__:${idAt(1)}:${taskId}:${idx}`

/** Three checkpoints, of which the second has something wrong. */
const second = (threadId: string, more: Partial<CheckpointParts>): KeyLine[] => [
  checkpoint(threadId, 1),
  checkpoint(threadId, 2, more),
  checkpoint(threadId, 3),
]

/** Hex digits that Postgres cannot compress. */
const longText = (length: number): string =>
  randomBytes(Math.ceil(length / 2))
    .toString('hex')
    .slice(0, length)
const DEEP_NS = Array.from({ length: 12 }, () => `node:${TASK_ID}`).join('|')
const LONG_TEXT = 'long '.repeat(3_500_000)
const LONG = { thread: longText(2690), deep: `long-${longText(1990)}`, channel: longText(2660) } as const

const DOCUMENTS: readonly BadCase[] = [
  ...Object.entries({ 'no checkpoint': undefined, null: null, '{}': {}, text: 'text', '[]': [] }).map(
    ([what, value]): BadCase => ({
      what: `a document whose checkpoint is ${what}`,
      threadId: `checkpoint-${what}`,
      keys: second(`checkpoint-${what}`, { change: { checkpoint: value } }),
      found: [['not-a-checkpoint', keyOf(`checkpoint-${what}`, 2), 'no checkpoint in it']],
    }),
  ),
  {
    what: 'a newest document without a checkpoint, whose thread would open at an older state',
    threadId: 'headless',
    keys: [checkpoint('headless', 1), checkpoint('headless', 2, { change: { checkpoint: undefined } })],
    found: [
      ['not-a-checkpoint', keyOf('headless', 2), 'no checkpoint in it'],
      ['older-head', undefined],
    ],
    checkpoints: [],
  },
  {
    what: 'a document that holds nothing but a flag, which never was a checkpoint',
    threadId: 'stub',
    keys: [
      checkpoint('stub', 1),
      checkpoint('stub', 3),
      documentKey(keyOf('stub', 2), '{"has_writes":"true"}'),
    ],
    found: [['stub-document', keyOf('stub', 2)]],
    exit: 0,
  },
  {
    what: 'a document of another application under a key of ours',
    threadId: 'look-alike',
    keys: [
      checkpoint('look-alike', 1),
      checkpoint('look-alike', 3),
      documentKey(keyOf('look-alike', 2), '{"a":1}'),
    ],
    found: [['not-a-checkpoint', keyOf('look-alike', 2), 'ReJSON-RL of 7 bytes that no saver wrote']],
  },
  {
    what: 'channel versions that are no object',
    threadId: 'versions',
    keys: second('versions', {
      change: { checkpoint: { type: 'json', v: 4, id: idAt(2), channel_values: {}, channel_versions: [] } },
    }),
    found: [['undecodable', keyOf('versions', 2), /^offset \d+: no object begins here$/]],
  },
  {
    what: 'metadata that is no JSON',
    threadId: 'metadata',
    keys: second('metadata', { metadata: '{"source":' }),
    found: [['undecodable', keyOf('metadata', 2), /ends inside a value/]],
  },
  {
    what: 'a NUL in the metadata, which JSONB cannot hold',
    threadId: 'nul-metadata',
    keys: second('nul-metadata', { metadata: '{"source":"lo\\u0000op","k\\u0000":1}' }),
    found: [['nul-removed', keyOf('nul-metadata', 2), 'metadata']],
    exit: 0,
    checkpoints: [1, 2, 3],
  },
]

const IDS: readonly BadCase[] = [
  {
    what: 'a NUL in the thread id',
    threadId: 'nul\0thread',
    keys: [checkpoint('nul\0thread', 1), write('nul\0thread', 0)],
    found: [['nul-in-id', keyOf('nul\0thread', 1), 'thread id']],
    checkpoints: [],
  },
  {
    what: 'a NUL in the name of a channel with a blob',
    threadId: 'nul-blob',
    keys: second('nul-blob', { channels: { messages: '["x"]', 'a\0b': '["y"]' } }),
    found: [['nul-in-id', keyOf('nul-blob', 2), 'channel']],
  },
  {
    what: 'a NUL in the name of a channel without one',
    threadId: 'nul-channel',
    keys: second('nul-channel', { channels: { messages: '["x"]', 'a\0b': '1' } }),
    found: [['nul-in-id', keyOf('nul-channel', 2), 'channel']],
  },
  {
    what: 'a NUL in the parent id',
    threadId: 'nul-parent',
    keys: second('nul-parent', { parentId: 'a\0b' }),
    found: [['nul-in-id', keyOf('nul-parent', 2), 'parent checkpoint id']],
  },
  {
    what: 'a NUL in a namespace',
    threadId: 'nul-ns',
    keys: [
      ...[1, 3].map((n) => checkpoint('nul-ns', n)),
      checkpoint('nul-ns', 2, { checkpointNs: `su\0b:${TASK_ID}` }),
    ],
    found: [['nul-in-id', `checkpoint:nul-ns:su\0b:${TASK_ID}:${idAt(2)}`, 'namespace']],
  },
  {
    what: 'a NUL in the task id or channel of a write',
    threadId: 'nul-write',
    keys: [
      ...[1, 3].map((n) => checkpoint('nul-write', n)),
      write('nul-write', 0, { taskId: 't\0t' }),
      write('nul-write', 1, { channel: 'c\0c' }),
      write('nul-write', 2),
    ],
    found: [
      ['nul-in-id', writeKeyOf('nul-write', 1), /channel$/],
      ['nul-in-id', writeKeyOf('nul-write', 0, 't\0t'), /task id$/],
    ],
    writes: 1,
  },
  {
    what: 'a NUL in channel values, which msgpack holds',
    threadId: 'nul-value',
    keys: second('nul-value', { channels: { messages: '["a\\u0000b"]', text: '"a\\u0000b"' } }),
    found: [],
    exit: 0,
    checkpoints: [1, 2, 3],
  },
  {
    what: 'a backslash in the name of a channel with a blob, over which the official reader fails',
    threadId: 'backslash',
    keys: second('backslash', { channels: { messages: '["x"]', 'a\\b': '["y"]' } }),
    found: [['backslash-in-id', keyOf('backslash', 2), /^channel "a\\\\b"$/]],
  },
  {
    what: 'a backslash in the task id or channel of a write',
    threadId: 'backslash-write',
    keys: [
      ...[1, 3].map((n) => checkpoint('backslash-write', n)),
      write('backslash-write', 0, { taskId: 't\\t' }),
      write('backslash-write', 1, { channel: 'c\\c' }),
      write('backslash-write', 2),
    ],
    found: [
      ['backslash-in-id', writeKeyOf('backslash-write', 1), /channel "c\\\\c"$/],
      ['backslash-in-id', writeKeyOf('backslash-write', 0, 't\\t'), /task id "t\\\\t"$/],
    ],
    writes: 1,
  },
  {
    what: 'a backslash where the official reader does not mind: in ids, and in a channel that stays in the JSONB',
    threadId: 'back\\slash',
    keys: [
      ...second('back\\slash', { channels: { messages: '["x"]', 'a\\b': '1' } }),
      checkpoint('back\\slash', 4, { checkpointNs: `su\\b:${TASK_ID}` }),
    ],
    found: [],
    exit: 0,
    checkpoints: [1, 2, 3, 4],
  },
  {
    what: 'a thread id over the size of an index row',
    threadId: LONG.thread,
    keys: [checkpoint(LONG.thread, 1)],
    found: [['too-large', keyOf(LONG.thread, 1), /^index row of 27\d\d bytes$/]],
    checkpoints: [],
  },
  {
    what: 'a long thread id, a deep namespace and a long channel that are over it together',
    threadId: LONG.deep,
    keys: [
      ...[1, 3].map((n) => checkpoint(LONG.deep, n)),
      checkpoint(LONG.deep, 2, {
        checkpointNs: DEEP_NS,
        channels: { messages: '["x"]', [longText(200)]: '["x"]' },
      }),
    ],
    found: [['too-large', `checkpoint:${LONG.deep}:${DEEP_NS}:${idAt(2)}`, /index row of \d+ bytes$/]],
  },
  {
    what: 'a channel whose name is over it, and one whose value stays in the JSONB',
    threadId: 'long-channel',
    keys: [
      ...second('long-channel', { channels: { messages: '["x"]', [LONG.channel]: '["x"]' } }),
      checkpoint('long-channel', 4, { channels: { messages: '["x"]', [LONG.channel]: '1' } }),
    ],
    found: [['too-large', keyOf('long-channel', 2), /index row of \d+ bytes$/]],
    checkpoints: [1, 3, 4],
  },
]

const WRITES: readonly BadCase[] = (
  [
    ['cut JSON', { blob: '{"a":' }, 'undecodable', /ends inside a value/],
    ['JSON that is not UTF-8', { blob: Buffer.from([0x22, 0xff, 0x22]) }, 'undecodable', /not UTF-8/],
    ['cut msgpack', { type: 'msgpack', blob: Buffer.from([0x92, 1]) }, 'undecodable', /ends inside a value/],
    ['a serialization nobody knows', { type: 'cloudpickle' }, 'undecodable', /"cloudpickle"/],
    [
      'a pickle that calls something',
      { type: 'pickle', blob: 'cos\nsystem\n(Vtrue\ntR.' },
      'unsupported-value',
      /os\.system/,
    ],
    ['an integer over 64 bits', { blob: `[${10n ** 25n}]` }, 'integer-too-large', /integer over 64 bits/],
  ] as const
).map(([what, parts, reason, detail]) => {
  const threadId = `write-${what.replaceAll(' ', '-')}`
  return {
    what: `a pending write of ${what}`,
    threadId,
    keys: [checkpoint(threadId, 1), checkpoint(threadId, 3), write(threadId, 0), write(threadId, 1, parts)],
    found: [[reason, writeKeyOf(threadId, 1), detail]],
    writes: 1,
  }
})

const NOT_UTF_8 = Buffer.from([0xff, 0xfe])
const badKey = (before: string, after: string) =>
  Buffer.concat([Buffer.from(before), NOT_UTF_8, Buffer.from(after)])

/** Keys that belong to no thread of ours. */
const ALONE: readonly KeyLine[] = [
  documentKey('checkpoint:a:note', `{"text":"${PAYLOAD}"}`),
  stringKey('checkpoint:plain', Buffer.from(PAYLOAD)),
  stringKey(`checkpoint_write:plain:${idAt(1)}`, Buffer.from(PAYLOAD)),
  { ...stringKey(`checkpoint:hash:${idAt(1)}`, Buffer.alloc(0)), type: 'hash', value: [['YQ==', 'YQ==']] },
]

describe('of what cannot be moved', () => {
  const cases = [...DOCUMENTS, ...IDS, ...WRITES]
  let bad: BadDatabase
  beforeAll(async () => {
    bad = await migrateBad([
      ...cases.flatMap(({ keys }) => keys),
      ...ALONE,
      checkpoint('long-text', 1, { channels: { text: JSON.stringify(LONG_TEXT) } }),
      checkpoint('said by the document', 1, { key: badKey('checkpoint:', `:__empty__:${idAt(1)}`) }),
      documentKey(badKey('checkpoint:', `:__empty__:${idAt(2)}`), '{"a":1}'),
    ])
  })

  test.each(cases)(
    '$what is named, and nothing else is left out',
    async ({ threadId, found, ...expected }) => {
      const ofThread = bad.first.findings.filter((one) => one.threadId === threadId)
      expect(ofThread.sort(byKey)).toEqual(found.map((one) => finding(threadId, one)))
      const again = await bad.again('--thread', threadId)
      expect(again.exit).toBe(expected.exit ?? 3)
      const rejected = ofThread.filter(({ kind }) => kind === 'rejected')
      expect(again.findings.filter(({ kind }) => kind === 'rejected').sort(byKey)).toEqual(rejected)

      const { checkpoints, writes } = await bad.rowsOf(threadId)
      expect(checkpoints).toEqual((expected.checkpoints ?? [1, 3]).map(idAt))
      expect(writes).toBe(expected.writes ?? 0)
    },
  )

  test('keys that merely look like ours are left alone, and are no reason for an exit code', async () => {
    const foreign = bad.first.findings.filter(({ reason }) => reason === 'foreign-key')
    const names = ALONE.map(({ key }) => Buffer.from(key, 'base64').toString())
    expect(foreign.map(({ key }) => key)).toEqual(expect.arrayContaining(names.slice(0, 3)))
  })

  test('a key that is not UTF-8 is shown readably and exactly; its document says which thread it is of', async () => {
    expect((await bad.rowsOf('said by the document')).checkpoints).toEqual([idAt(1)])
    const [one] = bad.first.findings.filter(({ keyBase64 }) => keyBase64 !== undefined)
    expect(one).toMatchObject({
      reason: 'not-a-checkpoint',
      key: `checkpoint:\\xff\\xfe:__empty__:${idAt(2)}`,
      keyBase64: badKey('checkpoint:', `:__empty__:${idAt(2)}`).toString('base64'),
    })
  })

  test('the exit code of all together is 3, and every real thread arrives', async () => {
    expect(bad.first.exit).toBe(3)
    await expectGoodThreads(bad)
  })

  test('texts that JSONB cannot hold well are blobs, as they were: with a NUL, or very long', async () => {
    const [nul] = await sql<{ type: string; blob: Buffer }>(bad.postgresUrl, BLOBS, ['nul-value', 'text'])
    expect(nul).toEqual({ type: 'msgpack', blob: Buffer.from('\xa3a\0b', 'latin1') })
    const [long] = await sql<{ blob: Buffer }>(bad.postgresUrl, BLOBS, ['long-text', 'text'])
    expect(long?.blob.subarray(5).equals(Buffer.from(LONG_TEXT))).toBe(true)
    const read = await runPython(LENGTH_OF_TEXT, { args: [bad.postgresUrl, 'long-text', 'text'] })
    expect(Number(read)).toBe(LONG_TEXT.length)
  })

  test('people see the same, readably, without a payload and without a control character', async () => {
    const { exit, out, err } = await bad.inWords()
    expect(exit).toBe(3)
    expect(out).toContain(`checkpoint:nul\\x00thread:__empty__:${idAt(1)}`)
    expect(out).toContain(`checkpoint:\\xff\\xfe:__empty__:${idAt(2)}`)
    expect(out).toContain('backslash in a channel name, type or task id')
    expect(out.replaceAll('\n', '') + err.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
  })

  test('the ledger remembers every one of them', async () => {
    const rows = await sql<{ reason: string }>(bad.postgresUrl, FINDINGS_OF_FIRST_RUN)
    const rejected = bad.first.findings.filter(({ kind }) => kind === 'rejected')
    expect(rows.map(({ reason }) => reason).sort()).toEqual(rejected.map(({ reason }) => reason).sort())
  })
})

const FINDINGS_OF_FIRST_RUN = `SELECT reason FROM cp_migrate.findings
  WHERE kind = 'rejected' AND run_id = (SELECT min(id) FROM cp_migrate.runs)`
const LENGTH_OF_TEXT = `
import sys
from langgraph.checkpoint.postgres import PostgresSaver
url, thread, channel = sys.argv[1:]
with PostgresSaver.from_conn_string(url) as saver:
    found = saver.get_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})
    print(len(found.checkpoint["channel_values"][channel]))
`
const BLOBS = 'SELECT type, blob FROM checkpoint_blobs WHERE thread_id = $1 AND channel = $2'

const byKey = (a: FoundFinding, b: FoundFinding): number => ((a.key ?? '~') < (b.key ?? '~') ? -1 : 1)

const finding = (threadId: string, [reason, key, detail]: Expected): FoundFinding =>
  expect.objectContaining({
    reason,
    threadId,
    ...(key !== undefined && { key }),
    ...(detail !== undefined && {
      detail: typeof detail === 'string' ? detail : expect.stringMatching(detail),
    }),
  })
