/** What the JavaScript dialect makes of a thread: which version each channel gets, which blobs are written, what is said about it. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConvertedThread } from '../../../src/convert/converter.js'
import { DIALECTS } from '../../../src/convert/dialects.js'
import type { Finding } from '../../../src/model/finding.js'
import { type KnownThread, UNKNOWN_THREAD } from '../../../src/model/rows.js'
import { jsBlob, jsCheckpoint, jsId, jsShallow, jsWrite } from '../../layouts/js/documents.js'
import { type Key, readKeys } from '../../layouts/read-case.js'

interface Row {
  readonly id: string
  readonly versions: Record<string, number | string>
  readonly seen: Record<string, Record<string, number | string>>
  readonly jsonb: string
}

interface Converted {
  readonly rows: readonly Row[]
  /** `channel version` → JSON text; null for a row of type `empty`. */
  readonly blobs: Map<string, string | null>
  readonly writes: readonly string[]
  readonly findings: readonly Finding[]
  readonly thread: ConvertedThread
  /** What a later pass starts from. */
  readonly known: KnownThread
  /** What the official reader would find of a checkpoint. */
  valuesOf(n: number): Record<string, unknown>
}

function convert(keys: readonly Key[], known: KnownThread = UNKNOWN_THREAD): Converted {
  const { checkpoints, writes, channelValues, findings: ofReader } = readKeys(keys)
  const rows: Row[] = []
  const blobs = new Map<string, string | null>()
  const writeRows: string[] = []
  const findings: Finding[] = []
  const sink = {
    checkpointRow: (row: { checkpointId: string; checkpoint: Buffer }) => {
      const jsonb = row.checkpoint.toString()
      const { channel_versions: versions, versions_seen: seen } = JSON.parse(jsonb)
      rows.push({ id: row.checkpointId, versions, seen, jsonb })
    },
    blobRow: ({
      channel,
      version,
      type,
      blob,
    }: {
      channel: string
      version: string
      type: string
      blob: Buffer | null
    }) => {
      expect(type).toBe(blob === null ? 'empty' : 'json')
      expect(blobs).not.toContain(`${channel} ${version}`)
      blobs.set(`${channel} ${version}`, blob === null ? null : blob.toString())
    },
    writeRow: ({ idx, type, blob }: { idx: number; type: string; blob: Buffer }) => {
      writeRows.push(`${idx} ${type} ${blob}`)
    },
  }
  const converter = DIALECTS.js('t', known, sink, (finding) => findings.push(finding), {
    allowOlderHead: false,
    copiesBytes: 1024 * 1024,
  })
  for (const { checkpointId } of ofReader) if (checkpointId) converter.unreadable('', checkpointId)
  for (const checkpoint of checkpoints) converter.checkpoint(checkpoint)
  for (const write of writes) converter.write(write)
  for (const value of channelValues) converter.channelValue(value)
  const thread = converter.end()
  const valuesOf = (n: number) => {
    const { versions } = rows.find(({ id }) => id === jsId(n))!
    const found = Object.entries(versions).map(([channel, version]) => [
      channel,
      blobs.get(`${channel} ${version}`),
    ])
    return Object.fromEntries(
      found.flatMap(([channel, text]) => (typeof text === 'string' ? [[channel, JSON.parse(text)]] : [])),
    )
  }
  return {
    rows,
    blobs,
    writes: writeRows,
    findings,
    thread,
    known: knownOf(checkpoints, rows, blobs),
    valuesOf,
  }
}

function knownOf(
  checkpoints: ReturnType<typeof readKeys>['checkpoints'],
  rows: readonly Row[],
  blobs: ReadonlyMap<string, string | null>,
): KnownThread {
  const parents = new Map(checkpoints.map((one) => [one.checkpointId, one.parentCheckpointId]))
  return {
    checkpoints: rows.map(({ id, versions, seen }) => ({
      checkpointNs: '',
      checkpointId: id,
      parentCheckpointId: parents.get(id) ?? null,
      channelVersions: new Map(Object.entries(versions)),
      versionsSeen: new Map(Object.entries(seen).map(([node, all]) => [node, new Map(Object.entries(all))])),
    })),
    blobs: [...blobs].map(([name, text]) => {
      const [channel = '', version = ''] = name.split(' ')
      const sha256 = text === null ? null : createHash('sha256').update(text).digest()
      const type = text === null ? 'empty' : 'json'
      return { checkpointNs: '', channel, version, type, sha256, bytes: text?.length ?? 0 }
    }),
  }
}

const reasons = ({ findings }: Converted) =>
  findings.map(({ reason, detail }) => `${reason}: ${detail ?? ''}`)

describe('a thread without forks', () => {
  it('has a blob for each version, empty where the channel has no value, and no value in the checkpoint', () => {
    const done = convert([
      jsCheckpoint(1, { versions: { __start__: 1 }, values: { __start__: { a: 1 } } }),
      jsCheckpoint(2, { versions: { __start__: 2, a: 2, t: 2 }, values: { a: 1e21, t: null } }),
      jsCheckpoint(3, { versions: { __start__: 2, a: 2, t: 3 }, values: {} }),
    ])
    expect([...done.blobs]).toEqual([
      ['__start__ 1', '{"a":1}'],
      ['__start__ 2', null],
      ['a 2', '1e+21'],
      ['t 2', 'null'],
      ['t 3', null],
    ])
    expect(done.rows.map(({ versions }) => versions)).toEqual([
      { __start__: 1 },
      { __start__: 2, a: 2, t: 2 },
      { __start__: 2, a: 2, t: 3 },
    ])
    expect(done.rows.every(({ jsonb }) => !jsonb.includes('channel_values'))).toBe(true)
    expect(done.valuesOf(3)).toEqual({ a: 1e21 })
  })

  it('keeps versions as they are spelled, numbers as numbers and texts as texts', () => {
    const versions = { a: 2.5, b: 3, c: '00000000000000000000000000000002.0.7' }
    const [row] = convert([jsCheckpoint(1, { versions, values: {}, seen: { n: { a: 2.5, z: 1 } } })]).rows
    expect(row?.jsonb).toContain(
      '"channel_versions":{"a":2.5,"b":3,"c":"00000000000000000000000000000002.0.7"}',
    )
    expect(row?.jsonb).toContain('"versions_seen":{"n":{"a":2.5,"z":1}}')
  })

  it('says how many values only ancestors had, below 1.0.10, and nothing where blobs have them too', () => {
    const keys = [
      jsCheckpoint(1, { versions: { a: 1, e: 1 }, values: { a: 'x' } }),
      jsCheckpoint(2, { versions: { a: 1, e: 1, b: 2 }, values: { b: 1 } }),
      jsCheckpoint(3, { versions: { a: 1, e: 1, b: 2 }, values: {} }),
    ]
    expect(reasons(convert(keys))).toEqual([
      'channel-rebuilt: 3 values that checkpoints share with an ancestor',
    ])
    expect(reasons(convert([...keys, jsBlob('a', 1, 'x'), jsBlob('b', 2, 1)]))).toEqual([])
    expect(convert(keys).valuesOf(3)).toEqual({ a: 'x', b: 1 })
  })

  it('says which channel the official saver cannot keep', () => {
    const done = convert([
      jsCheckpoint(1, { versions: { a: 1 }, values: { a: 1, loose: 2, __pregel_tasks: [] } }),
    ])
    expect(reasons(done)).toEqual(['channel-without-version: channel loose'])
  })

  it('writes what was undefined as the official saver does', () => {
    const { writes } = convert([
      jsCheckpoint(1),
      jsWrite(1, 0, {}),
      jsWrite(1, 1, { channel: '__error__', value: 'no' }),
    ])
    expect(writes.toSorted()).toEqual(['-1 json "no"', '0 json {"lc":2,"type":"undefined"}'])
  })
})

/** Two branches from checkpoint 1: main 2, 3 and fork 4, 5, under the same numbers. */
const FORKED = [
  jsCheckpoint(1, { versions: { l: 1, t: 1 }, values: { l: ['a'], t: null } }),
  jsCheckpoint(2, { versions: { l: 2, t: 2 }, values: { l: ['a', 'main'] }, seen: { n: { t: 1 } } }),
  jsCheckpoint(3, {
    versions: { l: 3, t: 2 },
    values: { l: ['a', 'main', 'b'] },
    seen: { n: { t: 1, l: 2 } },
  }),
  jsCheckpoint(4, {
    parent: 1,
    versions: { l: 2, t: 2 },
    values: { l: ['a', 'fork'], t: null },
    seen: { n: { t: 1 } },
  }),
  jsCheckpoint(5, {
    parent: 4,
    versions: { l: 3, t: 2 },
    values: { l: ['a', 'fork', 'b'] },
    seen: { n: { t: 2, l: 2 } },
  }),
]

describe('forks under one number', () => {
  it('keep their own values, the later branch under numbers of its own', () => {
    const done = convert(FORKED)
    expect([1, 2, 3, 4, 5].map((n) => done.valuesOf(n))).toEqual([
      { l: ['a'], t: null },
      { l: ['a', 'main'] },
      { l: ['a', 'main', 'b'] },
      { l: ['a', 'fork'], t: null },
      { l: ['a', 'fork', 'b'], t: null },
    ])
    expect(done.rows.map(({ versions }) => versions)).toEqual([
      { l: 1, t: 1 },
      { l: 2, t: 2 },
      { l: 3, t: 2 },
      { l: 2.5, t: 2.5 },
      { l: 3.5, t: 2.5 },
    ])
    expect(reasons(done)).toEqual([
      'version-renumbered: channel l',
      'version-renumbered: channel t',
      'version-renumbered: channel l',
      'channel-rebuilt: 1 values that checkpoints share with an ancestor',
    ])
  })

  it('take what their nodes have seen along', () => {
    const { rows } = convert(FORKED)
    expect(rows.map(({ seen }) => seen.n)).toEqual([
      undefined,
      { t: 1 },
      { t: 1, l: 2 },
      { t: 1 },
      { t: 2.5, l: 2.5 },
    ])
  })

  it('share a number where their values are equal, whatever the order of keys', () => {
    const done = convert([
      jsCheckpoint(1, { values: {}, versions: {} }),
      jsCheckpoint(2, { values: { o: { a: 1, b: 2 } }, versions: { o: 2 } }),
      jsCheckpoint(3, { parent: 1, values: { o: { b: 2, a: 1 } }, versions: { o: 2 } }),
    ])
    expect([...done.blobs.keys()]).toEqual(['o 2'])
    expect(reasons(done)).toEqual([])
  })

  it('get the same numbers in a later pass, also when what came before is gone from Redis', () => {
    const first = convert(FORKED)
    const again = convert(FORKED, first.known)
    expect(again.rows).toEqual(first.rows)
    const grown = jsCheckpoint(6, {
      parent: 5,
      versions: { l: 4, t: 2 },
      values: { l: ['new'] },
      seen: { n: { l: 3 } },
    })
    const later = convert([FORKED[4]!, grown], first.known)
    expect(later.rows.map(({ versions, seen }) => [versions, seen.n])).toEqual([
      [
        { l: 3.5, t: 2.5 },
        { t: 2.5, l: 2.5 },
      ],
      [{ l: 4, t: 2.5 }, { l: 3.5 }],
    ])
    expect([...later.blobs.keys()]).toEqual(['l 4'])
    expect(reasons(later).filter((reason) => reason.startsWith('value-lost'))).toEqual([])
  })

  it('of texts for versions get a text of their own', () => {
    const done = convert([
      jsCheckpoint(1, { versions: {}, values: {} }),
      jsCheckpoint(2, { versions: { a: '2.0.1' }, values: { a: 'main' } }),
      jsCheckpoint(3, { parent: 1, versions: { a: '2.0.1' }, values: { a: 'fork' } }),
    ])
    expect([done.valuesOf(2), done.valuesOf(3)]).toEqual([{ a: 'main' }, { a: 'fork' }])
  })

  it('made by __copy__ have what they were copied from', () => {
    const done = convert([
      jsCheckpoint(1, { versions: { l: 1 }, values: { l: 1 } }),
      jsCheckpoint(2, { versions: { l: 2, e: 2 }, values: { l: 'main' } }),
      jsCheckpoint(3, { parent: 1, versions: { l: 2, e: 2 }, values: { l: 'other' } }),
      jsCheckpoint(4, { parent: 1, versions: { l: 2, e: 2 }, values: {}, metadata: { source: 'fork' } }),
      jsCheckpoint(5, { parent: 4, versions: { l: 2, e: 2, x: 3 }, values: { x: 1 } }),
    ])
    expect(done.valuesOf(4)).toEqual(done.valuesOf(3))
    expect(done.valuesOf(5)).toEqual({ l: 'other', x: 1 })
    expect(done.rows[3]?.versions).toEqual(done.rows[2]?.versions)
  })

  it('mutated in place get numbers that never fall', () => {
    const versions = { l: 7 }
    const { rows } = convert(
      Array.from({ length: 200 }, (_, n) => jsCheckpoint(n + 1, { versions, values: { l: n } })),
    )
    const numbers = rows.map((row) => Number(row.versions.l))
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(new Set(numbers).size).toBe(200)
    expect(numbers.every((number) => number >= 7 && number < 8)).toBe(true)
  })
})

describe('checkpoints whose ancestors are gone', () => {
  const orphan = jsCheckpoint(5, { parent: 4, versions: { a: 2, b: 3, 'branch:to:n': 3 }, values: { b: 1 } })
  const child = jsCheckpoint(6, { parent: 5, versions: { a: 2, b: 4, 'branch:to:n': 3 }, values: { b: 2 } })

  it('have their values from blobs', () => {
    const done = convert([orphan, child, jsBlob('a', 2, 'kept'), jsBlob('b', 3, 1), jsBlob('b', 4, 2)])
    expect([done.valuesOf(5), done.valuesOf(6)]).toEqual([
      { a: 'kept', b: 1 },
      { a: 'kept', b: 2 },
    ])
    expect(reasons(done)).toEqual([])
    expect(done.thread.completeness).toBe('whole')
  })

  it('have lost what no blob holds, each channel by name; what lives for one step is no loss', () => {
    const done = convert([orphan, child])
    expect(done.valuesOf(6)).toEqual({ b: 2 })
    expect(reasons(done)).toEqual(['value-lost-at-source: channel a: the checkpoint that stored it is gone'])
    expect(done.blobs.get('a 2')).toBeNull()
  })

  it('never take another branch for their own', () => {
    const other = jsCheckpoint(1, { parent: 0, versions: { a: 2 }, values: { a: 'other branch' } })
    const done = convert([other, orphan, jsBlob('a', 2, 'own')])
    expect(done.valuesOf(1)).toEqual({ a: 'other branch' })
    expect(done.valuesOf(5)).toEqual({ a: 'own', b: 1 })
  })

  it('take a blob only then: a fork may have overwritten it', () => {
    const done = convert([
      ...FORKED.slice(0, 3),
      jsBlob('l', 2, 'overwritten'),
      jsBlob('t', 2, 'overwritten'),
    ])
    expect([done.valuesOf(2), done.valuesOf(3)]).toEqual([{ l: ['a', 'main'] }, { l: ['a', 'main', 'b'] }])
  })
})

describe('what cannot be kept', () => {
  it('leaves out its checkpoint and those that need it', () => {
    const done = convert([
      jsCheckpoint(1),
      jsCheckpoint(2, { versions: { c: 1, 'a\\b': 2 }, values: { 'a\\b': 1 } }),
      jsCheckpoint(3, { versions: { c: 1, 'a\\b': 2 }, values: {} }),
    ])
    expect(done.rows.map(({ id }) => id)).toEqual([jsId(1)])
    expect(done.findings.map(({ reason }) => reason)).toEqual(['backslash-in-id', 'backslash-in-id'])
    expect(done.thread.completeness).toBe('partial')
  })

  it('leaves out the thread where a checkpoint needs a value of one that cannot be read, unless a blob has it', () => {
    const keys = [
      jsCheckpoint(4, { versions: { a: { no: 'version' } as never } }),
      jsCheckpoint(5, { versions: { a: 2 }, values: {} }),
    ]
    const done = convert(keys)
    expect(done.thread.completeness).toBe('rejected')
    expect(reasons(done)).toEqual([
      `undecodable: channel a stands in checkpoint ${jsId(4)}, which is left out`,
    ])
    const saved = convert([...keys, jsBlob('a', 2, 'kept')])
    expect(saved.thread.completeness).toBe('partial')
    expect(saved.valuesOf(5)).toEqual({ a: 'kept' })
  })
})

describe('the shallow saver', () => {
  it('has every value in its document; what is not there is absent', () => {
    const done = convert([jsShallow(9, { versions: { a: 3, e: 4 }, values: { a: [1] } })])
    expect([...done.blobs]).toEqual([
      ['a 3', '[1]'],
      ['e 4', null],
    ])
    expect(reasons(done)).toEqual([])
  })
})

/** Any history: each checkpoint is the child of an earlier one and changes some channels, as LangGraph numbers them. */
const history = fc.array(
  fc.record({ parent: fc.nat(), changes: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat(3)) }),
  {
    minLength: 1,
    maxLength: 25,
  },
)

describe('any history', () => {
  it('gives every checkpoint its own values, in the same order of versions, and nothing anew in a second pass', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const made = playedOut(steps)
        const keys = made.map(({ n, parent, versions, changed }) =>
          jsCheckpoint(n, { parent, versions, values: changed }),
        )
        const done = convert(keys)
        for (const { n, parent, state, versions } of made) {
          expect(done.valuesOf(n)).toEqual(state)
          const own = done.rows[n - 1]!.versions
          expect(
            Object.entries(own).map(([channel, version]) => [channel, Math.floor(Number(version))]),
          ).toEqual(Object.entries(versions))
          const before = done.rows[parent - 1]?.versions ?? {}
          for (const [channel, version] of Object.entries(own)) {
            const same = made[parent - 1]?.versions[channel] === versions[channel]
            if (same) expect(version).toBe(before[channel])
            else if (before[channel] !== undefined)
              expect(Number(version)).toBeGreaterThan(Number(before[channel]))
          }
        }
        const again = convert(keys, done.known)
        expect(again.rows).toEqual(done.rows)
        expect([...again.blobs.keys()]).toEqual([])
      }),
    )
  })
})

interface Made {
  readonly n: number
  readonly parent: number
  readonly versions: Record<string, number>
  readonly changed: Record<string, unknown>
  readonly state: Record<string, unknown>
}

function playedOut(steps: readonly { parent: number; changes: Record<string, number> }[]): Made[] {
  const made: Made[] = []
  for (const [at, { parent, changes }] of steps.entries()) {
    const from = at === 0 ? undefined : made[parent % at]!
    const next = 1 + Math.max(0, ...Object.values(from?.versions ?? {}))
    const versions = { ...from?.versions }
    for (const channel of Object.keys(changes)) versions[channel] = next
    made.push({
      n: at + 1,
      parent: from?.n ?? 0,
      versions,
      changed: changes,
      state: { ...from?.state, ...changes },
    })
  }
  return made
}
