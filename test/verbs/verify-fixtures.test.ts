/** What migrate has written is found equal, for every saver there is. */
import { describe, expect, test } from 'vitest'
import { fixtures, linesOf } from '../corpus/cases.js'
import { migratedCase } from './verify-setup.js'

interface Row {
  readonly table: string
}

describe('after migrate', () => {
  test.each(fixtures().map((one) => [one.name, one] as const))(
    'every value of %s is found equal',
    async (_, one) => {
      const side = await migratedCase(one, one.family === 'js' ? 'js' : 'python')
      const report = await side.verify()
      expect(report).toMatchObject({
        exit: 0,
        differences: [],
        threads: { differs: 0, behind: 0, onlyInTarget: 0 },
      })
      expect(report.threads.equal).toBeGreaterThan(0)
      // Not fewer than the official writer makes of the case, but for what Postgres' saver refuses.
      const golden = linesOf<Row>(one, 'golden.pg.jsonl').filter(({ table }) => table === 'checkpoints')
      const leftOut = report.threads.partial + report.threads.rejected
      if (leftOut === 0) expect(report.compared.checkpoints).toBeGreaterThanOrEqual(golden.length)
      const [{ n } = { n: 0 }] = await side.sql<{ n: number }>('SELECT count(*)::int AS n FROM checkpoints')
      if (leftOut === 0) expect(report.compared.checkpoints).toBe(n)
      const [{ w } = { w: 0 }] = await side.sql<{ w: number }>(
        'SELECT count(*)::int AS w FROM checkpoint_writes',
      )
      expect(report.compared.writes).toBe(w)
    },
  )
})
