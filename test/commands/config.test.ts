import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.js'
import { readConfig } from '../../src/commands/config.js'
import { describeEndpoint, type Endpoint } from '../../src/model/endpoint.js'
import { explain, Failure } from '../../src/model/failure.js'
import type { Secret } from '../../src/model/secret.js'
import { fakeTerminal } from '../cli/terminal.js'

const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'cp-migrate-config-'))

const folderWith = (files: Record<string, string>): string => {
  const folder = emptyFolder()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

const read = (
  options: Record<string, unknown>,
  env: Record<string, string> = {},
  files: Record<string, string> = {},
) => readConfig(options, { env, cwd: folderWith(files), keepSecret: () => {} })

const named = (end: Endpoint | undefined): string | undefined => end && describeEndpoint(end)

const failureOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const { what, next, exit } = explain(error)
    return `${what} | ${next} | ${exit}`
  }
  throw new Error('it did not fail')
}

describe('settings', () => {
  test('have defaults, and say so', () => {
    const { values, origins } = read({})
    expect(values).toMatchObject({
      ledgerSchema: 'cp_migrate',
      checkpointPrefix: ['checkpoint'],
      memory: 48 * 1024 * 1024,
      thread: [],
    })
    expect(values.redis).toBeUndefined()
    expect(values.schema).toBeUndefined()
    expect(origins.ledgerSchema).toBe('default')
  })

  test('a flag beats the environment, the environment beats .env', () => {
    const files = { '.env': 'REDIS_URL=redis://file\nCP_MIGRATE_SCHEMA=from_file\nCP_MIGRATE_MEMORY=1MB' }
    const env = { REDIS_URL: 'redis://environment', CP_MIGRATE_SCHEMA: 'from_environment' }
    const { values, origins } = read({ redis: 'redis://flag' }, env, files)
    expect(named(values.redis)).toBe('redis://flag:6379/0')
    expect(values.schema).toBe('from_environment')
    expect(values.memory).toBe(1024 * 1024)
    expect(origins).toMatchObject({
      redis: '--redis',
      schema: 'CP_MIGRATE_SCHEMA',
      memory: 'CP_MIGRATE_MEMORY in .env',
    })
  })

  test('CHECKPOINT_DB_URI beats DATABASE_URL, wherever each is set', () => {
    const { values, origins } = read(
      {},
      { DATABASE_URL: 'postgres://h/app' },
      { '.env': 'CHECKPOINT_DB_URI="postgres://h/agents"' },
    )
    expect(named(values.postgres)).toBe('postgres://h/agents')
    expect(origins.postgres).toBe('CHECKPOINT_DB_URI in .env')
    expect(read({}, { DATABASE_URL: 'postgres://h/app' }).origins.postgres).toBe('DATABASE_URL')
  })

  test('an empty variable counts as not set', () => {
    const { origins } = read({}, { CHECKPOINT_DB_URI: '', DATABASE_URL: 'postgres://h/app' })
    expect(origins.postgres).toBe('DATABASE_URL')
  })

  test("psql's variables name a database when nothing else does", () => {
    const env = { PGHOST: 'db', PGDATABASE: 'agents', PGUSER: 'me', PGPASSWORD: 'hidden' }
    const { values, origins } = read({}, env)
    expect(named(values.postgres)).toBe('postgres://db/agents')
    expect(values.postgres?.password?.reveal()).toBe('hidden')
    expect(origins.postgres).toBe('PGHOST')
    expect(read({}, { PGUSER: 'me' }).values.postgres).toBeUndefined()
  })

  test('a secret can come from a file, whose last line break is not part of it', () => {
    const { values, origins } = read(
      {},
      { REDIS_URL_FILE: 'redis-url' },
      { 'redis-url': 'redis://:pw@h/1\n' },
    )
    expect(named(values.redis)).toBe('redis://h:6379/1')
    expect(values.redis?.password?.reveal()).toBe('pw')
    expect(origins.redis).toBe('REDIS_URL_FILE')
  })

  test('sizes are read with their unit', () => {
    expect(read({ memory: '1.5 GiB' }).values.memory).toBe(1.5 * 1024 ** 3)
  })

  test('.env is read in the working directory only', () => {
    expect(read({}, {}, {}).values.redis).toBeUndefined()
  })
})

describe('Redis without a URL', () => {
  test('is named by variables, which also fill in what a URL leaves out', () => {
    const env = { REDIS_HOST: 'cache', REDIS_PORT: '7000', REDIS_DB: '2', REDIS_PASSWORD: 'hidden' }
    const { values, origins } = read({}, env)
    expect(named(values.redis)).toBe('redis://cache:7000/2')
    expect(values.redis?.password?.reveal()).toBe('hidden')
    expect(origins.redis).toBe('REDIS_HOST')
    const { redis } = read({ redis: 'redis://app:own@h/5' }, { ...env, REDIS_USERNAME: 'other' }).values
    expect(redis).toMatchObject({ host: 'h', port: 6379, db: 5, username: 'app' })
    expect(redis?.password?.reveal()).toBe('own')
    expect(read({}, { REDIS_URL: 'redis://h', ...env }).values.redis).toMatchObject({ port: 6379, db: 2 })
  })

  test('flags for database and user beat the URL', () => {
    const { redis } = read({ redis: 'redis://app@h/5', redisDb: '7', redisUser: 'reader' }).values
    expect(redis).toMatchObject({ db: 7, username: 'reader' })
    expect(failureOf(() => read({ redis: 'redis://h', redisDb: 'two' }))).toContain('not a number')
  })

  test('a password can come from a file of its own', () => {
    const { redis } = read(
      {},
      { REDIS_URL: 'redis://h', REDIS_PASSWORD_FILE: 'pw' },
      { pw: 's3cret\n' },
    ).values
    expect(redis?.password?.reveal()).toBe('s3cret')
  })
})

describe('slips of the keyboard', () => {
  test('in an sslmode are answered with the mode that was meant', () => {
    expect(failureOf(() => read({ postgres: 'postgres://h/d?sslmode=verify-ful' }))).toContain(
      'did you mean verify-full?',
    )
  })

  test('in the name of a variable are told by config', async () => {
    const cwd = folderWith({ '.env': 'CP_MIGRATE_MEMROY=1GB\nREDIS_URL=redis://:hunter2@h\n' })
    const terminal = fakeTerminal({ env: { CP_MIGRATE_SHEMA: 'agents' }, cwd })
    expect(await main(['config'], terminal)).toBe(0)
    expect(terminal.out()).toContain('CP_MIGRATE_SHEMA is no setting; did you mean CP_MIGRATE_SCHEMA?')
    expect(terminal.out()).toContain(
      'CP_MIGRATE_MEMROY in .env is no setting; did you mean CP_MIGRATE_MEMORY?',
    )
    expect(terminal.out()).toMatch(/^redis +redis:\/\/h:6379\/0 \(password, TLS off\) +REDIS_URL in \.env$/m)
    expect(terminal.out()).not.toContain('hunter2')
  })
})

describe('what is wrong with a setting', () => {
  test('is said with the flag or the variable that set it', () => {
    expect(failureOf(() => read({ memory: 'plenty' }))).toBe(
      '--memory is not valid: "plenty" is no size such as 48MB | cp-migrate config shows every value and where it comes from. | 2',
    )
    expect(failureOf(() => read({}, {}, { '.env': `CP_MIGRATE_SCHEMA=${'x'.repeat(64)}` }))).toContain(
      'CP_MIGRATE_SCHEMA in .env is not valid: Postgres names have at most 63 bytes',
    )
    expect(failureOf(() => read({ checkpointPrefix: [''] }))).toContain('--checkpoint-prefix is not valid')
    expect(failureOf(() => read({ limit: '0' }))).toContain('--limit is not valid: a whole number from 1')
  })

  test('is said of a URL without the URL', () => {
    const text = failureOf(() => read({}, { CHECKPOINT_DB_URI: 'mysql://root:hunter2@h/d' }))
    expect(text).toBe(
      'the URL in CHECKPOINT_DB_URI cannot be used: it begins with mysql:// and not with postgres:// or postgresql:// | It should look like postgres://USER:PASSWORD@HOST:5432/DATABASE. | 2',
    )
  })

  test('a secret file that is not there is named with its variable', () => {
    expect(failureOf(() => read({}, { REDIS_URL_FILE: '/does/not/exist' }))).toContain(
      'cannot read the file /does/not/exist named by REDIS_URL_FILE: it does not exist',
    )
  })
})

describe('secrets', () => {
  test('show as *** however a configuration is printed', () => {
    const config = read({ redis: 'redis://u:hunter2@h/0', postgres: 'postgres://u:hunter3@h/d' })
    const printed = `${inspect(config, { depth: 9 })}${JSON.stringify(config)}${config.values.redis?.password}`
    expect(printed).toContain('***')
    expect(printed).not.toMatch(/hunter/)
  })

  test('are handed to whoever guards the output', () => {
    const kept: Secret[] = []
    readConfig(
      { redis: 'redis://u:hunter2@h/0', postgres: 'postgres://u:hunter3@h/d' },
      { env: {}, cwd: emptyFolder(), keepSecret: (secret) => kept.push(secret) },
    )
    expect(kept.map((secret) => secret.reveal())).toEqual(['hunter2', 'hunter3'])
  })
})
