/** The documentation says what is: its shell blocks run, its command lines are understood, its links lead somewhere, its tables are current. */
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { main } from '../src/cli/main.js'
import { COMMANDS } from '../src/commands/index.js'
import { VARIABLES } from '../src/commands/settings.js'
import { LAYOUTS } from '../src/layouts/index.js'
import { EXIT } from '../src/model/failure.js'
import { commandLine } from './acceptance/command-line.js'
import { fakeTerminal } from './cli/terminal.js'
import { fixture } from './corpus/cases.js'
import { loadCase } from './corpus/load.js'
import { atEndOfFile } from './services/each-file.js'
import { freshDatabase } from './services/postgres.js'
import { freshRedis } from './services/redis.js'

const ROOT = resolve(import.meta.dirname, '..')
const PAGES = [
  'README.md',
  ...(await readdir(join(ROOT, 'docs'))).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`),
]
const pages = await Promise.all(
  PAGES.map(async (page) => ({ page, text: await readFile(join(ROOT, page), 'utf8') })),
)

/** Fenced blocks of one language. */
const blocksOf = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^ *\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms'))].map(([, block]) => block!)

describe('shell blocks', () => {
  let folder = ''
  let redis = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cp-migrate-documentation-'))
    atEndOfFile(() => rm(folder, { recursive: true }))
    redis = (await freshRedis()).url
    await loadCase(fixture('python/0.5.2-mutated'), redis)
    const shim = `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'bin', 'cp-migrate.js')}' "$@"\n`
    await writeFile(join(folder, 'cp-migrate'), shim)
    await writeFile(join(folder, 'npx'), `#!/bin/sh\nshift\nexec '${join(folder, 'cp-migrate')}' "$@"\n`)
    // Not what these blocks are about.
    await writeFile(join(folder, 'npm'), '#!/bin/sh\nexit 0\n')
    await writeFile(join(folder, 'jq'), '#!/bin/sh\ncat > /dev/null\n')
    for (const name of ['cp-migrate', 'npx', 'npm', 'jq']) await chmod(join(folder, name), 0o755)
  })

  const blocks = pages.flatMap(({ page, text }) =>
    blocksOf(text, 'sh')
      // Snapshots, SQLite files and databases in folders have tests of their own; so have the project's programs.
      .filter((block) => !/file:|pglite:|sqlite:|npm run|npm test/.test(block))
      .map((block, at) => ({ page, at: at + 1, block })),
  )

  test.each(blocks)('block $at of $page runs', async ({ block }) => {
    const database = await freshDatabase()
    const env = { REDIS_URL: redis, CHECKPOINT_DB_URI: database, HOME: folder }
    if (!block.includes('init')) expect((await commandLine('init', env)).exit).toBe(0)
    // The servers are ours; what a block exports would name others.
    for (const line of block.split('\n').map((text) => text.replace(/ +#.*$/, '').trim())) {
      if (line === '' || /^(export|npm) /.test(line)) continue
      const plain = /^(?:npx )?cp-migrate ([\w .:/-]+)$/.exec(line)
      if (plain !== null) {
        const { exit, err } = await commandLine(plain[1]!, env)
        expect(exit, `${line}\n${err}`).toBe(0)
      } else {
        const inShell = { ...env, PATH: `${folder}:${process.env.PATH}` }
        const { stderr } = await promisify(execFile)('bash', ['-eu', '-c', line], {
          env: inShell,
          cwd: folder,
        })
        expect(stderr).not.toMatch(/exit code|not found/)
      }
    }
  })
})

describe('command lines', () => {
  const lines = pages.flatMap(({ page, text }) => {
    const shown = [
      ...blocksOf(text, '(?:sh|console|crontab)')
        .join('\n')
        .matchAll(/^(?:\$ )?(cp-migrate .*)$/gm),
    ]
    const inline = [...text.matchAll(/`(?:npx )?(cp-migrate [a-z][^`]*)`/g)]
    return [...shown, ...inline].map(([, line]) => ({ page, line: line!.trim() }))
  })

  test.each(lines)('$page: $line', async ({ line }) => {
    const words = line
      .replace(/ +(>|\||\|\||&&|#) .*/, '')
      .replaceAll(/['"]/g, '')
      .split(/\s+/)
      .slice(1)
    if (words[0] === 'help' || words.includes('--help') || words[0]!.startsWith('-')) return
    const probes = COMMANDS.map((command) => ({ ...command, run: async () => EXIT.ok }))
    const terminal = fakeTerminal()
    // A command named alone stands for itself, whatever arguments it needs.
    const exit = await main(words, terminal, probes)
    const isAlone = words.length === 1 && COMMANDS.some(({ name }) => name === words[0])
    expect(isAlone || exit === 0, terminal.err()).toBe(true)
  })
})

test('links lead to files that are there', async () => {
  const dead: string[] = []
  for (const { page, text } of pages) {
    for (const [, target] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^(https?:|mailto:)/.test(target!)) continue
      const file = resolve(ROOT, dirname(page), target!)
      await readFile(file).catch(() => dead.push(`${page} → ${target}`))
    }
  }
  expect(dead).toEqual([])
})

test('the table of layouts is that of the registry; -u writes it', async () => {
  const file = join(ROOT, 'docs', 'layouts.md')
  const [before = '', after = ''] = (await readFile(file, 'utf8')).split(
    /<!-- layouts -->.*<!-- \/layouts -->/s,
  )
  const rows = LAYOUTS.map(({ id, title, writtenBy, dialect, isRefused }) => {
    const rowsFor = isRefused ? 'refused' : dialect === 'js' ? 'JavaScript' : 'Python'
    return `| ${title} | ${writtenBy.replaceAll('|', '\\|')} | ${rowsFor} | \`${id}\` |`
  })
  const table = ['| layout | written by | rows for | id |', '|---|---|---|---|', ...rows].join('\n')
  await expect(`${before}<!-- layouts -->\n${table}\n<!-- /layouts -->${after}`).toMatchFileSnapshot(file)
})

test('every exit code and every setting is documented', async () => {
  const codes = await readFile(join(ROOT, 'docs', 'exit-codes.md'), 'utf8')
  for (const code of Object.values(EXIT)) expect(codes).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'))
  const configuration = await readFile(join(ROOT, 'docs', 'configuration.md'), 'utf8')
  for (const name of Object.values(VARIABLES).flat()) expect(configuration).toContain(`\`${name}\``)
})
