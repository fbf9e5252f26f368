/** Runs a command in a world without a terminal: options in, the document out that `--json` prints. */
import type { CommandModule, Context } from '../commands/command.js'
import { Failure, failureOf } from '../model/failure.js'
import type { Secret } from '../model/secret.js'
import { CpMigrateError } from './error.js'
import type { RunOptions } from './options.js'

const COLUMNS = 80

/**
 * The result of a command. Where a run ended early but has something to report, that is the result, and `stoppedBy` says why.
 * Throws `CpMigrateError` where there is nothing to report.
 */
export async function documentOf<Document>(
  command: CommandModule,
  options: object,
  { signal, onEvent = () => {} }: RunOptions,
): Promise<Document> {
  const secrets = new Set<Secret>()
  const stopping = stoppedWith(signal)
  let printed = ''
  const world: Context = {
    stdout: {
      write(text) {
        printed += text
      },
    },
    stderr: { write() {} },
    env: {},
    dotEnv: false,
    cwd: process.cwd(),
    isTty: false,
    columns: COLUMNS,
    output: {
      json: true,
      markdown: false,
      quiet: true,
      verbose: false,
      color: false,
      progress: 'none',
      log: 'text',
    },
    signal: stopping.signal,
    onEvent,
    keepSecret: (secret) => secrets.add(secret),
    now: Date.now,
  }
  try {
    await command.run(asFlags(options), world, [])
  } catch (error) {
    if (printed === '') throw new CpMigrateError(failureOf(error), secrets)
  } finally {
    stopping.dispose()
  }
  return JSON.parse(printed) as Document
}

/** As the command line would have them: text, lists of text, switches. Switches that are off are absent. */
function asFlags(options: object): Record<string, unknown> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined && value !== false)
  return Object.fromEntries(
    given.map(([name, value]) => [name, typeof value === 'number' ? String(value) : value]),
  )
}

/** The caller may abort with any reason: inside, it is the failure that ends a run cleanly. */
function stoppedWith(signal: AbortSignal | undefined): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  const stop = (): void => controller.abort(new Failure('aborted'))
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', stop, { once: true })
  return { signal: controller.signal, dispose: () => signal?.removeEventListener('abort', stop) }
}
