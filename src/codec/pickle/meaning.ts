/** What an object of a pickle stands for in the neutral model, and the pieces that the tables of classes make it of. */
import type { ObjectForm, ObjectHead } from '../../model/value.js'
import { DecodeError } from '../bytes.js'
import { dictNode, type PickleNode, type PickleObject, rangeNode, sequenceNode } from './node.js'

/** A plain value (`body` alone), or an object of the target with its body. */
export interface Meaning {
  readonly head?: ObjectHead
  /** Never an object that means itself again. */
  readonly body: PickleNode
  /** What the target cannot keep of it, where that is worth a finding. */
  readonly flattened?: string
}

/** Answers what an object of its class means; undefined: not written as this class pickles itself. */
export type ClassReader = (object: PickleObject) => Meaning | undefined

export const unsupported = (message: string, at: number): DecodeError =>
  new DecodeError(message, at, 'unsupported-value')

export const objectMeaning = (form: ObjectForm, module: string, name: string, body: PickleNode): Meaning => ({
  head: { form, module, name },
  body,
})

export const pydanticV2 = (module: string, name: string, fields: PickleNode): Meaning => ({
  head: { form: 'pydantic-v2', module, name, method: 'model_validate_json' },
  body: fields,
})

export const textNode = (text: string): PickleNode => rangeNode('text', Buffer.from(text, 'utf8'))

export const smallIntNode = (value: number): PickleNode => ({ kind: 'int', value })

/** Nodes made here share the arrays they are made of: only the machine changes arrays, and it has ended. */
export const listNode = (items: readonly PickleNode[], { document, at }: PickleObject): PickleNode =>
  sequenceNode('list', items as PickleNode[], document, at)

export const mapNode = (entries: readonly PickleNode[], { document, at }: PickleObject): PickleNode =>
  dictNode(entries as PickleNode[], document, at)

/** A map of named fields. */
export const fieldsNode = (fields: Readonly<Record<string, PickleNode>>, object: PickleObject): PickleNode =>
  mapNode(
    Object.entries(fields).flatMap(([name, value]) => [textNode(name), value]),
    object,
  )

/**
 * The attributes that BUILD sets, as entries: of a dict (`__dict__`), of `(dict or None, dict)` (with `__slots__`), none without
 * a state. Undefined for a state of the class's own making.
 */
export function attributesOf(object: PickleObject): readonly PickleNode[] | undefined {
  const { state } = object
  if (state === undefined || state.kind === 'null') return []
  if (state.kind === 'dict') return hasTextKeys(state.entries) ? state.entries : undefined
  if (state.kind !== 'tuple' || state.items.length !== 2) return undefined
  const entries: PickleNode[] = []
  for (const part of state.items) {
    if (part.kind === 'dict') for (const node of part.entries) entries.push(node)
    else if (part.kind !== 'null') return undefined
  }
  return hasTextKeys(entries) ? entries : undefined
}

const hasTextKeys = (entries: readonly PickleNode[]): boolean =>
  entries.every((node, i) => i % 2 === 1 || node.kind === 'text')

/** The values of fields: by name from the attributes, by position from the list that frozen dataclasses with slots pickle. */
export function namedFields(
  object: PickleObject,
  names: readonly string[],
): readonly PickleNode[] | undefined {
  if (object.state?.kind !== 'list') return attributesOf(object)
  const values = object.state.items
  if (values.length > names.length) return undefined
  return values.flatMap((value, i) => [textNode(names[i]!), value])
}

/** An int argument as a number, where it is one that fits. */
export const numberOf = (node: PickleNode | undefined): number | undefined =>
  node?.kind === 'int' && typeof node.value === 'number' ? node.value : undefined
