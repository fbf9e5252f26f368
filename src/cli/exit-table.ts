/** The exit codes as `--help` shows them. */
import { EXIT } from '../model/failure.js'

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  failed: 'failed',
  usage: 'wrong usage or configuration',
  rejects: 'done, but something was rejected or is in conflict',
  differences: 'a check found differences',
  connection: 'could not connect or log in',
  locked: 'another run holds the lock',
  interrupted: 'stopped by Ctrl-C',
  terminated: 'stopped by a request to end',
}

export const EXIT_TABLE = [
  'Exit codes',
  ...Object.entries(EXIT).map(
    ([name, code]) => `  ${String(code).padStart(3)}  ${MEANINGS[name as keyof typeof EXIT]}`,
  ),
].join('\n')
