/** The layouts of pickling savers: a form of values each, one claim and one reader for all. */
import { DecodeError } from '../../codec/bytes.js'
import type { PickleNode } from '../../codec/pickle/node.js'
import type { RedisValue } from '../../model/redis-value.js'
import { isUuid } from '../keys/keys.js'
import type { ClaimedKey, Layout } from '../layout.js'
import { memorySnapshot, snapshotOf } from '../plain/memory-snapshot.js'
import { pickleConfigTriple, pickleLatestTriple } from './config-triple.js'
import { pickleBare, pickleDict, pickleDictNs, pickleDictWrites } from './dict.js'
import type { PickledForm } from './form.js'
import { claimPickleKey, pickleKeyOf, pickleReadingOrder, taskIdIn } from './keys.js'
import { picklePair } from './pair.js'
import { pickleParentTriple } from './parent-triple.js'
import { openPickle } from './payload.js'
import { pickleRedisSaver } from './redis-saver.js'
import { type FoundForm, PickledThread } from './thread.js'
import { pickledWrites } from './writes.js'

/** The first that knows a value counts; the first of all lends its id to what is only claimed. */
const FORMS: readonly [PickledForm, ...PickledForm[]] = [
  pickleRedisSaver,
  pickleParentTriple,
  pickleConfigTriple,
  pickleLatestTriple,
  picklePair,
  pickleDictWrites,
  pickleDictNs,
  pickleDict,
  pickleBare,
  memorySnapshot,
]
const READER = FORMS[0].id

export const PICKLED_LAYOUTS: readonly Layout[] = FORMS.map((form) => ({
  id: form.id,
  title: form.title,
  writtenBy: form.writtenBy,
  dialect: 'python',
  ...(form.id === READER ? {} : { readBy: READER }),
  claim: (key, type, prefixes) => claimPickleKey(form.id, key, type, prefixes),
  recognises: (key, value) => recognises(form, key, value),
  readingOrder: pickleReadingOrder,
  openThread: (threadId, sink) => new PickledThread(threadId, sink, formOf),
}))

function formOf(node: PickleNode, key: ClaimedKey): FoundForm | undefined {
  const inKey = pickleKeyOf(key)
  for (const form of FORMS) {
    const found = form.checkpoint(node, inKey)
    if (found !== undefined) return { form, found }
  }
  return undefined
}

type Recognition = ReturnType<Layout['recognises']>

function recognises(form: PickledForm, key: ClaimedKey, value: RedisValue): Recognition {
  if (key.role === 'index') return { yes: true, evidence: 'index key of pickling savers' }
  if (value.type !== 'string') return { yes: false, evidence: `TYPE is ${value.type}, not string` }
  if (key.role === 'pointer') return recognisesPointer(form, value.bytes)
  try {
    const node = openPickle(value.bytes)
    if (node === undefined) return { yes: false, evidence: 'no pickle' }
    if (key.role === 'write') return recognisesWrites(form, node, key)
    const found = formOf(node, key)?.form ?? (snapshotOf(node) && memorySnapshot)
    if (found === undefined) return { yes: false, evidence: 'pickle of something else' }
    return { yes: found.id === form.id, evidence: found.evidence }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { yes: false, evidence: 'pickle that cannot be read' }
  }
}

/** Bare ids, in whichever of these savers; their first stands for all. */
function recognisesPointer(form: PickledForm, bytes: Buffer): Recognition {
  const isId = isUuid(bytes.toString('latin1'))
  return isId
    ? { yes: form.id === READER, evidence: 'pointer holds a bare checkpoint id' }
    : { yes: false, evidence: 'pointer holds no checkpoint id' }
}

function recognisesWrites(form: PickledForm, node: PickleNode, key: ClaimedKey): Recognition {
  const { threadId, checkpointNs, checkpointId } = key
  const taskId = taskIdIn(key)
  const about = { threadId, checkpointNs, checkpointId, taskId, origin: { key: key.key, layout: form.id } }
  if (pickledWrites(node, about) === undefined) return { yes: false, evidence: 'pickle of something else' }
  const evidence = `pickled ${node.kind === 'dict' ? 'dict' : 'list'} of writes ${taskId === undefined ? 'without' : 'with'} a task id`
  return { yes: form === writerOf(node, key), evidence }
}

/** Who writes such writes under such keys. */
function writerOf(node: PickleNode, key: ClaimedKey): PickledForm {
  if (node.kind === 'dict') return pickleDictWrites
  if (taskIdIn(key) === undefined) return pickleParentTriple
  return key.key.toString('latin1').startsWith('langgraph:') ? picklePair : pickleConfigTriple
}
