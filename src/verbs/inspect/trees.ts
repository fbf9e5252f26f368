/** Values as trees to be shown, and single fields of them. */
import { DecodeError } from '../../codec/bytes.js'
import { treeOf } from '../../codec/tree.js'
import type { Shown } from '../../model/inspect-report.js'
import type { Tree, Value } from '../../model/value.js'

/** Never throws for what is in the value. */
export function shownValue(value: Value): Shown {
  if (value.encoding === 'encrypted')
    return { kind: 'encrypted', serdeType: value.serdeType ?? 'encrypted', bytes: value.bytes?.length ?? 0 }
  try {
    return { kind: 'value', tree: treeOf(value) }
  } catch (error) {
    if (error instanceof DecodeError)
      return { kind: 'unreadable', problem: `${error.message} at byte ${error.offset}` }
    throw error
  }
}

/** A member of a map, or a field of an object. */
export function fieldOf(tree: Tree, name: string): Tree | undefined {
  if (tree.kind === 'object') {
    // Positional: a Send is (node, arg).
    if (tree.body.kind === 'list' && name === 'node') return tree.body.items[0]
    return fieldOf(tree.body, name)
  }
  if (tree.kind !== 'map') return undefined
  return tree.entries.find(([key]) => textOf(key) === name)?.[1]
}

export const textOf = (tree: Tree): string | undefined =>
  tree.kind === 'text' ? tree.utf8.toString() : undefined

export const numberOf = (tree: Tree | undefined): number | null =>
  tree?.kind === 'int' || tree?.kind === 'float' ? Number(tree.value) : null
