/** A terminal for tests: keeps what was written, takes signals by hand. */
import { EventEmitter } from 'node:events'
import type { Terminal } from '../../src/cli/terminal.js'

export interface FakeTerminal extends Terminal {
  readonly signals: EventEmitter
  out(): string
  err(): string
  readonly exits: number[]
  /** An error out of nowhere. */
  crash(error: unknown): void
}

export function fakeTerminal(change: Partial<Terminal> = {}): FakeTerminal {
  const out: string[] = []
  const err: string[] = []
  const exits: number[] = []
  const crashListeners: ((error: unknown) => void)[] = []
  return {
    stdout: { write: (text) => void out.push(text) },
    stderr: { write: (text) => void err.push(text) },
    env: {},
    cwd: '/nowhere',
    exit: (code) => void exits.push(code),
    onCrash: (listener) => void crashListeners.push(listener),
    now: Date.now,
    ...change,
    signals: new EventEmitter(),
    out: () => out.join(''),
    err: () => err.join(''),
    exits,
    crash: (error) => {
      for (const listener of crashListeners) listener(error)
    },
  }
}
