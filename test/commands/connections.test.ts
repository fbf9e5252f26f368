/** How many connections to Postgres a command may have at once. */
import { beforeAll, expect, test } from 'vitest'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase } from '../services/postgres.js'
import { proxyTo } from '../services/proxy.js'
import { freshRedis } from '../services/redis.js'

let redisUrl = ''
beforeAll(async () => {
  redisUrl = (await freshRedis()).url
  await loadCase(fixture('python/0.5.2-full'), redisUrl)
})

test('one is enough for every command, and --connections 1 means one beside the lock', async () => {
  const postgresUrl = await freshDatabase()
  const proxy = await proxyTo(postgresUrl)
  const env = ends(redisUrl, proxy.url(postgresUrl))
  const used: Record<string, number> = {}
  for (const line of ['init', 'migrate', 'verify', 'status', 'migrate', 'rollback --yes --all', 'migrate']) {
    const before = proxy.connections()
    const small = line === 'init' ? '' : ' --connections 1'
    expect(await commandLine(`${line}${small}`, env), line).toMatchObject({ exit: 0 })
    used[line] = proxy.connections() - before
  }
  // One that asked whether the server is one, one for the lock, one to look whether it pools.
  expect(used.migrate).toBeLessThanOrEqual(4)
  expect((await commandLine('migrate --connections 0', env)).exit).toBe(2)
  expect((await commandLine('migrate --connections many', env)).err).toContain('--connections')
})
