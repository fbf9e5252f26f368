/** How much of the source is taken: whole threads by age, and the newest checkpoints inside a thread. */
import type { Command } from 'commander'
import type { Bounds } from '../model/bounds.js'
import { Failure } from '../model/failure.js'
import { shellWord } from '../model/printable.js'
import type { Options } from './command.js'
import { parseDuration } from './units.js'

export const boundOptions = (command: Command): Command =>
  command
    .optionsGroup('How much of it')
    .option('--newer-than <duration>', 'only threads with a checkpoint younger than that, such as 30d')
    .option('--older-than <duration>', 'only threads without one')
    .option('--keep-last <n>', 'of each namespace only the newest checkpoints, as the official prune() would')
    .option('--latest-only', 'the same as --keep-last 1')

/** Throws `usage` and `bad-setting`. */
export function readBounds({ newerThan, olderThan, keepLast, latestOnly }: Options): Bounds {
  if (latestOnly === true && keepLast !== undefined) {
    const message = '--latest-only is --keep-last 1; give one of the two'
    throw new Failure('usage', { message, command: 'cp-migrate migrate' })
  }
  return {
    newerThanMs: durationOf('--newer-than', newerThan),
    olderThanMs: durationOf('--older-than', olderThan),
    keepLast: latestOnly === true ? 1 : countOf(keepLast),
  }
}

/** The flags that were given, each with a space before it. */
export function boundsAgain({ newerThan, olderThan, keepLast, latestOnly }: Options): string {
  const flags = [
    newerThan === undefined ? '' : ` --newer-than ${shellWord(String(newerThan))}`,
    olderThan === undefined ? '' : ` --older-than ${shellWord(String(olderThan))}`,
    keepLast === undefined ? '' : ` --keep-last ${String(keepLast)}`,
    latestOnly === true ? ' --latest-only' : '',
  ]
  return flags.join('')
}

function durationOf(setBy: string, text: unknown): number | null {
  if (text === undefined) return null
  const ms = parseDuration(String(text))
  if (ms !== null && ms > 0) return ms
  throw new Failure('bad-setting', { setBy, problem: `"${String(text)}" is no duration such as 30d` })
}

function countOf(text: unknown): number | null {
  if (text === undefined) return null
  if (/^[1-9]\d{0,8}$/.test(String(text))) return Number(text)
  throw new Failure('bad-setting', { setBy: '--keep-last', problem: 'a whole number from 1 is needed' })
}
