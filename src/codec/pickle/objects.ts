/** What the objects of a pickle mean: the tables of known classes, then the rules for all others. */
import { DATETIME_CLASSES } from './datetimes.js'
import { exceptionMeaning } from './exceptions.js'
import { LANGGRAPH_CLASSES } from './langgraph.js'
import { type ClassReader, type Meaning, unsupported } from './meaning.js'
import type { PickleObject } from './node.js'
import { NUMPY_CLASSES } from './numpy.js'
import { PYDANTIC_CLASSES } from './pydantic.js'
import { STDLIB_CLASSES } from './stdlib.js'
import { userClassMeaning } from './user-classes.js'

/** By `module.name` of the callable. */
const KNOWN: ReadonlyMap<string, ClassReader> = new Map(
  [STDLIB_CLASSES, DATETIME_CLASSES, NUMPY_CLASSES, PYDANTIC_CLASSES, LANGGRAPH_CLASSES].flatMap(
    Object.entries,
  ),
)

/**
 * What an object stands for. Throws `DecodeError` (`unsupported-value`, offset of the opcode that makes it) for a class or a call that
 * has no faithful form in the target, by its name; nothing is ever called to find out.
 */
export function meaningOf(object: PickleObject): Meaning {
  const { callable } = object
  if (callable.kind !== 'global') throw unsupported('calls what another call returns', object.at)
  const known = KNOWN.get(callable.path)
  if (known !== undefined) {
    const meaning = known(object)
    if (meaning !== undefined) return meaning
    throw unsupported(`an object of ${callable.path} in a form that is not known`, object.at)
  }
  return exceptionMeaning(object, meaningOf) ?? userClassMeaning(object, callable)
}
