/** Prints why a command ended: what happened, what to do next, the exit code; with `--json` as the one document of the run. */
import type { Output } from '../commands/command.js'
import { type ExitCode, explain, type Failure } from '../model/failure.js'
import { printableText } from '../model/printable.js'
import { REPORT_SCHEMA_VERSION } from '../model/report.js'
import { type Secret, withoutSecrets } from '../model/secret.js'
import { jsonText } from '../report/json-text.js'
import { styleOf } from '../report/style.js'
import { logLine } from './log.js'
import type { Terminal } from './terminal.js'

export function printFailure(
  failure: Failure,
  run: {
    readonly terminal: Terminal
    readonly output: Output
    readonly secrets: ReadonlySet<Secret>
    readonly commandLine: string
    /** Nothing is on stdout yet. */
    readonly alone: boolean
  },
): ExitCode {
  const { terminal, output, secrets } = run
  const { id, exit, ...texts } = explain(failure)
  // The wall behind all others: a driver's message may quote what it was given.
  const what = withoutSecrets(texts.what, secrets)
  const next = withoutSecrets(texts.next, secrets)
  if (output.json && run.alone) {
    const document = {
      schemaVersion: REPORT_SCHEMA_VERSION,
      command: run.commandLine.replace(/^cp-migrate ?/, '') || null,
      stoppedBy: { id, what, next },
      exitCode: exit,
    }
    terminal.stdout.write(jsonText(document))
  }
  const stacks = output.verbose ? stacksOf(failure).map((stack) => withoutSecrets(stack, secrets)) : []
  if (output.log === 'json') {
    const facts = {
      level: 'error',
      message: what,
      id,
      next,
      exitCode: exit,
      ...(stacks.length > 0 && { stacks }),
    } as const
    logLine(terminal.stderr, facts, terminal.now)
    return exit
  }
  const style = styleOf(output.color && terminal.stderr.isTTY === true)
  terminal.stderr.write(`${style.bad(what)}\n${next}\nexit code ${exit}\n`)
  for (const stack of stacks) terminal.stderr.write(`\n${stack}\n`)
  return exit
}

/** Only the stacks of the chain of causes, never a driver's own fields: those hold commands with their arguments. */
function stacksOf(error: unknown): string[] {
  const stacks: string[] = []
  for (let cause = error; cause instanceof Error && stacks.length < 10; cause = cause.cause) {
    const lines = (cause.stack ?? String(cause)).split('\n')
    stacks.push(lines.map(printableText).join('\n'))
  }
  return stacks
}
