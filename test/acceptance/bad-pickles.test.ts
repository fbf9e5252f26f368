/** Damaged and hostile pickles: each is named with its key and reason, none is executed, and all beside them is moved. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../corpus/cases.js'
import type { KeyLine } from '../corpus/load.js'
import { sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { type BadDatabase, expectGoodThreads, migrateBad, NO_ROWS, PAYLOAD, stringKey } from './bad-input.js'
import { idAt } from './documents.js'
import {
  bigInt,
  build,
  checkpointTuple,
  dict,
  global,
  inst,
  int,
  list,
  newObj,
  newObjEx,
  obj,
  type Pickled,
  pickle,
  RECURSIVE_LIST,
  rawText,
  reduce,
  stackGlobal,
  text,
  tuple,
} from './pickle-assembler.js'

const GOOD = fixture('pickle/f1-protocol4')
const folder = mkdtempSync(join(tmpdir(), 'cp-migrate-hostile-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Each makes a file or a folder of that name as soon as it is loaded by Python. */
const ATTACKS: Readonly<Record<string, (mark: string) => Pickled>> = {
  'GLOBAL and REDUCE': (mark) => reduce(global('os', 'mkdir'), tuple(text(mark))),
  'STACK_GLOBAL and REDUCE': (mark) => reduce(stackGlobal('os', 'mkdir'), tuple(text(mark))),
  INST: (mark) => inst('os', 'mkdir', text(mark)),
  OBJ: (mark) => obj(global('os', 'mkdir'), text(mark)),
  // The only common class that opens a file before it is initialised.
  NEWOBJ: (mark) =>
    newObj(global('numpy', 'memmap'), tuple(text(mark), text('uint8'), text('w+'), int(0), tuple(int(1)))),
  NEWOBJ_EX: (mark) =>
    newObjEx(global('numpy', 'memmap'), tuple(text(mark)), dict({ mode: text('w+'), shape: tuple(int(1)) })),
  // The first state plants a __setstate__, the second one goes to it.
  BUILD: (mark) =>
    build(
      build(newObj(global('argparse', 'Namespace'), tuple()), dict({ __setstate__: global('os', 'mkdir') })),
      text(mark),
    ),
}

const PLACES: Readonly<Record<string, (threadId: string, value: Pickled) => Pickled>> = {
  'in place of a checkpoint': (_threadId, value) => value,
  'in a channel': (threadId, value) => checkpointTuple(threadId, idAt(1), { messages: list(value) }),
  'in the metadata': (threadId, value) =>
    checkpointTuple(threadId, idAt(1), {}, { metadata: dict({ x: value }) }),
  'as a channel version': (threadId, value) =>
    checkpointTuple(threadId, idAt(1), { messages: list() }, { version: value }),
}

const attacks = [0, 2, 4].flatMap((protocol) =>
  Object.entries(ATTACKS).map(([opcodes, attack]) => ({
    name: `${opcodes} of protocol ${protocol}`,
    attempts: Object.entries(PLACES).map(([where, place]) => {
      const threadId = `${opcodes} of protocol ${protocol} ${where}`.replaceAll(' ', '-')
      const markOf = (victim: string) => join(folder, `${victim}-${threadId}`)
      const bytesFor = (victim: string) => pickle(protocol, place(threadId, attack(markOf(victim))))
      return { threadId, key: `checkpoint:${threadId}:${idAt(1)}`, markOf, bytesFor }
    }),
  })),
)
const attempts = attacks.flatMap((attack) => attack.attempts)

describe('a hostile pickle', () => {
  let bad: BadDatabase
  beforeAll(async () => {
    bad = await migrateBad(
      attempts.map(({ key, bytesFor }) => stringKey(key, bytesFor('cp-migrate'))),
      GOOD,
    )
  })

  test('is one: Python executes every one of these', async () => {
    await runPython(LOAD_ALL, {
      input: attempts.map(({ bytesFor }) => bytesFor('python').toString('base64')),
    })
    for (const { threadId, markOf } of attempts) expect(existsSync(markOf('python')), threadId).toBe(true)
  })

  test.each(attacks)('with $name is named and never executed, wherever it stands', async ({ attempts }) => {
    for (const { key, threadId, markOf } of attempts) {
      expect(existsSync(markOf('cp-migrate'))).toBe(false)
      const findings = bad.first.findings.filter((one) => one.key === key)
      expect(findings).toMatchObject([{ kind: 'rejected', threadId, checkpointId: idAt(1) }])
      expect(findings[0]?.reason).toMatch(/^(unsupported-value|not-a-checkpoint|undecodable)$/)
      expect(findings[0]?.detail).toMatch(/os\.mkdir|numpy\.memmap|a second state|a version in/)
      expect(await bad.rowsOf(threadId)).toEqual(NO_ROWS)
    }
  })

  test('takes nothing with it: the exit code is 3, and all real threads are there', async () => {
    expect(bad.first.exit).toBe(3)
    expect(bad.first.report.threads.rejected).toBe(attempts.length)
    await expectGoodThreads(bad, GOOD)
  })
})

/** Loads each, and goes on where one fails: what it was to do is done by then. */
const LOAD_ALL = `
import base64, json, pickle, sys
for line in json.load(sys.stdin):
    try:
        pickle.loads(base64.b64decode(line))
    except Exception:
        pass # what it was to do is done by then
`

/** A thread of three checkpoints, of which one is replaced by other bytes. */
function thread(threadId: string, replaced: number, bytes: Buffer): KeyLine[] {
  return [1, 2, 3].map((n) => stringKey(keyOf(threadId, n), n === replaced ? bytes : sound(threadId, n)))
}
const keyOf = (threadId: string, n: number): string => `checkpoint:${threadId}:${idAt(n)}`
const sound = (threadId: string, n: number, channels: Readonly<Record<string, Pickled>> = {}): Buffer =>
  pickle(2, checkpointTuple(threadId, idAt(n), { messages: list(text(PAYLOAD), int(n)), ...channels }))
const cart = (state: Pickled): Pickled => build(newObj(global('app.state', 'Cart'), tuple()), state)

describe('a damaged pickle', () => {
  const length = sound('cut-100', 2).length
  const cuts = Array.from({ length: 12 }, (_, at) => 1 + Math.floor((at * (length - 2)) / 11))
  const damaged: readonly (readonly [threadId: string, channel: Pickled, reason: string, detail: RegExp])[] =
    [
      [
        'not-utf-8',
        rawText(Buffer.from([0x61, 0xff])),
        'undecodable',
        /^offset \d+: text that is not UTF-8$/,
      ],
      ['holds-itself', RECURSIVE_LIST, 'recursive-value', /contains itself/],
      ['integer', list(bigInt(2n ** 64n)), 'integer-too-large', /integer over 64 bits/],
      ['own-state', cart(text('x')), 'unsupported-value', /app\.state\.Cart/],
    ]
  let bad: BadDatabase
  beforeAll(async () => {
    bad = await migrateBad(
      [
        ...cuts.flatMap((at) => thread(`cut-${at}`, 2, sound(`cut-${at}`, 2).subarray(0, at))),
        ...thread('cut-head', 3, sound('cut-head', 3).subarray(0, 100)),
        ...damaged.flatMap(([id, channel]) => thread(id, 2, sound(id, 2, { channel }))),
        ...thread('integer-at-top', 2, sound('integer-at-top', 2, { n: bigInt(10n ** 40n) })),
        ...thread('class', 2, sound('class', 2, { cart: list(cart(dict({ n: int(1) }))) })),
      ],
      GOOD,
    )
  })

  test.each(cuts)('that ends after %i bytes is left out alone', async (at) => {
    const threadId = `cut-${at}`
    const { exit, findings } = await bad.again('--thread', threadId)
    expect(exit).toBe(3)
    expect(findings).toMatchObject([{ kind: 'rejected', key: keyOf(threadId, 2), checkpointId: idAt(2) }])
    expect(findings[0]?.detail).toMatch(at === 1 ? /byte/ : /^offset \d+: /)
    expect((await bad.rowsOf(threadId)).checkpoints).toEqual([idAt(1), idAt(3)])
  })

  test('that is the newest of its thread keeps the thread back, unless an older state is wanted', async () => {
    const first = await bad.again('--thread', 'cut-head')
    expect(first.exit).toBe(3)
    expect(first.report.threads).toMatchObject({ whole: 0, partial: 0, rejected: 1 })
    expect(first.findings.map(({ reason }) => reason)).toEqual(['undecodable', 'older-head'])
    expect(await bad.rowsOf('cut-head')).toEqual(NO_ROWS)
    const second = await bad.again('--thread', 'cut-head', '--allow-older-head')
    expect(second.exit).toBe(3)
    expect(second.report.threads).toMatchObject({ partial: 1, rejected: 0 })
    expect((await bad.rowsOf('cut-head')).checkpoints).toEqual([idAt(1), idAt(2)])
  })

  test.each(damaged)('is named by what is wrong with it: %s', async (threadId, _channel, reason, detail) => {
    const { exit, findings } = await bad.again('--thread', threadId)
    expect(exit).toBe(3)
    expect(findings).toMatchObject([{ reason, key: keyOf(threadId, 2), checkpointId: idAt(2) }])
    expect(findings[0]?.detail).toMatch(detail)
    expect((await bad.rowsOf(threadId)).checkpoints).toEqual([idAt(1), idAt(3)])
  })

  test('is none where an integer over 64 bits is a channel of its own: JSONB holds it', async () => {
    expect(await bad.again('--thread', 'integer-at-top')).toMatchObject({ exit: 0, findings: [] })
    const rows = await sql(bad.postgresUrl, INLINED, ['integer-at-top', idAt(2), 'n'])
    expect(rows).toEqual([{ value: String(10n ** 40n) }])
  })

  test('is none where a class is of the user: its name and attributes go over', async () => {
    expect(await bad.again('--thread', 'class')).toMatchObject({ exit: 0, findings: [] })
    const [row] = await sql<{ blob: Buffer }>(bad.postgresUrl, BLOB, ['class', 'cart'])
    expect(row?.blob.toString('latin1')).toMatch(/app\.state.*Cart/)
  })

  test('takes nothing with it', async () => {
    expect(bad.first.exit).toBe(3)
    await expectGoodThreads(bad, GOOD)
  })
})

const INLINED = `SELECT checkpoint -> 'channel_values' ->> $3 AS value FROM checkpoints
  WHERE thread_id = $1 AND checkpoint_id = $2`
const BLOB = 'SELECT blob FROM checkpoint_blobs WHERE thread_id = $1 AND channel = $2'
