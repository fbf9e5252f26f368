/** What a command file exports, and the world it is given: commands never touch the process or the terminal themselves. */
import type { Command } from 'commander'
import type { OnEvent } from '../model/events.js'
import type { ExitCode } from '../model/failure.js'
import type { Measure } from '../model/measure.js'
import type { Secret } from '../model/secret.js'
import type { JobHandle } from '../pipeline/jobs/jobs.js'

export interface Writer {
  write(text: string): void
}

/** How to talk, as the user wants it. */
export interface Output {
  /** One JSON document on stdout. */
  readonly json: boolean
  /** The report as Markdown on stdout, where it is a page. */
  readonly markdown: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  /** Where there is a terminal at all. */
  readonly color: boolean
  /** How progress is shown on stderr. */
  readonly progress: 'auto' | 'json' | 'none'
  /** How messages are written to stderr. */
  readonly log: 'text' | 'json'
}

/** Everything a command may know of the terminal and the process; a test makes one by hand. */
export interface Context {
  /** The result. */
  readonly stdout: Writer
  /** Messages; progress goes there by itself. */
  readonly stderr: Writer
  readonly env: Readonly<Record<string, string | undefined>>
  /** False: `.env` is not read. */
  readonly dotEnv?: boolean
  readonly cwd: string
  /** Whether stdout is a terminal. */
  readonly isTty: boolean
  /** The width to write for. */
  readonly columns: number
  readonly output: Output
  /** Aborted by the first Ctrl-C; its reason is the failure to report. */
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  /** With --verbose: a line about what goes on. */
  details?(line: string): void
  /** Where a monitoring system wants to know what the report says. */
  measured?(measures: readonly Measure[]): void
  /** Told of every secret, so that no text of a driver can show it. */
  keepSecret(secret: Secret): void
  /** Runs what `runJob` does on another processor; absent where nobody can. */
  startJob?(settings: JobSettings): JobHandle
  /** Milliseconds since 1970. */
  now(): number
}

/** Options as commander hands them over: absent unless the user gave them. */
export type Options = Readonly<Record<string, unknown>>

/** What a job is started with: enough to read the settings as the command has read them. */
export interface JobSettings extends Pick<Context, 'env' | 'cwd'> {
  readonly dotEnv?: boolean
  readonly options: Options
  /** How many there are. */
  readonly count: number
}

export interface CommandModule {
  readonly name: string
  /** One phrase for the list of commands, no full stop. */
  readonly summary: string
  /** Complete command lines with what they do, most useful first. */
  readonly examples: readonly (readonly [commandLine: string, does: string])[]
  /** Adds options and arguments. Runs at every start: nothing heavy may be imported for it. */
  declare(command: Command): Command
  /** Imports what it needs when it is called. */
  run(options: Options, context: Context, positionals: readonly string[]): Promise<ExitCode>
}
