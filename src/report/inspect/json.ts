/** An inspection as one JSON document: values as plain JSON where JSON can hold them, else with a `$` that says what they are. */
import type {
  InspectedKey,
  InspectedThread,
  InspectReport,
  Shown,
  ShownCheckpoint,
  ShownWrite,
} from '../../model/inspect-report.js'
import { printableKey, utf8TextOf } from '../../model/printable.js'
import type { Tree } from '../../model/value.js'
import { jsonText } from '../json-text.js'
import { floatText } from './values.js'

export function inspectJson({ key, thread, ...head }: InspectReport, raw: boolean): string {
  return jsonText({
    ...head,
    key: key && keyJson(key, raw),
    thread: thread && threadJson(thread),
  })
}

function keyJson({ key, payloads, ...rest }: InspectedKey, raw: boolean) {
  return {
    ...nameJson(key),
    ...rest,
    payloads: payloads.map(({ outline, ...payload }) => (raw ? { ...payload, outline } : payload)),
  }
}

function threadJson({ keys, namespaces, findings, ...rest }: InspectedThread) {
  return {
    ...rest,
    keys: keys.map(({ key, ...one }) => ({ ...nameJson(key), ...one })),
    namespaces: namespaces.map(({ checkpointNs, checkpoints, orphanWrites }) => ({
      checkpointNs,
      checkpoints: checkpoints.map(checkpointJson),
      orphanWrites: orphanWrites.map(writeJson),
    })),
    findings: findings.map(({ key, ...finding }) => ({ ...finding, ...(key && nameJson(key)) })),
  }
}

function checkpointJson(checkpoint: ShownCheckpoint) {
  const { key, channelVersions, values, metadata, pendingSends, writes, ...rest } = checkpoint
  return {
    ...rest,
    ...nameJson(key),
    channelVersions: Object.fromEntries(channelVersions),
    values: values && Object.fromEntries([...values].map(([channel, shown]) => [channel, shownJson(shown)])),
    metadata: shownJson(metadata),
    pendingSends: pendingSends.map(shownJson),
    writes: writes.map(writeJson),
  }
}

const writeJson = ({ key, value, ...write }: ShownWrite) => ({
  ...write,
  value: shownJson(value),
  ...nameJson(key),
})

/** `key` is exact where the key is UTF-8; else it is for reading, and `keyBase64` is exact. */
function nameJson(key: Buffer): { readonly key: string; readonly keyBase64?: string } {
  const text = utf8TextOf(key)
  return text === null ? { key: printableKey(key), keyBase64: key.toString('base64') } : { key: text }
}

function shownJson(shown: Shown): unknown {
  switch (shown.kind) {
    case 'value':
      return treeJson(shown.tree)
    case 'encrypted':
      return { $encrypted: shown.serdeType, bytes: shown.bytes }
    case 'unreadable':
      return { $unreadable: shown.problem }
  }
}

export function treeJson(tree: Tree): unknown {
  switch (tree.kind) {
    case 'null':
      return null
    case 'bool':
      return tree.value
    case 'int':
      return typeof tree.value === 'number' ? tree.value : { $int: String(tree.value) }
    case 'float':
      // JSON does not tell 1.0 from 1, and knows no NaN.
      return Number.isFinite(tree.value) && !Number.isInteger(tree.value)
        ? tree.value
        : { $float: floatText(tree.value) }
    case 'text':
      return tree.utf8.toString()
    case 'bytes':
    case 'bytearray':
      return { [`$${tree.kind}`]: tree.bytes.toString('base64') }
    case 'list':
      return tree.items.map(treeJson)
    case 'tuple':
    case 'set':
    case 'frozenset':
      return { [`$${tree.kind}`]: tree.items.map(treeJson) }
    case 'map':
      return mapJson(tree.entries)
    case 'object': {
      const { form, module, name, method } = tree.head
      const path = [module, name].filter((part) => part !== '').join('.')
      return { $object: path, form, ...(method !== undefined && { method }), body: treeJson(tree.body) }
    }
  }
}

/** An object where every key is a text that comes once and has no `$`; else pairs. */
function mapJson(entries: readonly (readonly [Tree, Tree])[]): unknown {
  const names = entries.map(([key]) => (key.kind === 'text' ? utf8TextOf(key.utf8) : null))
  const isPlain =
    new Set(names).size === names.length &&
    names.every((name) => name !== null && !name.startsWith('$') && name !== '__proto__')
  if (isPlain) return Object.fromEntries(entries.map(([, value], at) => [names[at], treeJson(value)]))
  return { $map: entries.map(([key, value]) => [treeJson(key), treeJson(value)]) }
}
