/** Which layouts a run knows, as it is typed: files of the user, one layout by its name. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { commandLine } from '../acceptance/command-line.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshRedis, redisClient } from '../services/redis.js'

const ID = '1f1e0000-0000-6000-8000-000000000002'
const folder = mkdtempSync(join(tmpdir(), 'cp-migrate-test-'))
const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}
const mapping = (id: string, key: string) => ({
  id,
  checkpoints: { key, type: 'string', decode: ['json'], checkpoint: 'cp' },
})

let redisUrl = ''
beforeAll(async () => {
  const { url } = await freshRedis()
  redisUrl = url
  await loadCase(fixture('pickle/f4'), url)
  const checkpoint = { v: 4, id: ID, channel_values: {}, channel_versions: {}, versions_seen: {} }
  await redisClient(url).set(`mine/t/${ID}`, JSON.stringify({ cp: checkpoint }))
})

const dryRun = (...flags: readonly string[]) =>
  commandLine(['migrate', '--dry-run', '--json', ...flags], { REDIS_URL: redisUrl })
const layoutsOf = (out: string) =>
  JSON.parse(out)
    .layouts.map(({ id }: { id: string }) => id)
    .sort()

describe('--layout-file', () => {
  test('adds a layout to those that are known', async () => {
    const { exit, out } = await dryRun(
      '--layout-file',
      file('mine.json', mapping('mine', 'mine/{thread}/{id}')),
    )
    expect(exit).toBe(0)
    expect(layoutsOf(out)).toEqual(['mine', 'pickle-config-triple'])
  })

  test('is asked before them, and leaves to them what is not its own', async () => {
    const broad = {
      ...mapping('broad', 'checkpoint:{thread}:{id}'),
      checkpoints: {
        ...mapping('broad', 'checkpoint:{thread}:{id}').checkpoints,
        decode: ['unwrap', 'pickle'],
      },
    }
    const { exit, out } = await dryRun('--layout-file', file('broad.json', broad))
    expect(exit).toBe(0)
    expect(layoutsOf(out)).toEqual(['pickle-config-triple'])
  })

  test.each([
    ['none.json', undefined, 'cannot read the file {path} named by --layout-file: it does not exist'],
    ['text.json', 'hello', 'the layout file {path} is not valid: it is no JSON: '],
    ['bad.json', { id: 'bad' }, 'the layout file {path} is not valid: checkpoints: is missing'],
    [
      'taken.json',
      mapping('valkey', 'v:{thread}'),
      'the layout file {path} is not valid: id: there is a layout valkey already',
    ],
  ])('%s is refused before anything is read', async (name, content, message) => {
    const path = content === undefined ? join(folder, name) : file(name, content)
    const { exit, out, err } = await dryRun('--layout-file', path)
    expect(exit).toBe(2)
    expect(out + err).toContain(message.replace('{path}', path))
  })
})

describe('--layout', () => {
  test('takes the keys of one layout and leaves all others alone', async () => {
    const path = file('two.json', mapping('mine', 'mine/{thread}/{id}'))
    const { exit, out } = await dryRun('--layout-file', path, '--layout', 'mine')
    expect(exit).toBe(0)
    expect(layoutsOf(out)).toEqual(['mine'])
    expect(JSON.parse(out).threads.whole).toBe(1)
  })

  test('of a layout that is read by another’s reader takes what that reads', async () => {
    const { out } = await dryRun('--layout', 'pickle-config-triple')
    expect(layoutsOf(out)).toEqual(['pickle-config-triple'])
  })

  test('that there is none of is refused with the nearest name and all there are', async () => {
    const { exit, out, err } = await dryRun('--layout', 'pickle-pear')
    expect(exit).toBe(2)
    expect(out + err).toContain('there is no layout pickle-pear; did you mean pickle-pair?')
    expect(out + err).toContain('python-full, ')
  })
})
