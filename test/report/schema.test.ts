/** The published JSON Schema against what every command really prints. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/commands/index.js'
import { DOCUMENTS, reportSchema } from '../../src/report/schema/document.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'

const ROOT = join(import.meta.dirname, '..', '..')
const PUBLISHED = join(ROOT, 'docs', 'report.schema.json')

/** Words for a shell, a server, other commands in a row. */
const WITHOUT_DOCUMENT = ['completion', 'serve', 'demo']

test('the file in docs is what the source says (npx vitest run --update writes it)', async () => {
  await expect(`${JSON.stringify(reportSchema(), null, 1)}\n`).toMatchFileSnapshot(PUBLISHED)
})

describe('what a command prints with --json is as the published schema says', () => {
  const ajv = new Ajv2020({ allErrors: true, strict: true })
  ajv.addSchema(JSON.parse(readFileSync(PUBLISHED, 'utf8')), 'published')
  const seen = new Set<string>()
  let env: Record<string, string>
  let folder: string

  beforeAll(async () => {
    const [redis, postgres] = await Promise.all([freshRedis(), freshDatabase()])
    await loadCase(fixture('python/0.5.2-full'), redis.url)
    env = ends(redis.url, postgres)
    folder = mkdtempSync(join(tmpdir(), 'cp-migrate-schema-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Runs it, and gives the document once it has been held against the schema of its command, and against the whole. */
  async function printed(
    line: string,
    definition?: keyof typeof DOCUMENTS,
  ): Promise<Record<string, unknown>> {
    const { out, err, exit } = await commandLine(`${line.replace('FOLDER', folder)} --json`, env)
    const document = JSON.parse(out || 'null')
    expect(document, err).not.toBeNull()
    const name = definition ?? document.command
    seen.add(name)
    const check = ajv.getSchema(`published#/$defs/${name.replace(' ', '-')}`)!
    check(document)
    expect(check.errors ?? [], line).toEqual([])
    expect(ajv.validate('published', document), line).toBe(true)
    if ('exitCode' in document) expect(document.exitCode, line).toBe(exit)
    return document
  }

  test('from the first look to the last key', async () => {
    await printed('config')
    await printed('doctor')
    await printed('detect --expiring 1000d')
    expect(await printed('migrate --dry-run')).toMatchObject({
      dryRun: true,
      forecast: { basis: 'everything' },
    })
    await printed('migrate', 'failed')
    await printed('init --check')
    await printed('init')
    await printed('migrate --keep-last 2 --limit 3')
    await printed('migrate')
    await printed('migrate --dry-run')
    await printed('verify')
    await printed('verify --sample 2 --seed x')
    await printed('verify --ledger')
    await printed('status')
    await printed('threads')
    await printed('threads --in postgres --limit 2')
    await printed('status --run 1')
    const { survey } = (await printed('migrate --restart')) as { survey: { largest: { threadId: string }[] } }
    const thread = survey.largest[0]!.threadId
    await printed(`inspect ${thread}`)
    await printed(`inspect ${thread} --full`)
    await printed('purge-redis')
    await printed('verify')
    await printed(
      `purge-redis --yes --older-than 0 --archive FOLDER/a.cpmarc --thread ${thread} --thread nobody`,
    )
    await printed('verify')
    await printed('restore-archive FOLDER/a.cpmarc')
    await printed('prune --keep-last 2')
    await printed('prune --older-than 30d')
    await printed('rollback')
    await printed('rollback --yes')
    await printed('ledger drop')
    await printed('ledger drop --yes')
    await printed('migrate --memory much', 'failed')
    await printed('migrate --no-such-flag', 'failed')
    const names = COMMANDS.map(({ name }) => (name === 'ledger' ? 'ledger drop' : name))
    expect([...seen].sort()).toEqual(
      [...names.filter((name) => !WITHOUT_DOCUMENT.includes(name)), 'failed'].sort(),
    )
    expect(Object.keys(DOCUMENTS).sort()).toEqual([...seen].sort())
  })

  test('a field that nobody has described would be noticed', () => {
    const check = ajv.getSchema('published#/$defs/failed')!
    const document = {
      schemaVersion: 1,
      command: null,
      stoppedBy: { id: 'a', what: 'b', next: 'c' },
      exitCode: 1,
    }
    expect(check(document)).toBe(true)
    expect(check({ ...document, more: 1 })).toBe(false)
  })
})
