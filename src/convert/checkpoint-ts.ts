/** The time that a checkpoint says it was made at. */
import { DecodeError } from '../codec/bytes.js'
import type { Checkpoint } from '../model/thread.js'
import { topLevelOf } from './top-level.js'

/** `ts`, where it is a text. */
export function tsOf({ fields }: Checkpoint): string | undefined {
  const ts = fields.get('ts')
  if (ts === undefined) return undefined
  try {
    const top = topLevelOf(ts)
    return top.kind === 'text' ? top.utf8.toString() : undefined
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}
