/** Real databases of pickling savers: what is read of them is, row by row, what the official Postgres saver made of them. */
import { describe, expect, it } from 'vitest'
import { treeOf } from '../../../src/codec/tree.js'
import type { Checkpoint } from '../../../src/model/thread.js'
import { type Case, fixtures, fullCorpora, linesOf } from '../../corpus/cases.js'
import { type GoldenRow, idsOf, idsOfRow, keysOf, readKeys, reasonsOf } from '../read-case.js'

/** Which layouts a case is made of, and what its findings are (whole cases have more of the same). */
const CASES: Readonly<
  Record<string, { readonly layouts: readonly string[]; readonly reasons: readonly string[] }>
> = {
  'pickle/f2': { layouts: ['pickle-parent-triple'], reasons: [] },
  'pickle/f3': { layouts: ['pickle-pair'], reasons: [] },
  'pickle/f4': { layouts: ['pickle-config-triple'], reasons: [] },
  'pickle/f6': { layouts: ['pickle-dict-writes'], reasons: ['parent-rebuilt'] },
  'pickle/f8': { layouts: ['memory-snapshot'], reasons: [] },
}

const cases = [...fixtures('pickle'), ...fullCorpora('pickle')].filter(({ name }) => name in CASES)

describe.each(
  cases.map(
    (one) => [`${one.name} (${one.folder.includes('fixtures') ? 'selection' : 'whole'})`, one] as const,
  ),
)('%s', (_, from: Case) => {
  const reading = readKeys(keysOf(from))
  const rows = linesOf<GoldenRow>(from, 'golden.pg.jsonl')
  const { layouts, reasons } = CASES[from.name]!
  const rebuilt = reasons.includes('parent-rebuilt')

  it('has the checkpoints, each with its namespace and its parent', () => {
    const parents = new Map(reading.checkpoints.map((one) => [idsOf(one), one.parentCheckpointId]))
    const wanted = rows.filter(({ table }) => table === 'checkpoints')
    expect([...parents.keys()].sort()).toEqual(wanted.map(idsOfRow).sort())
    if (!rebuilt) for (const row of wanted) expect(parents.get(idsOfRow(row))).toBe(row.parent_checkpoint_id)
  })

  it.runIf(rebuilt)('links every checkpoint to the one before it in its branch', () => {
    const steps = new Map(reading.checkpoints.map((one) => [one.checkpointId, stepOf(one)]))
    for (const { checkpointId, parentCheckpointId } of reading.checkpoints) {
      const step = steps.get(checkpointId)!
      if (step === -1) expect(parentCheckpointId).toBeNull()
      else expect(steps.get(parentCheckpointId!)).toBe(step - 1)
    }
    const children = reading.checkpoints.filter(({ parentCheckpointId }) => parentCheckpointId !== null)
    expect(reasonsOf(reading)['parent-rebuilt']).toBe(children.length)
  })

  it('has the writes with their tasks, indexes and paths', () => {
    const writes = reading.writes.map((one) =>
      JSON.stringify([idsOf(one), one.taskId, one.idx, one.channel, one.taskPath]),
    )
    const wanted = rows
      .filter(({ table }) => table === 'checkpoint_writes')
      .map((row) => JSON.stringify([idsOfRow(row), row.task_id, row.idx, row.channel, row.task_path ?? '']))
    expect(writes.sort()).toEqual(wanted.sort())
  })

  it('hands on parents before children, each record with the layout of its value', () => {
    const seen = new Set<string>()
    const all = new Set(reading.checkpoints.map(idsOf))
    for (const one of reading.checkpoints) {
      const parent = JSON.stringify([one.threadId, one.checkpointNs, one.parentCheckpointId])
      if (all.has(parent)) expect(seen).toContain(parent)
      seen.add(idsOf(one))
    }
    const origins = [...reading.checkpoints, ...reading.writes].map(({ origin }) => origin.layout)
    expect([...new Set(origins)].sort()).toEqual([...layouts])
  })

  it('has no other findings, and leaves no key of the saver alone', () => {
    expect(Object.keys(reasonsOf(reading)).sort()).toEqual([...reasons])
    expect(reading.refused).toEqual([])
    expect(reading.unclaimed.filter((key) => !key.startsWith('langgraph:mood_override:'))).toEqual([])
  })
})

function stepOf({ metadata }: Checkpoint): number {
  const tree = treeOf(metadata)
  const entries = tree.kind === 'map' ? tree.entries : []
  const step = entries.find(([key]) => key.kind === 'text' && key.utf8.toString() === 'step')?.[1]
  if (step?.kind !== 'int') throw new Error('no step')
  return Number(step.value)
}
