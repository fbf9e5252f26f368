/** What is made of classes no table knows: a user's models, dataclasses, NamedTuples, enums, subclasses of built-in types. */
import {
  attributesOf,
  listNode,
  type Meaning,
  mapNode,
  objectMeaning,
  pydanticV2,
  unsupported,
} from './meaning.js'
import { namingOf } from './modules.js'
import type { PickleGlobal, PickleObject } from './node.js'
import { modelMeaning, urlMeaning } from './pydantic.js'

/**
 * Throws `DecodeError` (`unsupported-value`) naming what the official reader would have to import and call, unless it is a class of the
 * user's own that its attributes or arguments rebuild.
 */
export function userClassMeaning(object: PickleObject, callable: PickleGlobal): Meaning {
  const { module, path } = callable
  // The official writer takes `__name__`, which for a class inside a class is the last part.
  const name = lastPart(callable.name)
  const naming = namingOf(module, callable.name)
  if (naming === 'forbidden' || (naming === 'not a class' && object.how === 'call')) {
    throw unsupported(object.how === 'call' ? `calls ${path}` : `an object of ${path}`, object.at)
  }
  const collection = collectionMeaning(object, path)
  if (collection !== undefined) return collection
  const meaning =
    modelMeaning(object, module, name) ??
    urlMeaning(object, module, name) ??
    (object.args.length > 0 || object.kwargs !== undefined
      ? argumentsMeaning(object, module, name)
      : attributesMeaning(object, module, name))
  if (meaning === undefined) throw unsupported(`an object of ${path} with a state of its own kind`, object.at)
  if (naming === 'allowed' || meaning.head === undefined) return meaning
  return { body: meaning.body, flattened: path }
}

/** Subclasses of dict and list come back as dict and list, as from the official saver; attributes of their own are lost there. */
function collectionMeaning(object: PickleObject, path: string): Meaning | undefined {
  const { entries, items } = object
  if (entries.length === 0 && items.length === 0) return undefined
  const body = entries.length > 0 ? mapNode(entries, object) : listNode(items, object)
  const attributes = attributesOf(object)
  return attributes?.length === 0 ? { body } : { body, flattened: `attributes of ${path}` }
}

/**
 * Made by arguments: an enum member or an object with a `__reduce__` of its own by one or more; a NamedTuple or a subclass of
 * str, int, tuple… by those of `__new__`, its fields in order (their names are not in the pickle).
 */
function argumentsMeaning(object: PickleObject, module: string, name: string): Meaning | undefined {
  if (attributesOf(object)?.length !== 0) return undefined
  const { args, kwargs } = object
  if (kwargs !== undefined) {
    return args.length === 0 ? objectMeaning('keywords', module, name, kwargs) : undefined
  }
  return object.how === 'call' && args.length === 1
    ? objectMeaning('single-argument', module, name, args[0]!)
    : objectMeaning('positional', module, name, listNode(args, object))
}

/**
 * Made by its attributes: whether it is a dataclass, a plain object or something else the pickle does not say, and the form of pydantic
 * is the one that gives the attributes back when it cannot build the object. A frozen dataclass with slots has its values in order.
 */
function attributesMeaning(object: PickleObject, module: string, name: string): Meaning | undefined {
  if (object.state?.kind === 'list') {
    return objectMeaning('positional', module, name, listNode(object.state.items, object))
  }
  const attributes = attributesOf(object)
  return attributes && pydanticV2(module, name, mapNode(attributes, object))
}

/** `Outer.Inner` is `Inner`; the brackets of a generic class (`Page[app.Item]`) belong to its name. */
function lastPart(name: string): string {
  const bracket = name.indexOf('[')
  const plain = bracket < 0 ? name : name.slice(0, bracket)
  return name.slice(plain.lastIndexOf('.') + 1)
}
