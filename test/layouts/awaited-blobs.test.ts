/** Channel values in keys of their own: a checkpoint goes out as soon as it is whole. */
import { describe, expect, it } from 'vitest'
import { AwaitedBlobs } from '../../src/layouts/awaited-blobs.js'
import type { Checkpoint } from '../../src/model/thread.js'
import type { Value } from '../../src/model/value.js'
import { id } from './plain/plain-values.js'

const value = (bytes: number): Value => ({ encoding: 'raw', bytes: Buffer.alloc(bytes), emit: () => {} })
const checkpoint = (n: number): Checkpoint => ({
  threadId: 't',
  checkpointNs: '',
  checkpointId: id(n),
  parentCheckpointId: n > 1 ? id(n - 1) : null,
  fields: new Map(),
  channelVersions: new Map([['c', n]]),
  versionsSeen: new Map(),
  channelValues: new Map(),
  pendingSends: [],
  metadata: value(0),
  origin: { key: Buffer.from(`${n}`), layout: 'plainredis' },
})

describe('checkpoints that wait for their values', () => {
  it('go out while later values still come, so that a long thread is never in memory as a whole', () => {
    const out: string[] = []
    const blobs = new AwaitedBlobs(({ checkpointId }) => out.push(checkpointId))
    for (let n = 1; n <= 100; n++) blobs.add(checkpoint(n), new Map([['c', `c:${n}`]]), true)
    for (let n = 1; n <= 100; n++) {
      blobs.blob({ name: `c:${n}`, value: value(1000), version: n })
      expect(out.length).toBe(n - 1)
    }
    blobs.end()
    expect(out).toEqual(Array.from({ length: 100 }, (_, at) => id(at + 1)))
  })

  it('do not hold the others up where a value is gone', () => {
    const out: [string, readonly string[]][] = []
    const blobs = new AwaitedBlobs(({ checkpointId }, missing) => out.push([checkpointId, missing]))
    for (let n = 1; n <= 3; n++) blobs.add(checkpoint(n), new Map([['c', `c:${n}`]]), true)
    blobs.blob({ name: 'c:1', value: value(1), version: 1 })
    blobs.blob({ name: 'c:3', value: value(1), version: 3 })
    expect(out).toEqual([
      [id(1), []],
      [id(2), ['c']],
    ])
    blobs.end()
    expect(out.at(-1)).toEqual([id(3), []])
  })
})
