/** URLs of SQLite files: paths as they are typed. */
import { describe, expect, test } from 'vitest'
import { UrlProblem } from '../../src/commands/endpoint-url.js'
import { isSqliteUrl, parseSqliteUrl } from '../../src/commands/sqlite-url.js'
import { describeEndpoint, sourceNameOf } from '../../src/model/endpoint.js'

describe('URLs of SQLite files', () => {
  test.each([
    ['sqlite:checkpoints.db', '/there/checkpoints.db'],
    ['sqlite:./old/../checkpoints.db', '/there/checkpoints.db'],
    ['sqlite:/srv/checkpoints.db', '/srv/checkpoints.db'],
    ['sqlite:///srv/checkpoints.db', '/srv/checkpoints.db'],
    ['sqlite:////srv/checkpoints.db', '/srv/checkpoints.db'],
    ['SQLITE:with space.db', '/there/with space.db'],
    ['sqlite:what%3F%23%25.db', '/there/what?#%.db'],
    ['sqlite:100%.db', '/there/100%.db'],
  ])('%s', (text, path) => {
    expect(isSqliteUrl(text)).toBe(true)
    expect(parseSqliteUrl(text, '/there')).toEqual({ engine: 'sqlite', path })
  })

  test.each([
    ['sqlite:', 'no file'],
    ['sqlite:///', 'no file'],
    ['sqlite::memory:', 'in memory'],
    ['sqlite://host/checkpoints.db', 'a host'],
    ['sqlite:checkpoints.db?mode=ro', 'nothing can follow'],
  ])('%s is refused: %s', (text, problem) => {
    expect(() => parseSqliteUrl(text, '/there')).toThrow(UrlProblem)
    expect(() => parseSqliteUrl(text, '/there')).toThrow(problem)
  })

  test('what is shown can be typed again', () => {
    for (const text of ['sqlite:/a%3Fb%23c%25.db', 'sqlite:/plain.db']) {
      const endpoint = parseSqliteUrl(text, '/there')
      expect(describeEndpoint(endpoint)).toBe(text)
      expect(sourceNameOf(endpoint)).toBe(`sqlite:${endpoint.path}`)
    }
  })
})
