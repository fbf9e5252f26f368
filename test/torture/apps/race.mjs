/**
 * The same application as race.py in JavaScript, on the Redis saver as it was before 1.0.10: a checkpoint holds only the channels that are new
 * in it, the others stand in its ancestors.
 *
 *     race.mjs REDIS_URL POSTGRES_URL        PACKAGES names the folder of the official packages
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const official = createRequire(join(process.env.PACKAGES ?? '', 'package.json'))
const { Annotation, END, START, StateGraph } = official('@langchain/langgraph')
const { MemorySaver } = official('@langchain/langgraph-checkpoint')
const { PostgresSaver } = official('@langchain/langgraph-checkpoint-postgres')
const { RedisSaver } = official('early-redis-saver')
const { createClient } = official('redis')

const ROUNDS = 8
const memory = new MemorySaver()
const unrecorded = new Set()
/** Thread → what its nodes wait for; a thread without waits for nothing. */
const gates = new Map()
const running = new Map()
const kinds = new Map()
const ends = new Map()

class Gate {
  waiting = new Map()
  stopped = new AbortController()

  pass(node) {
    return new Promise((go, stop) => {
      this.waiting.set(node, () => {
        this.waiting.delete(node)
        go()
      })
      this.stopped.signal.addEventListener('abort', () => stop(new Error('stopped')))
    })
  }

  open(...nodes) {
    for (const node of nodes) this.waiting.get(node)?.()
  }
}

/** Keeps whatever is put in plain memory, too. */
class Shadowed extends RedisSaver {
  async put(config, checkpoint, metadata, newVersions) {
    const saved = await super.put(config, checkpoint, metadata, newVersions)
    if (!unrecorded.has(config.configurable.thread_id))
      await memory.put(config, checkpoint, metadata, newVersions)
    return saved
  }

  async putWrites(config, writes, taskId) {
    await super.putWrites(config, writes, taskId)
    if (!unrecorded.has(config.configurable.thread_id)) await memory.putWrites(config, writes, taskId)
  }
}

const State = Annotation.Root({
  log: Annotation({ reducer: (a, b) => a.concat(b), default: () => [] }),
  // Set once and never again: its value stands in the oldest checkpoints alone.
  about: Annotation(),
  n: Annotation(),
})

const node = (name) => async (state, config) => {
  await gates.get(config.configurable.thread_id)?.pass(name)
  return { log: [`${name} ${state.n ?? 0} é€é€`] }
}

const graphOn = (checkpointer) =>
  new StateGraph(State)
    .addNode('left', node('left'))
    .addNode('right', node('right'))
    .addNode('join', (state) => ({ log: ['join'], n: (state.n ?? 0) + 1 }))
    .addEdge(START, 'left')
    .addEdge(START, 'right')
    .addEdge(['left', 'right'], 'join')
    .addConditionalEdges('join', (state) => (state.n >= ROUNDS ? [END] : ['left', 'right']), [
      'left',
      'right',
      END,
    ])
    .compile({ checkpointer })

const cfg = (thread) => ({ configurable: { thread_id: thread }, recursionLimit: 200 })

async function untilWaiting(thread) {
  const task = running.get(thread)
  while (gates.get(thread).waiting.size < (task.onlyRight ? 1 : 2) && !task.isOver) await sleep(1)
  if (task.error !== undefined) throw task.error
  // What is put beside the steps comes to its end, too.
  await sleep(2)
}

async function begin({ threads }) {
  const names = Object.keys(threads)
  for (let at = 0; at < names.length; at += 12) {
    await Promise.all(
      names.slice(at, at + 12).map(async (thread) => {
        kinds.set(thread, threads[thread])
        gates.set(thread, new Gate())
        const task = { isOver: false, onlyRight: false, error: undefined }
        running.set(thread, task)
        const input = { log: [`begun ${thread}`], about: { thread, many: ['é', 1.5, null] }, n: 0 }
        task.ended = graphs.redis.invoke(input, { ...cfg(thread), durability: 'sync' }).then(
          () => {
            task.isOver = true
          },
          (error) => {
            task.isOver = true
            task.error = error
          },
        )
        await untilWaiting(thread)
      }),
    )
  }
  return names.length
}

async function act(thread, what) {
  const gate = gates.get(thread)
  const task = running.get(thread)
  if (what === 'touch') {
    await savers.redis.getTuple(cfg(thread))
  } else if (what === 'write' && gate.waiting.has('left') && gate.waiting.has('right')) {
    task.onlyRight = true
    gate.open('left')
    await sleep(15)
  } else {
    task.onlyRight = false
    gate.open(...gate.waiting.keys())
    await sleep(2)
    await untilWaiting(thread)
  }
}

async function race({ acts }) {
  const errors = []
  const start = performance.now()
  await Promise.all(
    acts.map(async ([thread, what, ms]) => {
      await sleep(Math.max(0, start + ms - performance.now()))
      await act(thread, what).catch((error) => errors.push(`${thread} ${what}: ${error}`))
    }),
  )
  return errors
}

async function settle({ threads }) {
  for (const thread of threads) {
    gates.get(thread)?.stopped.abort()
    gates.delete(thread)
    await running.get(thread)?.ended
    running.delete(thread)
  }
}

/** What a user could miss of a checkpoint. Of versions the whole number: two values under one have two in Postgres. */
function described({ checkpoint, metadata, parentConfig, pendingWrites = [] }) {
  const versions = Object.entries(checkpoint.channel_versions).map(([channel, version]) => [
    channel,
    Math.floor(version),
  ])
  const { writes: _, ...about } = metadata
  return sorted({
    parent: parentConfig?.configurable?.checkpoint_id ?? null,
    // Without a version a channel has no place in Postgres, whoever writes it.
    values: Object.fromEntries(
      Object.entries(checkpoint.channel_values).filter(([channel]) => channel in checkpoint.channel_versions),
    ),
    versions: Object.fromEntries(versions),
    metadata: about,
    writes: pendingWrites.map((write) => JSON.stringify(write)).sort(),
  })
}

const sorted = (value) =>
  JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

async function check() {
  const lost = []
  for (const [thread, kind] of kinds) {
    const there = new Map()
    for await (const found of savers.postgres.list(cfg(thread)))
      there.set(found.config.configurable.checkpoint_id, described(found))
    let isEmpty = true
    for await (const wanted of memory.list(cfg(thread))) {
      isEmpty = false
      const id = wanted.config.configurable.checkpoint_id
      const expected = described(wanted)
      // This saver reads less than it has written: what stands in Redis is seen when it has come to Postgres.
      if (there.get(id) !== expected)
        lost.push({ thread, kind, id, memory: expected, postgres: there.get(id) })
    }
    if (isEmpty) lost.push({ thread, kind, memory: 'nothing was kept to compare with' })
  }
  return lost
}

/** A step further. */
async function nextOf(graph, thread) {
  const values = await graph.invoke(null, { ...cfg(thread), interruptAfter: '*' })
  const state = await graph.getState(cfg(thread))
  return sorted({ values, state: state.values, next: state.next })
}

async function goOn({ on, threads }) {
  const differ = []
  for (const thread of threads) {
    try {
      if (!ends.has(thread)) ends.set(thread, await nextOf(graphs.memory, thread))
      unrecorded.add(thread)
      const there = await nextOf(graphs[on], thread)
      if (there !== ends.get(thread)) differ.push({ thread, there, memory: ends.get(thread) })
    } catch (error) {
      differ.push({ thread, error: String(error?.stack ?? error) })
    }
  }
  return differ
}

async function forget({ threads }) {
  await settle({ threads })
  for (const thread of threads) {
    await memory.deleteThread(thread)
    for (const known of [kinds, ends]) known.delete(thread)
    unrecorded.delete(thread)
  }
}

const [redisUrl, postgresUrl] = process.argv.slice(2)
const client = createClient({ url: redisUrl })
await client.connect()
const savers = {
  redis: new Shadowed(client),
  postgres: PostgresSaver.fromConnString(postgresUrl),
}
const graphs = {
  redis: graphOn(savers.redis),
  postgres: graphOn(savers.postgres),
  memory: graphOn(memory),
}
const DO = { begin, race, settle, check, 'go-on': goOn, forget }

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line)
  const answer = await DO[question.do](question).then(
    (given) => ({ answer: given ?? null }),
    (error) => ({ error: String(error?.stack ?? error) }),
  )
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
await savers.redis.end()
await savers.postgres.end()
process.exitCode = 0
