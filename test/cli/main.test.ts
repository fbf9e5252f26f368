import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.js'
import type { CommandModule, Context, Options } from '../../src/commands/command.js'
import { COMMANDS } from '../../src/commands/index.js'
import { output, threads } from '../../src/commands/options.js'
import { EXIT, FAILURES, Failure } from '../../src/model/failure.js'
import { Secret } from '../../src/model/secret.js'
import { fakeTerminal } from './terminal.js'

/** A command that does what the test says. */
const commandThat = (
  run: (context: Context, options: Options) => Promise<(typeof EXIT)[keyof typeof EXIT]>,
): CommandModule => ({
  name: 'probe',
  summary: 'does what the test says',
  examples: [['cp-migrate probe', 'that']],
  declare: (command) => output(threads(command)),
  run: (options, context) => run(context, options),
})

async function cli(argv: string[], run: Parameters<typeof commandThat>[0] = async () => EXIT.ok) {
  const terminal = fakeTerminal()
  const exit = await main(argv, terminal, [commandThat(run)])
  return { exit, out: terminal.out(), err: terminal.err() }
}

describe('the command line', () => {
  test('without anything shows the help', async () => {
    const { exit, out, err } = await cli([])
    expect(exit).toBe(0)
    expect(out).toContain('Usage cp-migrate')
    expect(out).toContain('probe')
    expect(err).toBe('')
  })

  test.each([['--version'], ['-v']])('%s prints the version', async (flag) => {
    const { exit, out } = await cli([flag])
    expect(exit).toBe(0)
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test.each([
    [['prob'], "unknown command 'prob' (did you mean probe?)", 'cp-migrate --help'],
    [['help', 'prob'], "unknown command 'prob' (did you mean probe?)", 'cp-migrate --help'],
    [['probe', '--jsn'], "unknown option '--jsn' (did you mean --json?)", 'cp-migrate probe --help'],
    [
      ['probe', '--tread=t-1'],
      "unknown option '--tread' (did you mean --thread?)",
      'cp-migrate probe --help',
    ],
    [['probe', '--thread'], "option '--thread <id>' argument missing", 'cp-migrate probe --help'],
    [['probe', 'more'], "too many arguments for 'probe'.", 'cp-migrate probe --help'],
  ])('%j is wrong usage: %s', async (argv, message, help) => {
    const { exit, out, err } = await cli(argv)
    expect(exit).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(message)
    expect(err).toContain(`See ${help}.\nexit code 2\n`)
    expect(err).not.toContain('    at ')
  })

  test.each([
    [['probe', '--redsi=redis://:hunter2@h']],
    [['probe', '--redsi', 'redis://:hunter2@h']],
    [['redis://:hunter2@h']],
    [['probe', 'u:hunter2@h']],
    [['--postgres', 'postgres://u:hunter2@h', 'probe']],
  ])('a password in a word that is not understood is not repeated: %j', async (argv) => {
    const { exit, out, err } = await cli(argv)
    expect(exit).toBe(2)
    expect(out + err).not.toContain('hunter2')
  })

  test('options reach the command, with a value after = as well', async () => {
    let seen: Options = {}
    const { exit } = await cli(
      ['probe', '--thread=a=b', '--thread', '-x', '--limit=3', '--json'],
      async (_, options) => {
        seen = options
        return EXIT.differences
      },
    )
    expect(exit).toBe(EXIT.differences)
    expect(seen).toMatchObject({ thread: ['a=b', '-x'], limit: '3', json: true })
  })
})

describe('every command', () => {
  test.each([['cp-migrate'], ...COMMANDS.map(({ name }) => [name])])(
    'the help of %s fits 80 columns and names the exit codes',
    async (name) => {
      const terminal = fakeTerminal()
      const exit = await main(name === 'cp-migrate' ? ['--help'] : [name!, '--help'], terminal, COMMANDS)
      expect(exit).toBe(0)
      expect(
        terminal
          .out()
          .split('\n')
          .filter((line) => line.length > 80),
      ).toEqual([])
      expect(terminal.out()).toContain('\n  143  stopped')
      const [, examples = ''] = /\nExamples\n(.*?)\n\n/s.exec(terminal.out()) ?? []
      expect(
        examples.split('\n').every((line) => line.startsWith('  cp-migrate ')),
        'one line each',
      ).toBe(true)
    },
  )

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    'the examples of %s are command lines that it understands',
    async (_, command) => {
      for (const [line] of command.examples) {
        const asked: string[] = []
        const probes = COMMANDS.map((real) => ({
          ...real,
          run: async () => {
            asked.push(real.name)
            return EXIT.ok
          },
        }))
        // Up to a redirection, a pipe or the next command, without quotes.
        const words = line
          .replace(/ (>|\||&&) .*/, '')
          .replaceAll("'", '')
          .split(' ')
          .slice(1)
        expect(await main(words, fakeTerminal(), probes), line).toBe(0)
        expect(asked).toEqual([command.name])
      }
    },
  )
})

test('every flag that a failure names is one that some command has', async () => {
  const helps = await Promise.all(
    COMMANDS.map(async ({ name }) => {
      const terminal = fakeTerminal()
      await main([name, '--help'], terminal, COMMANDS)
      return terminal.out()
    }),
  )
  const texts = Object.values(FAILURES).map(({ what, next }) => `${what} ${next}`)
  const flags = new Set(texts.flatMap((text) => text.match(/--[a-z][a-z-]+/g) ?? []))
  const known = helps.join('\n')
  expect([...flags].filter((flag) => !known.includes(`${flag} `) && flag !== '--help')).toEqual([])
})

describe('an error', () => {
  const failing = (error: unknown) => async () => {
    throw error
  }

  test('of ours is explained in words, with what to do next and its exit code', async () => {
    const { exit, out, err } = await cli(['probe'], failing(new Failure('no-source')))
    expect(exit).toBe(2)
    expect(out).toBe('')
    expect(err).toBe(
      'no Redis was named\nGive --redis redis://HOST:6379/0, file:dump.rdb or sqlite:FILE.db, or set REDIS_URL in the environment or in .env.\nexit code 2\n',
    )
  })

  test('nobody expected is a defect, said without a stack', async () => {
    const { exit, err } = await cli(['probe'], failing(new TypeError('x is not a function')))
    expect(exit).toBe(1)
    expect(err).toContain('unexpected error: x is not a function')
    expect(err).not.toContain('    at ')
  })

  test('shows its causes with --verbose', async () => {
    const cause = new Error('socket hang up')
    const { err } = await cli(
      ['probe', '--verbose'],
      failing(new Failure('unexpected', { message: 'm' }, cause)),
    )
    expect(err).toContain('Error: socket hang up\n    at ')
  })

  test('is one JSON document with --json, unless a report is there already', async () => {
    const { out, err } = await cli(['probe', '--json'], failing(new Failure('no-source')))
    expect(JSON.parse(out)).toEqual({
      schemaVersion: 1,
      command: 'probe',
      stoppedBy: { id: 'no-source', what: 'no Redis was named', next: expect.stringContaining('--redis') },
      exitCode: 2,
    })
    expect(err).toContain('no Redis was named')
    const reported = await cli(['probe', '--json'], async (context) => {
      context.stdout.write('{"report":true}\n')
      throw new Failure('interrupted')
    })
    expect(JSON.parse(reported.out)).toEqual({ report: true })
    expect(reported.exit).toBe(130)
  })

  test('of a driver that quotes a password is shown without it, even with --verbose', async () => {
    const { out, err } = await cli(['probe', '--verbose', '--json'], async (context) => {
      context.keepSecret(new Secret('p@ss/w%rd'))
      const cause = Object.assign(new Error('AUTH p@ss/w%rd failed for p%40ss%2Fw%25rd'), {
        command: { args: ['p@ss/w%rd'] },
      })
      throw new Error(`driver says: ${cause.message}`, { cause })
    })
    expect(err).toContain('driver says: AUTH *** failed for ***')
    expect(out + err).not.toMatch(/w%rd|w%25rd/)
  })

  test('out of nowhere ends the process in words, too', async () => {
    const terminal = fakeTerminal()
    await main(['probe'], terminal, [
      commandThat(async () => {
        terminal.crash(new Error('socket closed'))
        return EXIT.ok
      }),
    ])
    expect(terminal.exits).toEqual([1])
    expect(terminal.err()).toContain('unexpected error: socket closed\nThis is a defect')
  })

  test('may be anything that can be thrown', async () => {
    for (const thrown of [null, undefined, 'text', { code: 1 }, 0n]) {
      const { exit, err } = await cli(['probe'], failing(thrown))
      expect(exit, inspect(thrown)).toBe(1)
      expect(err).toContain('unexpected error')
    }
  })
})

describe('signals', () => {
  test.each([
    ['SIGINT', 130, 'stopped by Ctrl-C'],
    ['SIGTERM', 143, 'stopped by a request to end'],
  ])('the first %s lets the command end cleanly and exits %d', async (signal, code, message) => {
    const terminal = fakeTerminal()
    let cleanedUp = false
    const exit = await main(['probe'], terminal, [
      commandThat(async (context) => {
        terminal.signals.emit(signal)
        cleanedUp = true
        context.signal.throwIfAborted()
        return EXIT.ok
      }),
    ])
    expect(exit).toBe(code)
    expect(cleanedUp).toBe(true)
    expect(terminal.exits).toEqual([])
    expect(terminal.err()).toContain(message)
    expect(terminal.err()).toContain('Run the same command again: it goes on where it stopped.')
  })

  test('the second one ends the process at once, with the code of its own', async () => {
    const terminal = fakeTerminal()
    await main(['probe'], terminal, [
      commandThat(async () => {
        terminal.signals.emit('SIGINT')
        terminal.signals.emit('SIGTERM')
        return EXIT.ok
      }),
    ])
    expect(terminal.exits).toEqual([143])
  })

  test('are given back to the process at the end', async () => {
    const terminal = fakeTerminal()
    await main(['probe'], terminal, [commandThat(async () => EXIT.ok)])
    expect(terminal.signals.listenerCount('SIGINT')).toBe(0)
  })
})
