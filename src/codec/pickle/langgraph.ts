/** How LangGraph's own classes are pickled, in each of their eras (langgraph 0.1 – 1.2). */
import { type ClassReader, listNode, type Meaning, mapNode, namedFields, objectMeaning } from './meaning.js'
import { dictEntries } from './navigate.js'
import type { PickleNode, PickleObject } from './node.js'

const COMMAND_FIELDS = ['graph', 'update', 'resume', 'goto']
/** Frozen dataclasses with slots pickle a list of values: (value, when) up to 0.2.50, then four fields up to 0.5. */
const INTERRUPT_FIELDS = ['value', 'resumable', 'ns', 'when']
const OLDEST_INTERRUPT_FIELDS = ['value', 'when']
const TIMEOUT_FIELDS = ['run_timeout', 'idle_timeout', 'refresh_on']

export const LANGGRAPH_CLASSES: Readonly<Record<string, ClassReader>> = {
  'langgraph.types.Send': send,
  'langgraph.constants.Send': send,
  'langgraph.types.Interrupt': interrupt,
  'langgraph.constants.Interrupt': interrupt,
  'langgraph.types.Command': (object) => dataclass(object, 'Command', COMMAND_FIELDS),
  'langgraph.types.Overwrite': (object) => dataclass(object, 'Overwrite', ['value']),
  'langgraph.types.TimeoutPolicy': (object) => dataclass(object, 'TimeoutPolicy', TIMEOUT_FIELDS),
  'langgraph.store.base.Item': (object) => {
    const fields = namedFields(object, [])
    return fields && objectMeaning('keywords', 'langgraph.store.base', 'Item', mapNode(fields, object))
  },
  'langgraph.checkpoint.serde.types._DeltaSnapshot': ({ args: [value] }) =>
    value && objectMeaning('delta-snapshot', '', '', value),
  'langgraph.pregel.io.AddableUpdatesDict': plainDict,
  'langgraph.pregel.io.AddableValuesDict': plainDict,
  'langgraph.pregel._io.AddableUpdatesDict': plainDict,
  'langgraph.pregel._io.AddableValuesDict': plainDict,
}

/** Moved from `langgraph.constants` to `langgraph.types`, where every reader of today looks. */
function send(object: PickleObject): Meaning | undefined {
  const fields = byName(namedFields(object, ['node', 'arg']))
  const [node, arg, timeout] = [fields?.get('node'), fields?.get('arg'), fields?.get('timeout')]
  if (node === undefined || arg === undefined) return undefined
  const args = timeout === undefined || timeout.kind === 'null' ? [node, arg] : [node, arg, timeout]
  return objectMeaning('positional', 'langgraph.types', 'Send', listNode(args, object))
}

/** Old fields stay as they are: the class of today takes them and derives its id from `ns`. */
function interrupt(object: PickleObject): Meaning | undefined {
  const isOldest = object.state?.kind === 'list' && object.state.items.length === 2
  return dataclass(object, 'Interrupt', isOldest ? OLDEST_INTERRUPT_FIELDS : INTERRUPT_FIELDS)
}

function dataclass(object: PickleObject, name: string, names: readonly string[]): Meaning | undefined {
  const fields = namedFields(object, names)
  if (fields === undefined || object.args.length > 0) return undefined
  return objectMeaning('keywords', 'langgraph.types', name, mapNode(fields, object))
}

function plainDict(object: PickleObject): Meaning | undefined {
  const entries = dictEntries(object)
  return entries && { body: mapNode(entries, object) }
}

function byName(entries: readonly PickleNode[] | undefined): ReadonlyMap<string, PickleNode> | undefined {
  if (entries === undefined) return undefined
  const map = new Map<string, PickleNode>()
  for (let i = 0; i + 1 < entries.length; i += 2) {
    const key = entries[i]!
    if (key.kind === 'text') map.set(key.source.toString('utf8', key.start, key.end), entries[i + 1]!)
  }
  return map
}
