/** Key grammars of the plain-Redis savers: whatever thread ids hold, a claim gives back what the key was made of. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_PREFIXES, type Layout } from '../../../src/layouts/layout.js'
import { agentcoreValkey } from '../../../src/layouts/plain/agentcore-valkey.js'
import { docsHash } from '../../../src/layouts/plain/docs-hash.js'
import { docsHashDollar } from '../../../src/layouts/plain/docs-hash-dollar.js'
import { docsHashTs } from '../../../src/layouts/plain/docs-hash-ts.js'
import { plainredis } from '../../../src/layouts/plain/plainredis.js'
import { valkey } from '../../../src/layouts/plain/valkey.js'
import { id, TASK } from './plain-values.js'

interface Form {
  readonly layout: Layout
  readonly type: string
  readonly separator: string
  key(thread: string, ns: string, checkpointId: string): string
}

const FORMS: Readonly<Record<string, Form>> = {
  'docs checkpoint': {
    layout: docsHash,
    type: 'hash',
    separator: ':',
    key: (t, ns, c) => `checkpoint:${t}:${ns}:${c}`,
  },
  'docs write': {
    layout: docsHash,
    type: 'hash',
    separator: ':',
    key: (t, ns, c) => `writes:${t}:${ns}:${c}:${TASK}:10`,
  },
  'upstash writes': {
    layout: docsHash,
    type: 'hash',
    separator: ':',
    key: (t, ns, c) => `checkpoint_writes:${t}:${ns}:${c}`,
  },
  'dollar checkpoint': {
    layout: docsHashDollar,
    type: 'hash',
    separator: '$',
    key: (t, ns, c) => `checkpoint$${t}$${ns}$${c}`,
  },
  'dollar write': {
    layout: docsHashDollar,
    type: 'hash',
    separator: '$',
    key: (t, ns, c) => `writes$${t}$${ns}$${c}$${TASK}$-3`,
  },
  'valkey checkpoint': {
    layout: valkey,
    type: 'string',
    separator: ':',
    key: (t, ns, c) => `checkpoint:{${t}}:${ns}:${c}`,
  },
  'valkey writes': {
    layout: valkey,
    type: 'string',
    separator: ':',
    key: (t, ns, c) => `writes:{${t}}:${ns}:${c}`,
  },
  'old valkey checkpoint': {
    layout: valkey,
    type: 'string',
    separator: ':',
    key: (t, ns, c) => `checkpoint:${t}:${ns}:${c}`,
  },
  'old valkey writes': {
    layout: valkey,
    type: 'string',
    separator: ':',
    key: (t, ns, c) => `writes:${t}:${ns}:${c}`,
  },
  'plainredis checkpoint': {
    layout: plainredis,
    type: 'string',
    separator: ':',
    key: (t, ns, c) => `lg:cp:${t}:${ns}:${c}`,
  },
  'plainredis writes': {
    layout: plainredis,
    type: 'hash',
    separator: ':',
    key: (t, ns, c) => `lg:wr:${t}:${ns}:${c}`,
  },
}

const special = fc.constantFrom(
  ':',
  '::',
  '$',
  '|',
  '\\',
  '*',
  '[',
  ' ',
  '{',
  '}',
  'node',
  '-3',
  TASK,
  'checkpoint:',
)
const thread = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc
      .array(fc.oneof(special, fc.string({ maxLength: 4 })), { minLength: 1, maxLength: 10 })
      .map((parts) => parts.join('')),
    fc.string({ minLength: 1000, maxLength: 1000 }),
  )
  .filter((text) => !(text.startsWith('{') && text.endsWith('}')))
const namespace = fc.constantFrom('', `node:${TASK}`, `a b:${TASK}|inner:${TASK}`, `node:${TASK}|2`)

const claimOf = ({ layout, type }: Form, key: string) =>
  layout.claim(Buffer.from(key), type, DEFAULT_PREFIXES)

describe.each(Object.entries(FORMS))('the key of a %s', (_, form) => {
  it('gives back thread, namespace and checkpoint', () => {
    fc.assert(
      fc.property(thread, namespace, fc.nat(999), (threadId, checkpointNs, n) => {
        const claim = claimOf(form, form.key(threadId, checkpointNs, id(n)))
        expect(claim).toMatchObject({ threadId, checkpointNs, checkpointId: id(n) })
        // Inside a namespace the colon is LangGraph's own; another separator may stand in a node's name.
        const isOpen = form.separator !== ':' && checkpointNs !== '' && threadId.includes(form.separator)
        expect(claim?.ambiguous ?? false).toBe(isOpen)
      }),
    )
  })

  it('is nobody’s where it is no UTF-8', () => {
    const key = Buffer.from(form.key('t#', '', id(1)))
    key[key.indexOf('#')] = 0xff
    expect(form.layout.claim(key, form.type, DEFAULT_PREFIXES)).toBeNull()
  })
})

describe('keys of other forms', () => {
  it('of the first docs end in a time, which holds colons itself', () => {
    const key = 'checkpoint:user:42:2024-07-31T10:20:30.123456+00:00'
    const claim = docsHashTs.claim(Buffer.from(key), 'hash', DEFAULT_PREFIXES)
    expect(claim).toMatchObject({ threadId: 'user:42', checkpointId: '2024-07-31T10:20:30.123456+00:00' })
  })

  it('of AgentCore stay together by session until a value names the thread', () => {
    const keys = {
      [`agentcore:checkpoint:user:42:actor::${id(1)}`]: 'string',
      [`agentcore:channel:user:42:actor::branch:to:x:${id(1)}`]: 'string',
      [`agentcore:writes:user:42:actor::${id(1)}`]: 'list',
      'agentcore:session:user:42:actor:checkpoints': 'list',
    }
    const claims = Object.entries(keys).map(([key, type]) =>
      agentcoreValkey.claim(Buffer.from(key), type, DEFAULT_PREFIXES),
    )
    expect(claims.map((claim) => claim?.threadId)).toEqual(['user:42', 'user:42', 'user:42', 'user:42'])
    expect(claims.map((claim) => claim?.checkpointId)).toEqual([id(1), id(1), id(1), ''])
  })

  it('that end in a bare name are asked for their value, because a thread id with a colon looks the same', () => {
    const claim = valkey.claim(Buffer.from(`checkpoint:user:42:${id(1)}`), 'string', DEFAULT_PREFIXES)
    expect(claim).toMatchObject({ threadId: 'user', checkpointNs: '42', ambiguous: true })
  })
})
