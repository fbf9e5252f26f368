/**
 * Real graphs of LangGraph for JavaScript that stop half-way and go on: `write REDIS_URL` runs them until they stop, `finish POSTGRES_URL`
 * says how they stand and takes them to their end, `memory` does both in memory, which is what should come of it. `PACKAGES` names
 * the folder of the official packages.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'

const official = createRequire(join(process.env.PACKAGES ?? '', 'package.json'))
const { Annotation, Command, END, START, Send, StateGraph, entrypoint, interrupt, task } =
  official('@langchain/langgraph')
const { MemorySaver } = official('@langchain/langgraph-checkpoint')
const { RedisSaver } = official('@langchain/langgraph-checkpoint-redis')
const { PostgresSaver } = official('@langchain/langgraph-checkpoint-postgres')

const State = Annotation.Root({
  log: Annotation({ reducer: (a, b) => a.concat(b), default: () => [] }),
  count: Annotation(),
})
const says = (name) => () => ({ log: [name] })
const thread = (name) => ({ configurable: { thread_id: name } })

/** Each: its graph, how it comes to a stop, how it goes on. */
const SCENARIOS = {
  interrupted: {
    graph: (checkpointer) =>
      new StateGraph(State)
        .addNode('greet', says('greet'))
        .addNode('ask', () => ({ log: [`${interrupt('name?')}, ${interrupt('age?')}`] }))
        .addEdge(START, 'greet')
        .addEdge('greet', 'ask')
        .addEdge('ask', END)
        .compile({ checkpointer }),
    // Stopped at its second question: the answer to the first is among the pending writes.
    stop: async (graph, config) => {
      await graph.invoke({ count: 1.5 }, config)
      await graph.invoke(new Command({ resume: 'Ann' }), config)
    },
    goOn: (graph, config) => graph.invoke(new Command({ resume: 44 }), config),
  },
  static: {
    graph: (checkpointer) =>
      new StateGraph(State)
        .addNode('a', () => ({ log: ['a'], count: 2 ** 63 }))
        .addNode('b', says('b'))
        .addEdge(START, 'a')
        .addEdge('a', 'b')
        .addEdge('b', END)
        .compile({ checkpointer, interruptBefore: ['b'] }),
    stop: (graph, config) => graph.invoke({ log: ['in'] }, config),
    goOn: (graph, config) => graph.invoke(null, config),
  },
  'fan-out:': {
    graph: (checkpointer) =>
      new StateGraph(State)
        .addNode('plan', says('plan'))
        .addNode('work', ({ item }) => ({ log: [`${item}:${interrupt(item)}`] }))
        .addEdge(START, 'plan')
        .addConditionalEdges('plan', () => ['x', 'y'].map((item) => new Send('work', { item })), ['work'])
        .addEdge('work', END)
        .compile({ checkpointer }),
    stop: (graph, config) => graph.invoke({ log: [] }, config),
    goOn: async (graph, config) => {
      const { tasks } = await graph.getState(config)
      const answers = tasks.flatMap(({ interrupts }) => interrupts.map(({ id, value }) => [id, `${value}!`]))
      await graph.invoke(new Command({ resume: Object.fromEntries(answers) }), config)
    },
  },
  nested: {
    graph: (checkpointer) => {
      const inner = new StateGraph(State)
        .addNode('i1', says('i1'))
        .addNode('i2', () => ({ log: [interrupt('inner?')] }))
        .addEdge(START, 'i1')
        .addEdge('i1', 'i2')
        .addEdge('i2', END)
        .compile()
      return new StateGraph(State)
        .addNode('top', says('top'))
        .addNode('sub', inner)
        .addEdge(START, 'top')
        .addEdge('top', 'sub')
        .addEdge('sub', END)
        .compile({ checkpointer })
    },
    stop: (graph, config) => graph.invoke({ count: 0 }, config),
    goOn: (graph, config) => graph.invoke(new Command({ resume: 'yes' }), config),
  },
  // Both branches have values of their own under the same numbers.
  forked: {
    graph: (checkpointer) =>
      new StateGraph(State)
        .addNode('a', says('a'))
        .addNode('b', ({ log }) => ({ log: ['b'], count: log.length }))
        .addNode('c', says('c'))
        .addEdge(START, 'a')
        .addEdge('a', 'b')
        .addEdge('b', 'c')
        .addEdge('c', END)
        .compile({ checkpointer }),
    stop: async (graph, config) => {
      await graph.invoke({ log: ['in'] }, config)
      const history = await historyOf(graph, config)
      const afterA = history.find(({ next }) => next[0] === 'b')
      await graph.updateState(afterA.config, { log: ['FORKED'] })
    },
    goOn: (graph, config) => graph.invoke(null, config),
  },
  failed: {
    graph: (checkpointer) =>
      new StateGraph(State)
        .addNode('good', says('good'))
        .addNode('bad', () => {
          if (process.env.FAILS === 'yes') throw new Error('out of order')
          return { log: ['recovered'] }
        })
        .addEdge(START, 'good')
        .addEdge('good', 'bad')
        .addEdge('bad', END)
        .compile({ checkpointer }),
    stop: async (graph, config) => {
      process.env.FAILS = 'yes'
      await graph.invoke({ log: [] }, config).catch(() => {})
      delete process.env.FAILS
    },
    goOn: (graph, config) => graph.invoke(null, config),
  },
  functional: {
    graph: (checkpointer) => {
      const double = task('double', async (n) => n * 2)
      return entrypoint({ name: 'flow', checkpointer }, async (n) => {
        const doubled = await double(n)
        return { doubled, answer: interrupt('sure?') }
      })
    },
    stop: (graph, config) => graph.invoke(21, config),
    goOn: (graph, config) => graph.invoke(new Command({ resume: true }), config),
  },
}

async function stop(checkpointer) {
  for (const [name, { graph, stop }] of Object.entries(SCENARIOS))
    await stop(graph(checkpointer), thread(name))
}

async function finish(checkpointer) {
  const outcomes = {}
  for (const [name, { graph, goOn }] of Object.entries(SCENARIOS)) {
    const compiled = graph(checkpointer)
    const stood = await stateOf(compiled, thread(name))
    await goOn(compiled, thread(name))
    const history = await historyOf(compiled, thread(name))
    const past = history.map(({ values, next }) => ({ values, next }))
    outcomes[name] = { stood, ended: (await stateOf(compiled, thread(name))).values, past }
  }
  return outcomes
}

async function historyOf(graph, config) {
  const history = []
  for await (const state of graph.getStateHistory(config)) history.push(state)
  return history
}

/** Without what every run makes anew: ids and times. */
async function stateOf(graph, config) {
  const { values, next, tasks } = await graph.getState(config)
  const waits = tasks.map(({ name, interrupts, error }) => ({
    name,
    error: error === undefined ? null : String(error.message ?? error),
    asks: interrupts.map(({ value }) => value),
  }))
  return { values, next, waits }
}

const [mode, url] = process.argv.slice(2)
if (mode === 'write') {
  const saver = await RedisSaver.fromUrl(url)
  await stop(saver)
  await saver.end()
} else if (mode === 'finish') {
  const saver = PostgresSaver.fromConnString(url)
  console.log(JSON.stringify(await finish(saver)))
  await saver.end()
} else {
  const saver = new MemorySaver()
  await stop(saver)
  console.log(JSON.stringify(await finish(saver)))
}
