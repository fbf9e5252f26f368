/** Processes that are asked line by line. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { atEndOfFile } from './each-file.js'

export interface Peer {
  /** Sends one JSON value as a line and gives the JSON value of the line it answers with. */
  ask<Answer>(question: unknown): Promise<Answer>
}

/** Questions may overlap; answers come in their order. `env` comes on top of our own. Ended after the file. */
export async function peer(
  [program = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Peer> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = []
  let said = ''
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-4000)
  })
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line))
  child.stdin.on('error', () => {}) // its end is reported by 'close'
  child.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the peer ended: ${said}`))
  })
  atEndOfFile(async () => {
    child.stdin.end()
    await ended
  })
  return {
    ask: async (question) => {
      if (child.exitCode !== null) throw new Error(`the peer ended: ${said}`)
      const line = await new Promise<string>((resolve, reject) => {
        waiting.push({ resolve, reject })
        child.stdin.write(`${JSON.stringify(question)}\n`)
      })
      return JSON.parse(line)
    },
  }
}
