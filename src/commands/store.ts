/** What the settings say of LangGraph's long-term memory. */
import type { StorePrefixes } from '../layouts/store/keys.js'
import type { Config } from './config.js'
import { flagsAgain } from './flags-again.js'

/** Null: it stays where it is. */
export function storeOf(config: Config): { readonly prefixes: StorePrefixes; readonly flags: string } | null {
  const { include, storePrefix, storeVectorPrefix } = config.values
  if (include === undefined) return null
  return { prefixes: { item: storePrefix, vector: storeVectorPrefix }, flags: flagsAgain(config).target }
}
