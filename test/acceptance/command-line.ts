/** Runs a command line as a user would, in this process: arguments and environment in, exit code and output out. */
import { tmpdir } from 'node:os'
import { main } from '../../src/cli/main.js'
import type { Terminal } from '../../src/cli/terminal.js'
import { fakeTerminal } from '../cli/terminal.js'

export interface CommandRun {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** `line` is split at blanks; an array is taken as it is. */
export async function commandLine(
  line: string | readonly string[],
  env: Record<string, string>,
  change: Partial<Terminal> = {},
): Promise<CommandRun> {
  const terminal = fakeTerminal({ env, cwd: tmpdir(), ...change })
  const exit = await main(typeof line === 'string' ? line.split(' ') : [...line], terminal)
  return { exit, out: terminal.out(), err: terminal.err() }
}

/** The two variables that name both ends. */
export const ends = (redisUrl: string, postgresUrl: string): Record<string, string> => ({
  REDIS_URL: redisUrl,
  CHECKPOINT_DB_URI: postgresUrl,
})
