/** `--from` and `--to` mean what `--redis` and `--postgres` do, and messages name the flag that was typed. */
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/commands/config.js'
import { flagsAgain } from '../../src/commands/flags-again.js'
import { commandLine } from '../acceptance/command-line.js'

const read = (options: Record<string, unknown>, env: Record<string, string> = {}) =>
  readConfig(options, { env, cwd: '/there', dotEnv: false, keepSecret: () => {} })

describe('--from and --to', () => {
  test('name the ends, and beat variables', () => {
    const variables = { REDIS_URL: 'redis://variable', DATABASE_URL: 'postgres://variable/b' }
    const byRole = read({ from: 'redis://a/1', to: 'postgres://u@a/b' }, variables)
    const byName = read({ redis: 'redis://a/1', postgres: 'postgres://u@a/b' }, variables)
    expect(byRole.values).toEqual(byName.values)
    expect(byRole.origins).toMatchObject({ redis: '--from', postgres: '--to' })
  })

  test('the next command names the file as it was named', () => {
    expect(flagsAgain(read({ from: 'sqlite:a.db' })).scope).toBe(' --from sqlite:/there/a.db')
    expect(flagsAgain(read({ redis: 'sqlite:a.db' })).scope).toBe(' --redis sqlite:/there/a.db')
  })

  test.each([
    ['detect --from sqlite:a.db --redis redis://a', '--from and --redis name the same end'],
    ['migrate --to pglite:a --postgres pglite:b', '--to and --postgres name the same end'],
    ['detect --from sqlite:', '--from'],
    ['init --to ftp://a', '--to'],
  ])('%s is refused', async (line, problem) => {
    const { exit, err } = await commandLine(line, {})
    expect(err).toContain(problem)
    expect(exit).toBe(2)
  })
})
