/** A node that waits for several others is next only once all have run: as the official graphs say, so do threads and inspect. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { InspectReport } from '../../src/model/inspect-report.js'
import type { ThreadsReport } from '../../src/model/threads-report.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase } from '../services/postgres.js'
import { runPython } from '../services/python.js'

let env: Record<string, string> = {}
let nextNodes: Record<string, string[]> = {}

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-joins-'))
  atEndOfFile(() => rm(folder, { recursive: true }))
  const file = join(folder, 'joins.db')
  nextNodes = JSON.parse(await runPython(join(import.meta.dirname, 'joins.py'), { args: [file] }))
  env = ends(`sqlite:${file}`, await freshDatabase())
  await commandLine('init', env)
  expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
})

async function ask<Report>(line: readonly string[]): Promise<Report> {
  const { exit, out, err } = await commandLine([...line, '--json'], env)
  expect(exit, err).toBe(0)
  return JSON.parse(out)
}

describe.each(['redis', 'postgres'])('read in %s', (end) => {
  test('a thread is done when its graph is', async () => {
    const { threads } = await ask<ThreadsReport>(['threads', '--in', end])
    const states = Object.fromEntries(threads.map(({ threadId, state }) => [threadId, state]))
    const wanted = Object.entries(nextNodes).map(([id, nodes]) => [
      id,
      nodes.length > 0 ? 'unfinished' : 'done',
    ])
    expect(states).toEqual(Object.fromEntries(wanted))
    expect(new Set(Object.values(states)).size).toBe(2)
  })

  test('its newest checkpoint names the nodes that the graph names', async () => {
    for (const [id, nodes] of Object.entries(nextNodes)) {
      const { thread } = await ask<InspectReport>(['inspect', '--in', end, '--as-thread', id])
      expect(thread?.namespaces[0]?.checkpoints.at(-1)?.next, id).toEqual(nodes)
    }
  })
})
