/** How pydantic pickles models and secrets: version 2 (LangChain's messages of today among them) and version 1. */
import { type ClassReader, type Meaning, mapNode, objectMeaning, pydanticV2 } from './meaning.js'
import { field, isText } from './navigate.js'
import type { PickleNode, PickleObject } from './node.js'

export const PYDANTIC_CLASSES: Readonly<Record<string, ClassReader>> = Object.fromEntries([
  ...['pydantic.types', 'pydantic.v1.types'].flatMap((module) =>
    ['SecretStr', 'SecretBytes'].map((name): [string, ClassReader] => [
      `${module}.${name}`,
      secret(module, name),
    ]),
  ),
  ...['Url', 'MultiHostUrl'].map((name): [string, ClassReader] => {
    const module = 'pydantic_core._pydantic_core'
    return [`${module}.${name}`, ({ args: [url] }) => text('single-argument', module, name, url)]
  }),
])

/** The official saver writes the secret itself. */
function secret(module: string, name: string): ClassReader {
  return ({ state }) => {
    const value = state && field(state, '_secret_value')
    return value && objectMeaning('single-argument', module, name, value)
  }
}

/**
 * The meaning of any model: its fields, then what it took beyond them (`extra`), as `model_dump` orders them; private attributes are not
 * dumped. Models inside a model stay objects, where the official saver flattens them and pydantic builds them again from
 * the annotations of the outer model: the same value wherever that works, and more of it where it does not. Undefined for an object
 * that is no model.
 */
export function modelMeaning(object: PickleObject, module: string, name: string): Meaning | undefined {
  const { state } = object
  if (object.how !== 'new' || state?.kind !== 'dict') return undefined
  const fields = field(state, '__dict__')
  if (fields?.kind !== 'dict') return undefined
  if (field(state, '__pydantic_fields_set__') !== undefined) {
    const extra = field(state, '__pydantic_extra__')
    const entries = extra?.kind === 'dict' ? fields.entries.concat(extra.entries) : fields.entries
    return pydanticV2(module, name, mapNode(ofToday(entries, module), object))
  }
  if (field(state, '__fields_set__') === undefined) return undefined
  // LangChain's own classes were models of version 1 up to langchain-core 0.2 and are models of version 2 today.
  if (module.startsWith('langchain_core.')) {
    return pydanticV2(module, name, mapNode(ofToday(fields.entries, module), object))
  }
  return objectMeaning('pydantic-v1', module, name, mapNode(fields.entries, object))
}

/** Messages had a field `example`, false unless somebody set it; today's would take it for an extra one. */
function ofToday(entries: readonly PickleNode[], module: string): readonly PickleNode[] {
  if (!module.startsWith('langchain_core.messages.')) return entries
  for (let i = 0; i + 1 < entries.length; i += 2) {
    const value = entries[i + 1]!
    if (value.kind === 'bool' && !value.value && isText(entries[i]!, 'example')) {
      return entries.filter((_, at) => at !== i && at !== i + 1)
    }
  }
  return entries
}

/** `AnyUrl` and its kin hold a URL of the core, which is a text. */
export function urlMeaning(object: PickleObject, module: string, name: string): Meaning | undefined {
  if (module !== 'pydantic.networks' || object.state === undefined) return undefined
  const url = field(object.state, '_url')
  return url?.kind === 'object' ? text('single-argument', module, name, url.args[0]) : undefined
}

const text = (
  form: 'single-argument',
  module: string,
  name: string,
  node: PickleNode | undefined,
): Meaning | undefined => (node?.kind === 'text' ? objectMeaning(form, module, name, node) : undefined)
