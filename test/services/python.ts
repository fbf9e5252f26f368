/** Python programs that use the official savers, run once or asked line by line. */
import { officialPython } from '../../scripts/services/python.mjs'
import { run } from '../../scripts/services/run.mjs'
import { type Peer, peer } from './peer.js'

export { officialPython }

interface RunPythonOptions {
  readonly args?: readonly string[]
  /** Goes to stdin: text and bytes as they are, anything else as JSON. */
  readonly input?: unknown
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a program (path of a .py file, or its source text) to its end; its stdout. Fails with its stderr. */
export async function runPython(
  program: string,
  { args = [], input, env }: RunPythonOptions = {},
): Promise<string> {
  const stdin =
    typeof input === 'string' || Buffer.isBuffer(input) || input === undefined ? input : JSON.stringify(input)
  return run(await officialPython(), [...programArgs(program), ...args], {
    ...(stdin === undefined ? {} : { input: stdin }),
    env: pythonEnvironment(env),
  })
}

export type PythonPeer = Peer

/** A Python process that answers one line for each line it reads, for tests with many small questions. Ended after the file. */
export async function pythonPeer(
  program: string,
  { args = [], env }: RunPythonOptions = {},
): Promise<PythonPeer> {
  return peer([await officialPython(), ...programArgs(program), ...args], pythonEnvironment(env))
}

function programArgs(program: string): string[] {
  return program.endsWith('.py') ? [program] : ['-c', program]
}

function pythonEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONWARNINGS: 'ignore', PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1', ...more }
}
