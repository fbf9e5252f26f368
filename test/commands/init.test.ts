import { describe, expect, it } from 'vitest'
import { main } from '../../src/cli/main.js'
import { fakeTerminal } from '../cli/terminal.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { numbersIn } from '../target/official-schema.js'

async function cli(words: readonly string[], url?: string) {
  const terminal = fakeTerminal({ env: url === undefined ? {} : { CHECKPOINT_DB_URI: url } })
  const exit = await main(['init', ...words], terminal)
  return { exit, out: terminal.out(), err: terminal.err() }
}

/** The server takes everybody; what counts is that the password is nowhere to be seen. */
const withPassword = (url: string) => url.replace('postgres@', 'postgres:top-secret-42@')

describe('cp-migrate init', () => {
  it('names the database before it writes, and the next command after it', async () => {
    const url = await freshDatabase()
    const { exit, out, err } = await cli(['--schema', 'my agents'], withPassword(url))
    expect(exit).toBe(0)
    const { port, pathname } = new URL(url)
    expect(err).toContain(`postgres://127.0.0.1:${port}${pathname}, schema my agents (CHECKPOINT_DB_URI)\n`)
    expect(out).toContain('made     table checkpoints\n')
    expect(out).toMatch(/Next {2}cp-migrate migrate --schema 'my agents'\n$/)
    expect(out + err).not.toContain('top-secret-42')
    expect((await cli(['--schema', 'my agents'], url)).out).toContain('✓ nothing is missing')
  })

  it('--check exits with 4 and names what is missing, until nothing is', async () => {
    const url = await freshDatabase()
    const before = await cli(['--check', '--compression', 'pglz'], url)
    expect(before.exit).toBe(4)
    expect(before.out).toContain('missing  index checkpoints_thread_id_idx\n')
    expect(before.out).toMatch(/Next {2}cp-migrate init --compression pglz\n$/)
    expect(await sql(url, `SELECT to_regclass('checkpoints') AS t`)).toEqual([{ t: null }])
    await cli([], url)
    expect((await cli(['--check'], url)).exit).toBe(0)
    expect((await cli(['--check', '--compression', 'pglz'], url)).exit).toBe(4)
  })

  it('--print-sql prints a script that makes what is missing, without a database too', async () => {
    const url = await freshDatabase()
    const { exit, out } = await cli(['--print-sql'], url)
    expect([exit, await sql(url, `SELECT to_regclass('checkpoints') AS t`)]).toEqual([0, [{ t: null }]])
    expect((await cli(['--print-sql'])).out).toBe(out)
    await sql(url, out)
    expect(await numbersIn(url)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect((await cli(['--print-sql'], url)).out).toBe('-- Nothing is missing.\n')
    expect((await cli([])).exit).toBe(2)
  })

  it('--json prints one document, --quiet one line', async () => {
    const url = await freshDatabase()
    const json = JSON.parse((await cli(['--json', '--check'], url)).out)
    expect(json).toMatchObject({ schemaVersion: 1, command: 'init', exitCode: 4, next: 'cp-migrate init' })
    expect(json.missing).toContainEqual({ what: 'table checkpoint_blobs', why: 'missing' })
    expect((await cli(['--quiet'], url)).out.trim().split('\n')).toHaveLength(1)
  })

  it('ends with one clear message where Postgres cannot be used', async () => {
    const url = withPassword(await freshDatabase())
    const { exit, out, err } = await cli([], url.replace(/\/[^/]*$/, '/nowhere'))
    expect([exit, out]).toEqual([5, ''])
    expect(err).toMatch(
      /^cannot connect to postgres:\/\/[^ ]+\/nowhere: database "nowhere" does not exist\nDatabases/,
    )
    expect(err).not.toMatch(/top-secret-42|\n {4}at /)
  })
})
