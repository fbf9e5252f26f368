import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePostgresUrl, parseRedisUrl, UrlProblem } from '../../src/commands/endpoint-url.js'
import { describeEndpoint } from '../../src/model/endpoint.js'

const redis = (text: string) => {
  const { password, ...rest } = parseRedisUrl(text)
  return { ...rest, password: password?.reveal() }
}
const postgres = (text: string, variables: Record<string, string> = {}) => {
  const { password, ...rest } = parsePostgresUrl(text, variables)
  return { ...rest, password: password?.reveal() }
}

describe('a Redis URL', () => {
  test('names host, port, database, user and password', () => {
    expect(redis('redis://app:s3cret@cache.internal:6380/4')).toEqual({
      engine: 'redis',
      host: 'cache.internal',
      port: 6380,
      db: 4,
      tls: 'off',
      username: 'app',
      password: 's3cret',
    })
  })

  test('has the defaults of redis-py', () => {
    expect(redis('redis://h')).toMatchObject({ port: 6379, db: 0, tls: 'off', password: undefined })
    expect(redis('redis://h/?db=3')).toMatchObject({ db: 3 })
    expect(redis('redis://[::1]:7000/1')).toMatchObject({ host: '::1', port: 7000, db: 1 })
    expect(redis('valkey://h/2')).toMatchObject({ db: 2 })
  })

  test('encrypts and checks with rediss, encrypts only where the certificate need not be checked', () => {
    expect(redis('rediss://h').tls).toBe('verify-full')
    expect(redis('rediss://h?ssl_cert_reqs=none').tls).toBe('encrypt')
  })

  test('may name a socket', () => {
    const endpoint = parseRedisUrl('unix:///run/redis.sock?db=5&password=pw')
    expect(endpoint).toMatchObject({ socketPath: '/run/redis.sock', db: 5 })
    expect(endpoint.password?.reveal()).toBe('pw')
    expect(describeEndpoint(endpoint)).toBe('unix:///run/redis.sock?db=5')
  })

  test.each([
    ['cache.internal:6379', 'it does not begin with redis:// or rediss://'],
    ['', 'it has no scheme'],
    ['http://h', 'it begins with http:// and not with redis:// or rediss://'],
    ['redis://', 'it names no host'],
    ['unix://', 'it names no socket'],
    ['redis://h/first', 'the part after the host is not the number of a logical database'],
    ['redis://h1:1,h2:2/0', 'it names several hosts; name the one to use'],
  ])('%j is refused: %s', (text, problem) => {
    expect(() => parseRedisUrl(text)).toThrow(new UrlProblem(problem))
  })
})

describe('a Postgres URL', () => {
  test('names host, port, database, user and password', () => {
    expect(postgres('postgresql://app:s3cret@db.internal:5433/agents?sslmode=require')).toEqual({
      engine: 'postgres',
      host: 'db.internal',
      port: 5433,
      database: 'agents',
      tls: 'encrypt',
      username: 'app',
      password: 's3cret',
    })
  })

  test('may carry the name of a SQLAlchemy driver', () => {
    expect(postgres('postgresql+psycopg://u@h/d')).toMatchObject({ host: 'h', database: 'd' })
  })

  test('may name a socket folder', () => {
    const endpoint = parsePostgresUrl('postgres:///agents?host=/var/run/postgresql', {})
    expect(endpoint.host).toBe('/var/run/postgresql')
    expect(describeEndpoint(endpoint)).toBe('postgres:///agents?host=/var/run/postgresql')
  })

  test('is completed by the PG variables, as psql does', () => {
    const variables = {
      PGHOST: 'other',
      PGUSER: 'me',
      PGPASSWORD: 'pw',
      PGPORT: '6000',
      PGSSLMODE: 'disable',
    }
    expect(postgres('postgres://db/agents', variables)).toMatchObject({
      host: 'db',
      port: 6000,
      username: 'me',
      password: 'pw',
      tls: 'off',
    })
  })

  test('without a database is refused, because the default would be a guess', () => {
    expect(() => postgres('postgres://h')).toThrow('it names no database')
  })

  test('with an unknown sslmode is refused', () => {
    expect(() => postgres('postgres://h/d?sslmode=strong')).toThrow(/^sslmode is none of disable, allow/)
  })
})

describe('passwords', () => {
  const MARK = 'pAsSmArK'
  /** A password that begins with a mark no text of ours holds, and goes on with whatever breaks URL parsers. */
  const hostile = fc
    .string({
      unit: fc.constantFrom(
        '@',
        ':',
        '/',
        '?',
        '#',
        '%',
        '%2',
        '%41',
        '[',
        ']',
        ' ',
        '&',
        '=',
        ',',
        '\\',
        'é',
        '😀',
        'x',
        '7',
      ),
      maxLength: 8,
    })
    .map((tail) => MARK + tail)

  test('with any sign come through when they are percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (password) => {
        const encoded = encodeURIComponent(password)
        expect(redis(`redis://u:${encoded}@h/0`).password).toBe(password)
        expect(postgres(`postgres://u:${encoded}@h/d`).password).toBe(password)
      }),
    )
  })

  test('with @ and : come through unencoded too', () => {
    expect(redis('redis://:p@ss:word@h/0')).toMatchObject({ password: 'p@ss:word', host: 'h' })
    expect(postgres('postgres://u:100%:a@b@h/d')).toMatchObject({ password: '100%:a@b', host: 'h' })
  })

  test('never show in the name of an endpoint, nor in what is said of a URL that cannot be used', () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom('', 'u', 'user:12'), (password, user) => {
        for (const [scheme, rest, parse] of [
          ['redis', '/0', parseRedisUrl],
          ['postgres', '/d', (text: string) => parsePostgresUrl(text, {})],
        ] as const) {
          expect(
            said(() => describeEndpoint(parse(`${scheme}://${user}:${password}@h${rest}`))),
          ).not.toContain(MARK)
          expect(
            said(() => describeEndpoint(parse(`${scheme}://${user}${password}@h${rest}`))),
          ).not.toContain(MARK)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('with a digit before an unencoded / are not taken for host and port', () => {
    expect(said(() => describeEndpoint(parsePostgresUrl('postgres://user:12/secret@h/d', {})))).toMatch(/%2F/)
    expect(said(() => describeEndpoint(parseRedisUrl('redis://user:12?secret@h/0')))).toMatch(/%3F/)
  })

  const said = (describe: () => string): string => {
    try {
      return describe()
    } catch (error) {
      if (error instanceof UrlProblem) return error.message
      throw error
    }
  }
})
