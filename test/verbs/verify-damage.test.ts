/** Damage done by hand in Postgres: each kind is found, named where it is, and remembered. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Difference } from '../../src/model/verify-report.js'
import { fixture } from '../corpus/cases.js'
import { migratedCase, type Side } from './verify-setup.js'

const SECRET = 's3cr3t-payload'
let base: Side
/** A thread with several checkpoints, blobs and writes in its root namespace. */
let threadId = ''
/** Its checkpoints, oldest first. */
let ids: string[] = []
/** A blob that some of them name, with the first that does. */
let blob = { channel: '', version: '', checkpointId: '' }
/** A task with two writes on a checkpoint that is not the newest. */
let task = { checkpointId: '', taskId: '' }

beforeAll(async () => {
  base = await migratedCase(fixture('python/0.5.2-full'))
  ;[task, threadId] = await twoWrites()
  ids = (
    await base.sql<{ id: string }>(
      `SELECT checkpoint_id AS id FROM checkpoints WHERE thread_id = $1 AND checkpoint_ns = '' ORDER BY 1`,
      [threadId],
    )
  ).map(({ id }) => id)
  const [found] = await base.sql<typeof blob>(
    `SELECT b.channel, b.version, min(c.checkpoint_id) AS "checkpointId" FROM checkpoint_blobs b JOIN checkpoints c
       ON c.thread_id = b.thread_id AND c.checkpoint_ns = b.checkpoint_ns AND c.checkpoint->'channel_versions'->>b.channel = b.version
     WHERE b.thread_id = $1 AND b.checkpoint_ns = '' GROUP BY 1, 2 ORDER BY 3, 1 LIMIT 1`,
    [threadId],
  )
  blob = found!
})

async function twoWrites(): Promise<[typeof task, string]> {
  const [found] = await base.sql<{ thread_id: string; checkpointId: string; taskId: string }>(
    `SELECT w.thread_id, w.checkpoint_id AS "checkpointId", w.task_id AS "taskId" FROM checkpoint_writes w
     WHERE w.checkpoint_ns = '' AND w.idx IN (0, 1) AND EXISTS (SELECT FROM checkpoint_blobs b WHERE b.thread_id = w.thread_id)
       AND w.checkpoint_id < (SELECT max(checkpoint_id) FROM checkpoints c WHERE c.thread_id = w.thread_id AND checkpoint_ns = '')
     GROUP BY 1, 2, 3 HAVING count(*) = 2 AND count(DISTINCT blob) = 2 ORDER BY 1, 2 LIMIT 1`,
  )
  return [{ checkpointId: found!.checkpointId, taskId: found!.taskId }, found!.thread_id]
}

/** The row of the checkpoint in the middle: neither the oldest nor the newest. */
const inTheMiddle = () => `thread_id = '${threadId}' AND checkpoint_ns = '' AND checkpoint_id = '${ids[1]}'`
const theBlob = () =>
  `thread_id = '${threadId}' AND checkpoint_ns = '' AND channel = '${blob.channel}' AND version = '${blob.version}'`
const theTask = () =>
  `thread_id = '${threadId}' AND checkpoint_ns = '' AND checkpoint_id = '${task.checkpointId}' AND task_id = '${task.taskId}'`
/** \`{"s3cr3t-payload": "s3cr3t-payload"}\` as msgpack. */
const secretBlob = (() => {
  const text = Buffer.concat([Buffer.from([0xa0 + SECRET.length]), Buffer.from(SECRET)])
  return Buffer.concat([Buffer.from([0x81]), text, text]).toString('hex')
})()

interface Damage {
  readonly what: string
  readonly sql: () => string
  readonly found: () => Partial<Difference>
}

const DAMAGES: readonly Damage[] = [
  {
    what: 'a blob that is gone',
    sql: () => `DELETE FROM checkpoint_blobs WHERE ${theBlob()}`,
    found: () => ({ kind: 'missing', part: 'channel', name: blob.channel, checkpointId: blob.checkpointId }),
  },
  {
    what: 'a channel value that was changed',
    sql: () => `UPDATE checkpoint_blobs SET blob = '\\x${secretBlob}' WHERE ${theBlob()}`,
    found: () => ({
      kind: 'differs',
      part: 'channel',
      name: blob.channel,
      target: { is: 'map of 1 member' },
    }),
  },
  {
    what: 'a channel value that cannot be decoded',
    sql: () => `UPDATE checkpoint_blobs SET blob = '\\xc1' WHERE ${theBlob()}`,
    found: () => ({ kind: 'differs', part: 'channel', name: blob.channel }),
  },
  {
    what: 'a type tag that no reader knows',
    sql: () => `UPDATE checkpoint_blobs SET type = 'cbor' WHERE ${theBlob()}`,
    found: () => ({ kind: 'differs', part: 'channel', name: blob.channel }),
  },
  {
    what: 'a primitive that appeared inside the checkpoint',
    sql: () =>
      `UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{channel_values,intruder}', '"${SECRET}"') WHERE ${inTheMiddle()}`,
    found: () => ({ kind: 'extra', part: 'channel', name: 'intruder', checkpointId: ids[1]! }),
  },
  {
    what: 'a channel version that was changed',
    sql: () =>
      `UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{channel_versions,__start__}', '"00000000000000000000000000000009.0.1"') WHERE ${inTheMiddle()}`,
    found: () => ({ kind: 'differs', part: 'version', name: '__start__', checkpointId: ids[1]! }),
  },
  {
    what: 'a version that a node never saw',
    sql: () =>
      `UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{versions_seen,__start__}', '{"__start__": "0"}') WHERE ${inTheMiddle()}`,
    found: () => ({ part: 'versions-seen', checkpointId: ids[1]! }),
  },
  {
    what: 'a field of the checkpoint that was changed',
    sql: () =>
      `UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{ts}', '"${SECRET}"') WHERE ${inTheMiddle()}`,
    found: () => ({ kind: 'differs', part: 'field', name: 'ts', checkpointId: ids[1]! }),
  },
  {
    what: 'an id inside the checkpoint that is not its own',
    sql: () =>
      `UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{id}', '"1"') WHERE ${inTheMiddle()}`,
    found: () => ({ kind: 'differs', part: 'field', name: 'id', checkpointId: ids[1]! }),
  },
  {
    what: 'metadata that was changed',
    sql: () =>
      `UPDATE checkpoints SET metadata = jsonb_set(metadata, '{step}', '"${SECRET}"') WHERE ${inTheMiddle()}`,
    found: () => ({
      kind: 'differs',
      part: 'metadata',
      name: 'step',
      source: { is: 'integer' },
      target: { is: 'text of 14 bytes' },
    }),
  },
  {
    what: 'metadata that is gone',
    sql: () => `UPDATE checkpoints SET metadata = metadata - 'source' WHERE ${inTheMiddle()}`,
    found: () => ({ kind: 'missing', part: 'metadata', name: 'source', checkpointId: ids[1]! }),
  },
  {
    what: 'a parent that was changed',
    sql: () => `UPDATE checkpoints SET parent_checkpoint_id = NULL WHERE ${inTheMiddle()}`,
    found: () => ({ kind: 'differs', part: 'parent', source: { is: ids[0]! }, target: { is: 'none' } }),
  },
  {
    what: 'writes in another order',
    sql: () =>
      `UPDATE checkpoint_writes SET idx = idx + 10 WHERE ${theTask()};
       UPDATE checkpoint_writes SET idx = 11 - idx WHERE ${theTask()}`,
    found: () => ({ kind: 'differs', part: 'write-order', checkpointId: task.checkpointId }),
  },
  {
    what: 'a write that is gone',
    sql: () => `DELETE FROM checkpoint_writes WHERE ${theTask()} AND idx = 1`,
    found: () => ({ kind: 'missing', part: 'write', name: `${task.taskId}:1` }),
  },
  {
    what: 'the value of a write that was changed',
    sql: () =>
      `UPDATE checkpoint_writes SET type = 'msgpack', blob = '\\x${secretBlob}' WHERE ${theTask()} AND idx = 1`,
    found: () => ({
      kind: 'differs',
      part: 'write',
      name: `${task.taskId}:1`,
      target: { is: 'map of 1 member' },
    }),
  },
  {
    what: 'a write on another channel',
    sql: () => `UPDATE checkpoint_writes SET channel = 'elsewhere' WHERE ${theTask()} AND idx = 1`,
    found: () => ({ kind: 'differs', part: 'write', target: { is: 'channel "elsewhere"' } }),
  },
  {
    what: 'a task path that was changed',
    sql: () => `UPDATE checkpoint_writes SET task_path = 'zzz' WHERE ${theTask()} AND idx = 1`,
    found: () => ({ kind: 'differs', part: 'write', target: { is: 'task path "zzz"' } }),
  },
  {
    what: 'a task path that was emptied',
    sql: () => `UPDATE checkpoint_writes SET task_path = '' WHERE ${theTask()} AND idx = 1`,
    found: () => ({ kind: 'differs', part: 'write', target: { is: 'task path ""' } }),
  },
  {
    what: 'a checkpoint too much',
    sql: () =>
      `INSERT INTO checkpoints SELECT thread_id, checkpoint_ns, '1f000000-0000-6000-8000-000000000000', NULL, type, checkpoint, metadata
       FROM checkpoints WHERE ${inTheMiddle()}`,
    found: () => ({
      kind: 'extra',
      part: 'checkpoint',
      checkpointId: '1f000000-0000-6000-8000-000000000000',
    }),
  },
  {
    what: 'a write too much',
    sql: () =>
      `INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob)
       SELECT thread_id, checkpoint_ns, checkpoint_id, task_id, 77, channel, type, blob FROM checkpoint_writes WHERE ${theTask()} AND idx = 0`,
    found: () => ({ kind: 'extra', part: 'write', name: `${task.taskId}:77` }),
  },
  {
    what: 'a blob that no checkpoint names',
    sql: () =>
      `INSERT INTO checkpoint_blobs SELECT thread_id, checkpoint_ns, channel, 'nowhere', type, blob FROM checkpoint_blobs WHERE ${theBlob()}`,
    found: () => ({ kind: 'extra', part: 'blob', name: blob.channel, target: { is: 'version nowhere' } }),
  },
]

describe('verify finds', () => {
  test.each(DAMAGES.map((damage) => [damage.what, damage] as const))('%s', async (_, damage) => {
    const side = await base.copy()
    for (const statement of damage.sql().split(';')) await side.sql(statement)
    const report = await side.verify()
    expect(report.exit).toBe(4)
    expect(report.threads.differs).toBe(1)
    expect(new Set(report.differences.map((difference) => difference.threadId))).toEqual(new Set([threadId]))
    expect(report.differences).toContainEqual(
      expect.objectContaining({ threadId, checkpointNs: '', ...damage.found() }),
    )
    expect(report.next).toBe(`cp-migrate migrate --thread ${threadId}`)
    expect(JSON.stringify(report)).not.toContain(SECRET)
    const text = await side.cli('verify')
    expect(text.exit).toBe(4)
    expect(text.out + text.err).not.toContain(SECRET)
    const progress = await side.sql(`SELECT thread_id FROM cp_migrate.threads WHERE progress <> 'verified'`)
    expect(progress).toEqual([{ thread_id: threadId }])
  })

  test('values where it is told to show them, and only then', async () => {
    const side = await base.copy()
    await side.sql(`UPDATE checkpoint_blobs SET blob = '\\x${secretBlob}' WHERE ${theBlob()}`)
    const [difference] = (await side.verify('--show-values')).differences
    expect(difference?.target).toEqual({ is: 'map of 1 member', value: `{"${SECRET}": "${SECRET}"}` })
    expect(difference?.source?.value).toBeTypeOf('string')
    expect((await side.cli('verify --show-values')).out).toContain(SECRET)
  })

  test('nothing any more once migrate has written what was missing', async () => {
    const side = await base.copy()
    await side.sql(`DELETE FROM checkpoint_blobs WHERE ${theBlob()}`)
    expect((await side.verify()).exit).toBe(4)
    expect((await side.cli(`migrate --thread ${threadId}`)).exit).toBe(0)
    expect(await side.verify()).toMatchObject({ exit: 0, threads: { differs: 0 } })
  })

  test('a checkpoint that is gone, where no ledger says that it was deleted on purpose', async () => {
    const side = await base.copy()
    await side.sql(`DELETE FROM checkpoints WHERE ${inTheMiddle()}`)
    expect(await side.verify()).toMatchObject({ exit: 0, threads: { differs: 0, deleted: 1 } })
    await side.sql('DROP SCHEMA cp_migrate CASCADE')
    const report = await side.verify()
    expect(report).toMatchObject({
      exit: 4,
      verificationId: null,
      next: `cp-migrate migrate --thread ${threadId}`,
    })
    expect(report.differences).toEqual([
      { kind: 'missing', part: 'checkpoint', threadId, checkpointNs: '', checkpointId: ids[1] },
    ])
    expect((await side.cli('verify')).out).toContain('There is no ledger')
  })
})
