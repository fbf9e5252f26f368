/** Gives a command its world: progress, signals, metrics, writers that do not tear the progress line. Takes all of it back at the end. */
import type { Context, Options, Output } from '../commands/command.js'
import type { ExitCode } from '../model/failure.js'
import type { Secret } from '../model/secret.js'
import { detailLines } from './details.js'
import { jsonLog } from './log.js'
import { MetricsFile } from './metrics-file.js'
import { createProgress } from './progress.js'
import { ProgressState } from './progress-state.js'
import { listenForSignals, listenForStatus } from './signals.js'
import { startJob } from './start-job.js'
import type { Terminal } from './terminal.js'

export const HELP_COLUMNS = 80

export interface World {
  readonly terminal: Terminal
  readonly output: Output
  readonly options: Options
  readonly commandName: string
  readonly stdout: Context['stdout']
  readonly secrets: Set<Secret>
  /** Told of the file that has to know the exit code. */
  onMetrics(file: MetricsFile): void
}

export async function withContext(
  world: World,
  work: (context: Context) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { terminal, output, options, commandName, secrets } = world
  const { now } = terminal
  const state = new ProgressState(now)
  const progress = createProgress(terminal.stderr, { color: output.color, now, form: output.progress })
  const pausing = (writer: Context['stdout']): Context['stdout'] => ({
    write(text) {
      progress.pause()
      writer.write(text)
    },
  })
  const stderr = pausing(output.log === 'json' ? jsonLog(terminal.stderr, now) : terminal.stderr)
  const { signal, dispose } = listenForSignals(terminal.signals, {
    onFirst: () => stderr.write('stopping after this batch; once more stops at once\n'),
    exit: terminal.exit,
  })
  const status = listenForStatus(terminal.signals, () =>
    stderr.write(`cp-migrate ${commandName}, ${state.line}\n`),
  )
  try {
    const metrics =
      options.metricsFile === undefined
        ? null
        : MetricsFile.open(String(options.metricsFile), {
            command: commandName,
            state,
            now,
            cwd: terminal.cwd,
          })
    if (metrics !== null) world.onMetrics(metrics)
    const details = output.verbose ? detailLines(stderr, now) : undefined
    return await work({
      stdout: pausing(world.stdout),
      stderr,
      env: terminal.env,
      cwd: terminal.cwd,
      isTty: terminal.stdout.isTTY === true,
      columns: terminal.stdout.columns || HELP_COLUMNS,
      output,
      signal,
      onEvent(event) {
        state.take(event)
        if (output.progress !== 'none') progress.onEvent(event)
        details?.event(event)
      },
      ...(details && { details: details.line }),
      ...(metrics && { measured: metrics.measured }),
      keepSecret: (secret) => secrets.add(secret),
      startJob,
      now,
    })
  } finally {
    progress.stop()
    status.dispose()
    dispose()
  }
}
