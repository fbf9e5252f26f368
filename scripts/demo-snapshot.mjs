/** `node scripts/demo-snapshot.mjs`: makes `fixtures/demo/shop.rdb.gz` again, saved by a real server after real savers have filled it. */
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Redis } from 'ioredis'
import { officialPython } from './services/python.mjs'
import { startRedis } from './services/redis.mjs'
import { run } from './services/run.mjs'

const ROOT = dirname(import.meta.dirname)

const server = await startRedis()
try {
  await run(await officialPython(), [join(ROOT, 'scripts', 'demo-snapshot.py'), server.url])
  const redis = new Redis(server.url, { protocol: 2 })
  await redis.save()
  redis.disconnect()
  const snapshot = await readFile(join(server.folder, 'dump.rdb'))
  await writeFile(join(ROOT, 'fixtures', 'demo', 'shop.rdb.gz'), gzipSync(snapshot, { level: 9 }))
} finally {
  await server.stop()
}
