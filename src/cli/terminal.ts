/** The process as the rest of `cli` sees it, so that a test can put another in its place. */
import type { ExitCode } from '../model/failure.js'
import type { SignalSource } from './signals.js'

export interface TerminalStream {
  write(text: string): void
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export interface Terminal {
  readonly stdout: TerminalStream
  readonly stderr: TerminalStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly signals: SignalSource
  /** Ends the process at once: pending work is not waited for. */
  exit(code: ExitCode): void
  /** Told of an error that nobody caught: one of a timer or an event, never one of the command's own promise. */
  onCrash(listener: (error: unknown) => void): void
  now(): number
}

export function processTerminal(): Terminal {
  // A reader that closes early (`| head`) has what it wanted.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signals: process,
    exit: (code) => process.exit(code),
    onCrash: (listener) => void process.on('uncaughtException', listener),
    now: Date.now,
  }
}
