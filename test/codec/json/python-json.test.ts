import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import {
  emitPythonJson,
  type PythonJsonOptions,
  pythonJsonValue,
} from '../../../src/codec/json/python-json.js'
import { MsgpackWriter } from '../../../src/codec/msgpack/write.js'
import type { Tree } from '../../../src/model/value.js'
import { anyJson } from '../any-json.js'
import { type Answer, jsonOracle, type Reader, spelled, treeBy } from './oracle.js'

let ask: (op: Reader, texts: readonly Buffer[]) => Promise<readonly Answer[]>
beforeAll(async () => {
  ask = await jsonOracle()
})

function read(json: unknown, options?: PythonJsonOptions): { readonly tree: Tree; readonly notes: string[] } {
  const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json))
  const notes: string[] = []
  const note = (reason: string, detail: string) => notes.push(`${reason}: ${detail}`)
  const tree = treeBy((sink) => emitPythonJson(text, 0, text.length, sink, { note }, options))
  return { tree, notes }
}

/** A tree as short as can be read: objects as `form module.Name(body)`. */
function shown(tree: Tree): unknown {
  switch (tree.kind) {
    case 'null':
      return null
    case 'text':
      return tree.utf8.toString()
    case 'bytes':
    case 'bytearray':
      return { [tree.kind]: tree.bytes.toString('hex') }
    case 'map':
      return Object.fromEntries(tree.entries.map(([key, value]) => [shown(key), shown(value)]))
    case 'list':
      return tree.items.map(shown)
    case 'object': {
      const { form, module, name, method } = tree.head
      return [`${form} ${module}.${name}${method === undefined ? '' : `:${method}`}`, shown(tree.body)]
    }
    case 'tuple':
    case 'set':
    case 'frozenset':
      return { [tree.kind]: tree.items.map(shown) }
    default:
      return tree.value
  }
}

const lc1 = (id: string, kwargs?: unknown) => ({
  lc: 1,
  type: 'constructor',
  id: id.split('/'),
  ...(kwargs === undefined ? {} : { kwargs }),
})
const lc2 = (id: string, parts: object) => ({ lc: 2, type: 'constructor', id: id.split('.'), ...parts })
const TYPES = 'python_json_types'

const human = lc1('langchain/schema/messages/HumanMessage', { content: 'hi', type: 'human', id: 'h1' })
const ai = lc1('langchain/schema/messages/AIMessage', {
  content: [{ type: 'text', text: 'é\n' }],
  response_metadata: { tokens: 3, logprobs: null },
  type: 'ai',
  tool_calls: [{ name: 'pay', args: { amount: 12.5 }, id: 'c1', type: 'tool_call' }],
  usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  invalid_tool_calls: [],
})

/** Envelopes that the newest official Redis reader revives, from every era that wrote them. */
const REVIVED: Readonly<Record<string, unknown>> = {
  'a human message': human,
  'an AI message, its fields in the order of to_json': ai,
  'a tool message': lc1('langchain/schema/messages/ToolMessage', {
    content: 'ok',
    type: 'tool',
    name: 'pay',
    tool_call_id: 'c1',
    artifact: { raw: [1] },
    status: 'error',
  }),
  'a message that removes another': lc1('langchain/schema/messages/RemoveMessage', {
    content: '',
    type: 'remove',
    id: 'x',
  }),
  'a chunk': lc1('langchain/schema/messages/AIMessageChunk', {
    content: 'x',
    type: 'AIMessageChunk',
    tool_calls: [],
  }),
  'a chat message': lc1('langchain/schema/messages/ChatMessage', {
    content: 'x',
    type: 'chat',
    role: 'judge',
  }),
  'a function message': lc1('langchain/schema/messages/FunctionMessage', {
    content: 'x',
    type: 'function',
    name: 'f',
  }),
  'a system message by its JavaScript id': lc1('langchain_core/messages/SystemMessage', {
    content: 'be brief',
  }),
  'a message with fields of its own': lc1('langchain/schema/messages/HumanMessage', {
    content: 'x',
    example: true,
    mood: [1],
  }),
  'a document': lc1('langchain/schema/document/Document', {
    page_content: 'p',
    metadata: { n: 1 },
    type: 'Document',
  }),
  'a generation with a message in it': lc1('langchain/schema/output/ChatGeneration', {
    message: human,
    text: 'hi',
  }),
  'messages inside lists and maps': { history: [human, { last: ai }] },
  'the set of 0.5.1': lc2('builtins.set', { args: [['a', 'ü', 1]] }),
  'the set of 0.2.0': lc2('builtins.set', { kwargs: { __set_items__: [1, 2] } }),
  'an empty set': lc2('builtins.set', { args: [[]] }),
  'a frozenset': lc2('builtins.frozenset', { args: [['x']] }),
  'a deque': lc2('collections.deque', { args: [[1, 2]] }),
  'a Decimal': lc2('decimal.Decimal', { args: ['1.10'] }),
  'a UUID': lc2('uuid.UUID', { args: ['12345678123456781234567812345678'] }),
  'a timedelta': lc2('datetime.timedelta', { args: [1, 2, 3] }),
  'a date': lc2('datetime.date', { args: [2020, 1, 1] }),
  'a time': lc2('datetime.time', { args: [1, 2, 3, 4, null], kwargs: { fold: 1 } }),
  'a time zone': lc2('datetime.timezone', { args: [lc2('datetime.timedelta', { args: [0, 3600, 0] })] }),
  'a ZoneInfo': lc2('zoneinfo.ZoneInfo', { args: ['Europe/Paris'] }),
  'an IP address': lc2('ipaddress.IPv4Address', { args: ['10.0.0.1'] }),
  'a path': lc2('pathlib.Path', { args: ['/', 'tmp', 'x'] }),
  'a pattern': lc2('re.compile', { args: ['a.b', 34] }),
  'the Send of 0.1': lc2('langgraph.types.Send', { kwargs: { node: 'work', arg: { msg: human } } }),
  'the Send of 0.2.1': { __send__: true, node: 'work', arg: { msg: human } },
  'a Command': lc2('langgraph.types.Command', {
    kwargs: { graph: null, update: { a: 1 }, resume: null, goto: 'x' },
  }),
  'a delta snapshot': { __delta_snapshot__: true, value: ['first', { n: 1.5 }] },
  'a dataclass in a dataclass': lc2(`${TYPES}.Customer`, {
    kwargs: {
      name: 'Ana',
      address: lc2(`${TYPES}.Address`, { kwargs: { street: 's', zip_code: '1' } }),
      tags: ['vip'],
    },
  }),
  'bytes in a channel': { raw: { __bytes__: 'AAH/' } },
}

/** What only looks like an envelope, or is one that the official reader keeps as the map it is. */
const KEPT: Readonly<Record<string, unknown>> = {
  'a class of another package': lc1('langchain/chat_models/openai/ChatOpenAI', {
    key: { lc: 1, type: 'secret', id: ['K'] },
    history: [human],
  }),
  'an object that LangChain could not serialise': {
    lc: 1,
    type: 'not_implemented',
    id: ['a', 'B'],
    repr: 'B()',
  },
  'an exception': lc2('builtins.KeyError', { kwargs: { __notes__: ['During task'] } }),
  'an id without a module': lc2('Set', { args: [[1]] }),
  'an envelope without arguments': lc2('x.y', {}),
  'another lc': { lc: 3, type: 'constructor', id: ['builtins', 'set'], args: [[1]] },
  'another type': { lc: 2, type: 'builder', id: ['builtins', 'set'], args: [[1]] },
  'an id that is no list': { lc: 2, type: 'constructor', id: 'builtins.set', args: [[1]] },
  'an interrupt marker that is not true': { __interrupt__: 1, value: 1, id: 'x' },
  'an interrupt marker without a value': { __interrupt__: true, id: 'x' },
  'a Send marker with another key': { __send__: true, node: 'a', arg: 1, more: 2 },
  'a snapshot marker with another key': { __delta_snapshot__: true, value: 1, more: 2 },
  'a bytes marker with another key': { __bytes__: 'AAEC', more: 1 },
  'channels of LangGraph': { __start__: { n: 0 }, __pregel_tasks: [] },
}

describe('an envelope or marker', () => {
  it.each(Object.entries(REVIVED))('%s reads back as the official Redis reader reads it', async (_, json) => {
    expect(await fromPostgres(json)).toEqual(await fromRedis(json))
  })

  it('of an interrupt reads back as the official reader reads it in a write', async () => {
    const json = [{ __interrupt__: true, value: { q: human }, id: '286c624d52973085b641c83e55641a8a' }]
    expect(await fromPostgres(json)).toEqual(
      (await ask('redis-write', [Buffer.from(JSON.stringify(json))]))[0],
    )
  })

  it.each(Object.entries(KEPT))('%s stays the map that it is', async (_, json) => {
    expect(read(json).notes).toEqual([])
    expect(shown(read(json).tree)).toEqual(json)
    if (!('id' in (json as object)) || !Array.isArray((json as { id: unknown }).id)) return
    expect(await fromPostgres(json)).toEqual(await fromRedis(json))
  })

  it('is found whatever the order of its keys, and however they are spelled', () => {
    const shuffled = `{"kwargs":{"content":"x"},"id":["langchain","schema","messages","HumanMessage"],"\\u006cc":1,"type":"constr\\u0075ctor"}`
    const spaced = `{ "lc" : 1 , "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"], "kwargs": {"content": "x"} }`
    const plain = lc1('langchain/schema/messages/HumanMessage', { content: 'x' })
    expect(shown(read(spaced).tree)).toEqual(shown(read(plain).tree))
    expect(shown(read('{"arg":1,"__send__":true,"node":"n"}').tree)).toEqual([
      'positional langgraph.types.Send',
      ['n', 1],
    ])
    // the escaped "type" value is not recognised, the escaped key is
    expect(read(shuffled.replace('constr\\u0075ctor', 'constructor')).tree).toEqual(read(plain).tree)
  })
})

describe('a message', () => {
  it('goes out with all fields in the order of model_dump, as the Postgres saver writes them', () => {
    expect(shown(read(ai).tree)).toEqual([
      'pydantic-v2 langchain_core.messages.ai.AIMessage:model_validate_json',
      {
        content: [{ type: 'text', text: 'é\n' }],
        additional_kwargs: {},
        response_metadata: { tokens: 3, logprobs: null },
        type: 'ai',
        name: null,
        id: null,
        tool_calls: [{ name: 'pay', args: { amount: 12.5 }, id: 'c1', type: 'tool_call' }],
        invalid_tool_calls: [],
        usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
      },
    ])
    const fields = Object.keys((shown(read(ai).tree) as [string, object])[1])
    expect(fields.slice(-3)).toEqual(['tool_calls', 'invalid_tool_calls', 'usage_metadata'])
  })

  it('keeps unknown fields after the known ones and makes up no content', () => {
    const odd = lc1('langchain/schema/messages/HumanMessage', { mood: 1, type: 'human' })
    const [, fields] = shown(read(odd).tree) as [string, object]
    expect(Object.keys(fields)).toEqual([
      'additional_kwargs',
      'response_metadata',
      'type',
      'name',
      'id',
      'mood',
    ])
  })
})

describe('what the official reader loses although the JSON holds it', () => {
  it.each([
    [
      'a pydantic model',
      lc2(`${TYPES}.Profile`, { kwargs: { name: 'x', score: 2.5, labels: {} } }),
      [`pydantic-v2 ${TYPES}.Profile:model_validate_json`, { name: 'x', score: 2.5, labels: {} }],
    ],
    [
      'a pydantic model of 0.0.x',
      lc2(`${TYPES}.Profile`, { method: [null, 'model_construct'], kwargs: { name: 'x' } }),
      [`pydantic-v2 ${TYPES}.Profile:model_validate_json`, { name: 'x' }],
    ],
    [
      'a pydantic v1 model',
      lc2('app.Old', { method: [null, 'construct'], kwargs: { a: 1 } }),
      ['pydantic-v1 app.Old', { a: 1 }],
    ],
    ['an Enum', lc2(`${TYPES}.Colour`, { args: ['red'] }), [`single-argument ${TYPES}.Colour`, 'red']],
    [
      'a datetime',
      lc2('datetime.datetime', { method: 'fromisoformat', args: ['2024-02-29T12:00:00'] }),
      ['method datetime.datetime:fromisoformat', '2024-02-29T12:00:00'],
    ],
    ['bytes', lc2('builtins.bytes', { method: 'fromhex', args: ['00ff'] }), { bytes: '00ff' }],
    ['a bytearray', lc2('builtins.bytearray', { method: 'fromhex', args: [''] }), { bytearray: '' }],
    [
      'a set of tuples',
      lc2('builtins.set', { args: [[[1, [2, 'a']], 'b']] }),
      { set: [{ tuple: [1, { tuple: [2, 'a'] }] }, 'b'] },
    ],
    [
      'bytes in a dataclass',
      lc2('app.Blob', { kwargs: { raw: { __bytes__: 'AAEC' } } }),
      ['pydantic-v2 app.Blob:model_validate_json', { raw: { bytes: '000102' } }],
    ],
    [
      'the fields of an old interrupt, from which its id is made',
      { __interrupt__: true, value: 'q', resumable: true, ns: ['ask:1'], when: 'during' },
      ['keywords langgraph.types.Interrupt', { value: 'q', resumable: true, ns: ['ask:1'], when: 'during' }],
    ],
    [
      'a Send of langgraph 0.1',
      lc2('langgraph.constants.Send', { kwargs: { node: 'n', arg: 1 } }),
      ['positional langgraph.types.Send', ['n', 1]],
    ],
  ])('%s is kept', (_, json, expected) => {
    expect(shown(read(json).tree)).toEqual(expected)
    expect(read(json).notes).toEqual([])
  })

  it('a pydantic model loads as the model that it was', async () => {
    const json = lc2(`${TYPES}.Profile`, { kwargs: { name: 'x', score: 2.5, labels: { a: [1] } } })
    expect(await fromPostgres(json)).toMatchObject({ value: { class: `${TYPES}.Profile` } })
  })
})

describe('a value that was lost when it was saved', () => {
  it.each([
    'decimal.Decimal',
    'datetime.timedelta',
    'builtins.frozenset',
    'builtins.set',
    'collections.deque',
    'pathlib.PosixPath',
    'ipaddress.IPv4Address',
    're.Pattern',
    'zoneinfo.ZoneInfo',
  ])('%s is what the newest official reader makes of it, and is named', async (id) => {
    const json = { v: [lc2(id, { kwargs: {} })] }
    expect(read(json).notes).toEqual([`value-lost-at-source: ${id}`])
    if (id !== 'builtins.set') expect(await fromPostgres(json)).toEqual(await fromRedis(json))
  })
})

describe('options', () => {
  const marker = { v: { __bytes__: 'AAEC' } }

  it('leave a bytes marker in a write the map that the user wrote', () => {
    expect(shown(read(marker).tree)).toEqual({ v: { bytes: '000102' } })
    expect(shown(read(marker, { bytesMarkers: false }).tree)).toEqual(marker)
  })

  it('make interrupts of the plain maps that 0.1.2 and 0.1.3 wrote, but not of maps inside them', () => {
    const write = [
      { value: { value: 1, id: 'inner' }, id: 'abc' },
      { value: human, resumable: true, ns: ['a:1'], when: 'during' },
      { value: 1, other: 2 },
      { value: 1 },
    ]
    expect(shown(read(write, { plainInterrupts: true }).tree)).toEqual([
      ['keywords langgraph.types.Interrupt', { value: { value: 1, id: 'inner' }, id: 'abc' }],
      [
        'keywords langgraph.types.Interrupt',
        { value: shown(read(human).tree), resumable: true, ns: ['a:1'], when: 'during' },
      ],
      { value: 1, other: 2 },
      { value: 1 },
    ])
    expect(shown(read([write[0]]).tree)).toEqual([write[0]])
  })

  it('a bytes marker that is no base64 is the text itself, as Python falls back', async () => {
    for (const base64 of ['AAEC', 'AA EC', 'hello', 'aGk=', 'aGk', '', 'é', 'A', '====', 'aGk==']) {
      expect(await fromPostgres([{ __bytes__: base64 }]), base64).toEqual(
        await fromRedis([{ __bytes__: base64 }]),
      )
    }
  })
})

describe('any text', () => {
  it('without envelopes is read as plain JSON', () => {
    const json = anyJson.filter((text) => !/__|lc|\\u/.test(text))
    fc.assert(
      fc.property(json, (text) => {
        const buffer = Buffer.from(text)
        const plain = treeBy((sink) => emitPythonJson(buffer, 0, buffer.length, sink))
        expect(treeBy((sink) => pythonJsonValue(buffer, 0, buffer.length).emit(sink))).toEqual(plain)
        expect(() => spelled(plain)).not.toThrow()
      }),
    )
  })

  it('cut anywhere is refused', () => {
    for (const json of Object.values({ ...REVIVED, ...KEPT })) {
      const text = Buffer.from(JSON.stringify(json))
      for (let end = 0; end < text.length; end++) {
        expect(() => treeBy((sink) => emitPythonJson(text, 0, end, sink))).toThrow(DecodeError)
      }
    }
  })

  it('with envelopes nested too deep is refused, not overflown', () => {
    const nest = (depth: number) => {
      const text = Buffer.from(`${'{"__interrupt__":true,"value":'.repeat(depth)}1${'}'.repeat(depth)}`)
      return () => treeBy((sink) => emitPythonJson(text, 0, text.length, sink))
    }
    expect(nest(100)).not.toThrow()
    for (const depth of [999, 1001, 200_000]) {
      try {
        nest(depth)()
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError)
      }
    }
    expect(nest(200_000)).toThrow(DecodeError)
  })
})

const CORPUS = new URL('../../../../shared/corpus/python/0.5.2-full/redis.jsonl', import.meta.url)

describe.runIf(existsSync(CORPUS))('the documents of a real database', () => {
  it('hold only channel values that the Postgres saver loads', async () => {
    const texts = readFileSync(CORPUS, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"ReJSON-RL"'))
      .map((line) => JSON.parse(line).value as string)
      .filter((document) => document.includes('"channel_values":'))
    const answers = await ask(
      'msgpack',
      texts.map((document) => msgpackOf(document)),
    )
    expect(texts.length).toBeGreaterThan(500)
    expect(answers.filter(({ refused }) => refused !== undefined)).toEqual([])
  })
})

function msgpackOf(json: unknown): Buffer {
  const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json))
  const writer = new MsgpackWriter()
  writer.reset()
  emitPythonJson(text, 0, text.length, writer)
  return Buffer.from(writer.view())
}

async function fromPostgres(json: unknown): Promise<Answer | undefined> {
  return (await ask('msgpack', [msgpackOf(json)]))[0]
}

async function fromRedis(json: unknown): Promise<Answer | undefined> {
  return (await ask('redis-channel', [Buffer.from(JSON.stringify(json))]))[0]
}
