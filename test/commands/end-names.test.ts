/** `--from` and `--to` mean what `--redis` and `--postgres` do, and messages name the flag that was typed. */
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/commands/config.js'
import { flagsAgain } from '../../src/commands/flags-again.js'
import { commandLine } from '../acceptance/command-line.js'

const read = (options: Record<string, unknown>, env: Record<string, string> = {}) =>
  readConfig(options, { env, cwd: '/there', dotEnv: false, keepSecret: () => {} }, { goesBack: true })

describe('--from and --to', () => {
  test('name the ends, and beat variables', () => {
    const variables = { REDIS_URL: 'redis://variable', DATABASE_URL: 'postgres://variable/b' }
    const byRole = read({ from: 'redis://a/1', to: 'postgres://u@a/b' }, variables)
    const byName = read({ redis: 'redis://a/1', postgres: 'postgres://u@a/b' }, variables)
    expect(byRole.values).toEqual(byName.values)
    expect(byRole.origins).toMatchObject({ redis: '--from', postgres: '--to' })
  })

  test('back, they name the ends the other way round', () => {
    const back = read({ from: 'postgres://u@a/b', to: 'rediss://c/1' }, {})
    expect(back).toMatchObject({ direction: 'back', origins: { postgres: '--from', redis: '--to' } })
    expect(back.values).toMatchObject({ postgres: { database: 'b' }, redis: { host: 'c', db: 1 } })
    expect(flagsAgain(back).target).toBe(' --from postgres://a/b --to rediss://c:6379/1')
    expect(read({ from: 'pglite:there' }, { REDIS_URL: 'redis://c' }).direction).toBe('back')
    expect(read({ redis: 'redis://c', postgres: 'postgres://u@a/b' }).direction).toBe('there')
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
    ['migrate --from redis://a --to redis://b', '--from and --to both name Redis'],
    ['migrate --from postgres://a/b --to pglite:c', '--from and --to both name Postgres'],
    ['migrate --from redis://a --to file:dump.rdb', '--to names a snapshot, which is only read'],
    ['migrate --from postgres://a/b --to sqlite:c.db', '--to names a SQLite file, which is only read'],
    ['migrate --from sqlite:c.db --to redis://a', 'the way back begins in Postgres'],
    ['purge-redis --from postgres://a/b --to redis://c', 'this command knows one direction only'],
    ['detect --to redis://c', 'detect'],
    ['migrate --from postgres://a/b --to redis://c --keep-last 3', 'a bound is for the way to Postgres'],
    ['migrate --from postgres://a/b --to redis://c --on-existing replace', '--on-existing is for the way'],
    ['migrate --from postgres://a/b --to redis://c --ttl 1.5', '--ttl is not valid'],
    ['migrate --from redis://a --to postgres://b/c --ttl 5', '--ttl is for keys in Redis'],
    ['migrate --from postgres://a/b --to redis://c --include store', '--include is for the way to Postgres'],
    ['verify --from postgres://a/b --to redis://c --sample 3', '--sample is for the way to Postgres'],
    ['rollback --from postgres://a/b --to redis://c --discard-continued', '--discard-continued'],
    ['init --from postgres://a/b --to redis://c --print-sql', '--print-sql is for Postgres'],
  ])('%s is refused', async (line, problem) => {
    const { exit, err } = await commandLine(line, {})
    expect(err).toContain(problem)
    expect(exit).toBe(2)
  })
})
