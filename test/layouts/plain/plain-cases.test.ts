/** Real databases of savers without modules and pickles: what is read of them is, row by row, what the official Postgres saver made of them. */
import { describe, expect, it } from 'vitest'
import { fixtures, fullCorpora, linesOf } from '../../corpus/cases.js'
import { type GoldenRow, idsOf, idsOfRow, keysOf, readKeys, reasonsOf } from '../read-case.js'

/** Whose values a case holds, the findings of the whole case, and keys that are no thread's. */
const CASES: Readonly<
  Record<
    string,
    { readonly layout: string; readonly reasons?: object; readonly unclaimed?: readonly string[] }
  >
> = {
  'plain/c2-colon-msgpack': { layout: 'docs-hash' },
  'plain/c3-dollar': { layout: 'docs-hash-dollar' },
  'plain/d1-valkey': { layout: 'valkey' },
  // A fork counts versions again from where it began, and the keys of values hold the version.
  'plain/e1-plainredis': {
    layout: 'plainredis',
    reasons: { 'value-overwritten': 1 },
    unclaimed: ['lg:seq', 'lg:threads'],
  },
  'plain/e2-upstash': { layout: 'upstash', unclaimed: ['checkpoint_threads'] },
}

const cases = [
  ...fixtures('plain').map((one) => ['selection', one] as const),
  ...fullCorpora('plain').map((one) => ['whole', one] as const),
]

describe.each(cases.map(([size, one]) => [`${one.name} (${size})`, size, one] as const))(
  '%s',
  (_, size, from) => {
    const reading = readKeys(keysOf(from))
    const rows = linesOf<GoldenRow>(from, 'golden.pg.jsonl')
    const { layout, reasons = {}, unclaimed = [] } = CASES[from.name]!

    it('has the checkpoints, each with its namespace and its parent', () => {
      const read = reading.checkpoints.map((one) => [idsOf(one), one.parentCheckpointId])
      const wanted = rows.filter(({ table }) => table === 'checkpoints')
      expect(read.sort()).toEqual(wanted.map((row) => [idsOfRow(row), row.parent_checkpoint_id]).sort())
    })

    it('has the writes with their tasks, indexes and paths', () => {
      const read = reading.writes.map((one) => [idsOf(one), one.taskId, one.idx, one.channel, one.taskPath])
      const wanted = rows
        .filter(({ table }) => table === 'checkpoint_writes')
        .map((row) => [idsOfRow(row), row.task_id, row.idx, row.channel, row.task_path ?? ''])
      expect(read.map(String).sort()).toEqual(wanted.map(String).sort())
    })

    it('hands on parents before children, and every record as its saver’s', () => {
      const seen = new Set<string>()
      const all = new Set(reading.checkpoints.map(idsOf))
      for (const one of reading.checkpoints) {
        const parent = JSON.stringify([one.threadId, one.checkpointNs, one.parentCheckpointId])
        if (all.has(parent)) expect(seen).toContain(parent)
        seen.add(idsOf(one))
      }
      const layouts = [...reading.checkpoints, ...reading.writes].map(({ origin }) => origin.layout)
      expect(new Set(layouts)).toEqual(new Set([layout]))
    })

    it('has no findings but those of the saver’s own faults, and leaves no key of a thread alone', () => {
      if (size === 'whole') expect(reasonsOf(reading)).toEqual(reasons)
      expect(reading.refused).toEqual([])
      expect(reading.unclaimed.sort()).toEqual(unclaimed)
      for (const { role } of reading.unread) expect(role).toBe('index')
    })
  },
)
