/** Runs a program to its end and gives its output, or an error that holds what it said. */
import { spawn } from 'node:child_process'

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions & { input?: string | Buffer }} [options] `input` goes to its stdin
 * @returns {Promise<string>} stdout
 */
export function run(command, args, { input, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
    /** @type {Buffer[]} */
    const out = []
    /** @type {Buffer[]} */
    const err = []
    child.stdout.on('data', (chunk) => out.push(chunk))
    child.stderr.on('data', (chunk) => err.push(chunk))
    child.stdin.on('error', () => {}) // a program that ends without reading its input says why on stderr
    child.on('error', (error) => reject(new Error(`${command} cannot be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString())
      const said = Buffer.concat([...out, ...err]).toString()
      reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${said.slice(-4000)}`))
    })
    child.stdin.end(input)
  })
}
