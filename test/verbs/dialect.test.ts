/** Whose rows a target holds is known also where no key in Redis tells it any more. */
import { expect, test } from 'vitest'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'

test("the JavaScript saver's tables are enough for migrate and verify when all its keys are gone", async () => {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await loadCase(fixture('js/1.0.11-shallow'), redisUrl)
  const env = ends(redisUrl, postgresUrl)
  for (const line of ['init --dialect js', 'migrate', 'verify']) {
    expect(await commandLine(line, env)).toMatchObject({ exit: 0 })
  }
  await redisClient(redisUrl).flushall()
  for (const line of ['verify', 'migrate', 'migrate --dry-run']) {
    expect(await commandLine(line, env), line).toMatchObject({ exit: 0 })
  }
})
