/** Exceptions, which the official saver writes as the text that `repr` makes of them. */
import { type Meaning, textNode } from './meaning.js'
import type { PickleNode, PickleObject } from './node.js'
import { pythonRepr } from './repr.js'

const UNUSUAL_NAMES: ReadonlySet<string> = new Set([
  'builtins.BaseExceptionGroup',
  'builtins.ExceptionGroup',
  'builtins.GeneratorExit',
  'builtins.KeyboardInterrupt',
  'builtins.StopAsyncIteration',
  'builtins.StopIteration',
  'builtins.SystemExit',
])

/** A pickle does not say which classes are exceptions; their names do, and that they are called with their `args`. */
function isException({ how, callable }: PickleObject): boolean {
  if (how !== 'call' || callable.kind !== 'global') return false
  if (UNUSUAL_NAMES.has(callable.path) || callable.module === 'langgraph.errors') return true
  return /\w(Error|Exception|Warning|Timeout)$|^(Exception|BaseException|Warning)$/.test(callable.name)
}

/** `meaningOf` tells how objects among the arguments print. */
export function exceptionMeaning(
  object: PickleObject,
  meaningOf: (object: PickleObject) => Meaning,
): Meaning | undefined {
  return isException(object) ? { body: textNode(pythonRepr(object as PickleNode, meaningOf)) } : undefined
}
