/** Keys that no layout claims: items of the savers' stores, names under a beginning that savers use, everything else (pure). */
import type { Prefixes } from '../../layouts/layout.js'
import type { KeyGroup, NamedKey } from '../../model/detect-findings.js'
import { printableKey, utf8TextOf } from '../../model/printable.js'
import { type ForeignGroup, keyBeginning } from '../../pipeline/inventory/counts.js'
import { STORE_BEGINNINGS } from '../beginnings.js'
import type { KeyCensus } from './census.js'

/** Groups that are named one by one. */
const MAX_GROUPS = 20

export interface OtherKeys {
  readonly storeItems: number
  readonly unknownKeys: number
  readonly foreignKeys: number
  readonly unknown: readonly KeyGroup[]
  readonly foreign: readonly KeyGroup[]
}

export function otherKeysOf(census: KeyCensus, prefixes: Prefixes): OtherKeys {
  const savers = beginningsOfSavers(census, prefixes)
  const groups = census.counts.foreignGroups()
  const isStore = ({ prefix }: ForeignGroup) => STORE_BEGINNINGS.has(prefix)
  const isUnknown = ({ prefix }: ForeignGroup) => savers.has(prefix)
  const unknown = groups.filter((group) => !isStore(group) && isUnknown(group))
  const foreign = groups.filter((group) => !isStore(group) && !isUnknown(group))
  return {
    storeItems: keysOf(groups.filter(isStore)),
    unknownKeys: keysOf(unknown),
    foreignKeys: keysOf(foreign),
    unknown: unknown.slice(0, MAX_GROUPS).map(groupOf),
    foreign: foreign.slice(0, MAX_GROUPS).map(groupOf),
  }
}

/** Those of the keys that layouts know here, and those of the prefixes in use. */
function beginningsOfSavers(census: KeyCensus, prefixes: Prefixes): ReadonlySet<string> {
  const names = [...prefixes.checkpoint, ...prefixes.checkpointWrite, ...prefixes.checkpointBlob]
  const beginnings = new Set(names.map((prefix) => keyBeginning(Buffer.from(`${prefix}:`))))
  for (const { samples } of census.kinds) {
    for (const { key } of samples.items) beginnings.add(keyBeginning(key))
  }
  beginnings.delete('')
  return beginnings
}

const keysOf = (groups: readonly ForeignGroup[]): number => groups.reduce((sum, { keys }) => sum + keys, 0)

const groupOf = ({ prefix, keys, samples }: ForeignGroup): KeyGroup => ({
  prefix,
  keys,
  samples: samples.map(namedKey),
})

/** A name for people, exact where it is text. */
export function namedKey({ key, type }: { readonly key: Buffer; readonly type: string }): NamedKey {
  const text = utf8TextOf(key)
  return text === null
    ? { key: printableKey(key), base64: key.toString('base64'), type }
    : { key: text, type }
}
