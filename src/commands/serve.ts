/** `cp-migrate serve`: lets an official saver connect to a database in a folder, for a look. */
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import type { CommandModule, Context, Options } from './command.js'

const DEFAULT_PORT = 5433

export const serve = {
  name: 'serve',
  summary: 'lets a program connect to a database in a folder, until Ctrl-C',
  examples: [
    ['cp-migrate serve pglite:./rehearsal', `on port ${DEFAULT_PORT} of this machine`],
    ['cp-migrate serve pglite:./rehearsal --port 6000', 'on another'],
  ],
  declare: (command: Command) =>
    command
      .argument('<url>', 'pglite:FOLDER')
      .option('--port <number>', `port of this machine to listen on (${DEFAULT_PORT})`)
      .addHelpText(
        'after',
        '\nOne client at a time, others wait; no TLS, no password, and no COPY FROM STDIN.\nThe official savers need none of these.',
      ),
  run: runServe,
} as const satisfies CommandModule

async function runServe(
  options: Options,
  context: Context,
  [url = '']: readonly string[],
): Promise<ExitCode> {
  const port = portOf(options.port)
  const [{ readConfig }, { withEmbedded }, { serveBackend }] = await Promise.all([
    import('./config.js'),
    import('../target/pglite/open.js'),
    import('../target/pglite/serve.js'),
  ])
  const endpoint = readConfig({ postgres: url }, { ...context, env: {}, dotEnv: false }).values.postgres
  if (endpoint?.engine !== 'pglite') {
    throw new Failure('usage', {
      message: 'only a pglite: folder can be served',
      command: 'cp-migrate serve',
    })
  }
  await withEmbedded(endpoint, async (embedded) => {
    const serving = await serveBackend(
      { exchange: (messages) => embedded.execProtocolRaw(messages) },
      port,
    ).catch((error: NodeJS.ErrnoException) => {
      throw new Failure('port-taken', { port, problem: error.code ?? error.message }, error)
    })
    context.stdout.write(
      `postgresql://postgres@127.0.0.1:${serving.port}/postgres?sslmode=disable\nCtrl-C ends it.\n`,
    )
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve()
      context.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await serving.close()
  })
  return EXIT.ok
}

function portOf(text: unknown): number {
  if (text === undefined) return DEFAULT_PORT
  const port = Number(text)
  if (/^\d{1,5}$/.test(String(text)) && port <= 65_535) return port
  throw new Failure('bad-setting', { setBy: '--port', problem: `"${text}" is no port` })
}
