/** The judge itself: it sees each kind of fault, and none where there is none. */
import { beforeAll, describe, expect, it } from 'vitest'
import { type Case, fixture, fullCorpora } from '../corpus/cases.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { FAULTLESS, judgeCase, loadGolden } from './judge.js'

async function copyOf(from: Case): Promise<string> {
  const url = await freshDatabase()
  await loadGolden(from, url)
  return url
}

describe('the judge', () => {
  let judged: Case
  beforeAll(() => {
    judged = fixture('python/0.5.2-prefixes-ttl')
  })

  it('finds the official copy of a case equal, byte for byte', async () => {
    const verdict = await judgeCase(judged, await copyOf(judged))
    expect(verdict).toMatchObject(FAULTLESS)
    expect(verdict.golden).toBeGreaterThan(10)
    expect(verdict).toMatchObject({
      equal: verdict.golden,
      better: 0,
      beyond: 0,
      blobsByteEqual: verdict.blobs,
      writesByteEqual: verdict.writes,
    })
  })

  it('names a checkpoint that is missing, one too much, and one whose value differs', async () => {
    const url = await copyOf(judged)
    const [first, second, third] = await sql<{ id: string }>(
      url,
      'SELECT checkpoint_id AS id FROM checkpoints ORDER BY checkpoint_id',
    )
    await sql(url, 'DELETE FROM checkpoints WHERE checkpoint_id = $1', [first?.id])
    await sql(url, "UPDATE checkpoints SET checkpoint_id = 'moved' WHERE checkpoint_id = $1", [second?.id])
    await sql(
      url,
      'UPDATE checkpoints SET metadata = metadata || \'{"step": 99}\' WHERE checkpoint_id = $1',
      [third?.id],
    )
    const verdict = await judgeCase(judged, url)
    expect(verdict).toMatchObject({ missing: 2, extra: 1, differing: 1, equal: verdict.golden - 3 })
    expect(verdict.differences).toContainEqual(
      expect.objectContaining({ path: '/metadata/step', migrated: '99' }),
    )
  })

  it('names a write row that is missing and counts bytes that differ', async () => {
    const url = await copyOf(judged)
    const [row] = await sql<{ task_id: string }>(url, 'SELECT task_id FROM checkpoint_writes LIMIT 1')
    const gone = await sql(url, 'DELETE FROM checkpoint_writes WHERE task_id = $1 RETURNING idx', [
      row?.task_id,
    ])
    // The same text in the longer form of msgpack: another sequence of bytes, an equal value.
    const [blob] = await sql<{ channel: string }>(
      url,
      `UPDATE checkpoint_blobs SET blob = '\\xcd0007' WHERE (thread_id, channel, version) IN
        (SELECT thread_id, channel, version FROM checkpoint_blobs WHERE type = 'msgpack' LIMIT 1) RETURNING channel`,
    )
    expect(blob).toBeDefined()
    const verdict = await judgeCase(judged, url)
    expect(verdict.writeRowsMissing).toBe(gone.length)
    expect(verdict.blobsByteEqual).toBe(verdict.blobs - 1)
  })
})

describe.skipIf(fullCorpora().length === 0)('the judge on the full corpora', () => {
  it.each(['python/0.5.2-full', 'pickle/f1-protocol4', 'plain/c3-dollar'])(
    'finds the official copy of %s equal',
    async (name) => {
      const judged = fullCorpora().find((one) => one.name === name)
      if (!judged) throw new Error(`no case ${name}`)
      const verdict = await judgeCase(judged, await copyOf(judged))
      expect(verdict).toMatchObject({ ...FAULTLESS, better: 0, equal: verdict.golden })
    },
  )
})
