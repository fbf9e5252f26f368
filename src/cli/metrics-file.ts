/** `--metrics-file`: what the command is doing, and at the end what it did, for node-exporter's textfile collector. */
import { accessSync, constants, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ExitCode, Failure } from '../model/failure.js'
import type { Measure } from '../model/measure.js'
import { metricsText } from '../report/metrics/text.js'
import type { ProgressState } from './progress-state.js'

const WRITE_EVERY_MS = 5000

export class MetricsFile {
  private measures: readonly Measure[] = []
  private readonly timer: NodeJS.Timeout

  private constructor(
    private readonly path: string,
    private readonly command: string,
    private readonly state: ProgressState,
    private readonly now: () => number,
  ) {
    this.timer = setInterval(() => this.write(null), WRITE_EVERY_MS).unref()
  }

  /** Throws where nothing can be written there: better now than after the work. */
  static open(
    name: string,
    { command, state, now, cwd }: { command: string; state: ProgressState; now: () => number; cwd: string },
  ): MetricsFile {
    const path = resolve(cwd, name)
    try {
      accessSync(dirname(path), constants.W_OK)
      const file = new MetricsFile(path, command, state, now)
      file.writeOrThrow(null)
      return file
    } catch (error) {
      const problem = `nothing can be written to ${path}`
      throw new Failure('bad-setting', { setBy: '--metrics-file', problem }, error)
    }
  }

  /** What the report says, from now on. */
  readonly measured = (measures: readonly Measure[]): void => {
    this.measures = measures
  }

  end(exit: ExitCode): void {
    clearInterval(this.timer)
    this.write(exit)
  }

  /** Metrics are no reason to end a migration: a collector notices a file that grows old. */
  private write(exit: ExitCode | null): void {
    try {
      this.writeOrThrow(exit)
    } catch {}
  }

  /** In one step: a collector never reads half a file. */
  private writeOrThrow(exit: ExitCode | null): void {
    const { path, command, state, measures } = this
    const nowMs = this.now()
    const ended: Measure[] =
      exit === null
        ? []
        : [
            { name: 'end_time_seconds', help: 'When the command ended.', value: nowMs / 1000 },
            { name: 'exit_code', help: 'How it ended; see cp-migrate --help.', value: exit },
          ]
    const all: Measure[] = [
      { name: 'running', help: '1 while the command works.', value: exit === null ? 1 : 0 },
      { name: 'start_time_seconds', help: 'When the command began.', value: state.startedAt / 1000 },
      { name: 'duration_seconds', help: 'How long it has worked.', value: (nowMs - state.startedAt) / 1000 },
      ...ended,
      ...state.measures,
      ...measures,
    ]
    // Not .prom: collectors would read the unfinished file.
    const beside = `${path}.${process.pid}.part`
    try {
      writeFileSync(beside, metricsText(all, { command }), { mode: 0o644 })
      renameSync(beside, path)
    } catch (error) {
      rmSync(beside, { force: true })
      throw error
    }
  }
}
