/** Namespaces that an application chose itself may hold colons: every key of them belongs to the thread that the documents name. */
import { expect, test } from 'vitest'
import { freshDatabase } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const PROGRAM = `import sys
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.redis import RedisSaver

with RedisSaver.from_conn_string(sys.argv[1]) as saver:
    saver.setup()
    for thread, ns in [("t", ""), ("t", "a:b"), ("t", "outer:inner:deep"), ("u:v", "x:y"), ("w", "node:1|inner:2"), ("z", "plain")]:
        config = {"configurable": {"thread_id": thread, "checkpoint_ns": ns}}
        for step in range(2):
            version = f"{step + 1:032}.5"
            checkpoint = {**empty_checkpoint(), "channel_values": {"m": [step]}, "channel_versions": {"m": version}}
            config = saver.put(config, checkpoint, {"source": "loop", "step": step}, {"m": version})
            saver.put_writes(config, [("m", step)], f"0c41ba6e-0000-4000-8000-00000000000{step}")
`

test('no thread is listed that is none, no pointer is told as dangling, and a purge leaves nothing of them', async () => {
  const { url } = await freshRedis()
  const env = ends(url, await freshDatabase())
  await runPython(PROGRAM, { args: [url] })

  const listed = JSON.parse((await commandLine('threads --json', env)).out)
  expect(listed.threads.map(({ threadId }: { threadId: string }) => threadId).sort()).toEqual([
    't',
    'u:v',
    'w',
    'z',
  ])
  await commandLine('init', env)
  const moved = JSON.parse((await commandLine('migrate --json', env)).out)
  expect(moved).toMatchObject({ threads: { selected: 4, whole: 4 }, findings: [] })
  expect(await commandLine('verify', env)).toMatchObject({ exit: 0 })
  const purged = await commandLine('purge-redis --older-than 0s --yes', env)
  expect(purged).toMatchObject({ exit: 0, out: expect.stringContaining('of 4 threads') })
  expect(await redisClient(url).dbsize()).toBe(0)
})
