/** Which threads the user asked for, from flags and from a file of ids. */
import { resolve } from 'node:path'
import { EVERY_THREAD, type ThreadScope } from '../model/scope.js'
import type { Config } from './config.js'
import { contentOf, STANDARD_INPUT } from './variables.js'

/** Ids of `--thread` and `--threads-from` together; a file holds one id a line, empty lines are skipped. `-` is standard input. */
export function readScope({ values }: Config, cwd: string): ThreadScope {
  const { thread, threadsFrom, match, limit } = values
  const ids = [...thread, ...(threadsFrom === undefined ? [] : idsIn(threadsFrom, cwd))]
  const isNamed = thread.length > 0 || threadsFrom !== undefined
  return {
    ...EVERY_THREAD,
    threads: isNamed ? new Set(ids) : null,
    patterns: match,
    limit: limit ?? null,
  }
}

function idsIn(file: string, cwd: string): string[] {
  return contentOf(file === '-' ? STANDARD_INPUT : resolve(cwd, file), '--threads-from')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
}
