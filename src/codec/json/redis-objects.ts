/** What stands around the body of an object in the documents of the Python `RedisSaver`, and what its reader makes of it. */
import type { ObjectHead } from '../../model/value.js'
import { isSafeClass } from '../python-safe-classes.js'
import { bracketsOf } from './jsonb-objects.js'
import { langChainClassAt } from './langchain-classes.js'

export interface RedisForm {
  readonly kind: 'object' | 'datetime' | 'send'
  readonly open: string
  readonly close: string
  /** The reader revives it as a whole, by its own rules. */
  readonly isEnvelope: boolean
  /** What the reader gives instead, where it cannot build the object. */
  readonly loss?: string
}

/** Written as the value alone. */
const ITSELF: RedisForm = { kind: 'object', open: '', close: '', isEnvelope: false }
const DATETIME: RedisForm = { ...ITSELF, kind: 'datetime' }
const SEND: RedisForm = { kind: 'send', open: '{"__send__":true,', close: '}', isEnvelope: false }

/** Classes that moved: the old path is not importable everywhere, the new one is. */
const MOVED: Readonly<Record<string, string>> = {
  'langgraph.constants': 'langgraph.types',
  'pathlib._local': 'pathlib',
}

export function formOf(head: ObjectHead): RedisForm {
  const name = `${head.form} ${head.module} ${head.name} ${head.method ?? ''}`
  const known = FORMS.get(name)
  if (known !== undefined) return known
  const form = newFormOf(head)
  if (FORMS.size < MOST_FORMS) FORMS.set(name, form)
  return form
}

/** Of classes that were met: a thread holds thousands of objects of few. */
const FORMS = new Map<string, RedisForm>()
const MOST_FORMS = 1000

function newFormOf(given: ObjectHead): RedisForm {
  const module = MOVED[given.module] ?? given.module
  const head = module === given.module ? given : { ...given, module }
  const { form, name } = head
  const path = `${module}.${name}`
  switch (form) {
    case 'delta-snapshot':
      return { kind: 'object', ...bracketsOf(head), isEnvelope: false }
    case 'method':
      return path === 'datetime.datetime' && head.method === 'fromisoformat' ? DATETIME : ITSELF
    case 'single-argument':
      return isSafeClass(head) ? envelope(head) : { ...ITSELF, loss: `${path}, its value` }
    case 'positional':
      if (path === 'langgraph.types.Send') return SEND
      return envelope(head, isSafeClass(head) ? undefined : `${path}, a dict of its arguments`)
    case 'keywords':
      return envelope(head, isSafeClass(head) ? undefined : `${path}, a dict if it is a NamedTuple`)
    case 'numpy':
      return envelope(head, 'numpy array, a dict of its parts')
    default:
      if (langChainClassAt(module, name) === undefined) return envelope(head, `${path}, a dict of its fields`)
      return langChain(head)
  }
}

const envelope = (head: ObjectHead, loss?: string): RedisForm => ({
  kind: 'object',
  ...bracketsOf(head),
  isEnvelope: true,
  ...(loss !== undefined && { loss }),
})

/** LangChain's reader knows its classes by their module, too; LangGraph's envelope of those without known fields it would leave as it is. */
function langChain(head: ObjectHead): RedisForm {
  const { open, close } = bracketsOf(head)
  return { kind: 'object', open: open.replace('{"lc":2,', '{"lc":1,'), close, isEnvelope: true }
}
