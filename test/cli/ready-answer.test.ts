import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { main } from '../../src/cli/main.js'
import { readyAnswer } from '../../src/cli/ready-answer.js'
import { fakeTerminal } from './terminal.js'

const ROOT = resolve(import.meta.dirname, '../..')
const saidBy = async (argv: readonly string[]): Promise<string> => {
  const terminal = fakeTerminal()
  await main(argv, terminal)
  return terminal.out()
}

test.each([[['--version']], [['-v']], [['--help']], [['-h']], [['help']], [[]]])(
  'the answer to %j that the build has written down is the one the program gives',
  async (argv) => {
    const written = execFileSync(process.execPath, ['bin/cp-migrate.js', ...argv], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    expect(written).toBe(await saidBy(argv))
    expect(readyAnswer(argv)).toBe(written)
  },
)

test('a narrow terminal, a command and a slip of the keyboard are left to the program', () => {
  expect(readyAnswer(['--help'], 60)).toBeNull()
  for (const argv of [['migrate'], ['migrate', '--help'], ['--hepl'], ['--version', 'x']])
    expect(readyAnswer(argv)).toBeNull()
})

test('nothing is imported for it but what Node has loaded anyway', () => {
  const source = readFileSync(resolve(ROOT, 'src/cli/ready-answer.ts'), 'utf8')
  expect([...source.matchAll(/from '([^']+)'/g)].map(([, name]) => name)).toEqual(['node:fs'])
})
