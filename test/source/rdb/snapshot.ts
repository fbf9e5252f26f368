/** Snapshots that real servers save, and sources over them. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { SnapshotSource } from '../../../src/source/rdb/rdb.js'
import { atEndOfFile } from '../../services/each-file.js'

/** A folder of its own, removed after the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-snapshots-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Has the server save what it holds; the path of a copy. */
export async function savedBy(redis: Redis, folder: string, name = 'dump.rdb'): Promise<string> {
  await redis.save()
  const [, dir = ''] = (await redis.config('GET', 'dir')) as string[]
  const path = join(folder, name)
  await copyFile(join(dir, 'dump.rdb'), path)
  return path
}

/** A source over a snapshot, closed after the file. */
export function snapshotOf(path: string, { db = 0, now = Date.now } = {}): SnapshotSource {
  const source = new SnapshotSource({ engine: 'rdb', path, db }, { now })
  atEndOfFile(() => source.close())
  return source
}
