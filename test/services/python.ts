/** Python programs that use the official savers, run once or asked line by line. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { officialPython } from '../../scripts/services/python.mjs'
import { run } from '../../scripts/services/run.mjs'
import { atEndOfFile } from './each-file.js'

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

export interface PythonPeer {
  /** Sends one JSON value as a line and gives the JSON value of the line it answers with. */
  ask<Answer>(question: unknown): Promise<Answer>
}

/**
 * A Python process that answers one line for each line it reads, for tests with many small questions. Ended after the
 * file. Questions may overlap; answers come in their order.
 */
export async function pythonPeer(
  program: string,
  { args = [], env }: RunPythonOptions = {},
): Promise<PythonPeer> {
  const child = spawn(await officialPython(), [...programArgs(program), ...args], {
    env: pythonEnvironment(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = []
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-4000)
  })
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line))
  child.stdin.on('error', () => {}) // its end is reported by 'close'
  child.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`Python ended: ${said}`))
  })
  atEndOfFile(async () => {
    child.stdin.end()
    await ended
  })
  return {
    ask: async (question) => {
      if (child.exitCode !== null) throw new Error(`Python ended: ${said}`)
      const line = await new Promise<string>((resolve, reject) => {
        waiting.push({ resolve, reject })
        child.stdin.write(`${JSON.stringify(question)}\n`)
      })
      return JSON.parse(line)
    },
  }
}

function programArgs(program: string): string[] {
  return program.endsWith('.py') ? [program] : ['-c', program]
}

function pythonEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONWARNINGS: 'ignore', PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1', ...more }
}
