/** Completion in the shells themselves, where they are installed: what the TAB key would offer. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/commands/index.js'
import { SHELLS } from '../../src/report/completion/spec.js'
import { commandLine } from '../acceptance/command-line.js'
import { atEndOfFile } from '../services/each-file.js'

let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cp-migrate-completion-'))
  atEndOfFile(async () => rmSync(folder, { recursive: true }))
  for (const shell of SHELLS) {
    const { exit, out } = await commandLine(['completion', shell], {})
    expect(exit).toBe(0)
    writeFileSync(join(folder, shell), out)
  }
  writeFileSync(join(folder, 'a-layout.json'), '{}')
})

const isInstalled = (shell: string): boolean => {
  try {
    execFileSync(shell, ['-c', 'exit 0'])
    return true
  } catch {
    return false
  }
}

/** What a shell offers for a line whose last word is being typed. */
const OFFERS = {
  bash(line: string): string[] {
    const words = line.split(' ')
    const script = `source ${folder}/bash
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
      _cp_migrate; printf '%s\\n' "\${COMPREPLY[@]}"`
    return run('bash', ['--norc', '-c', script])
  },
  fish: (line: string): string[] =>
    run('fish', ['--no-config', '-c', `source ${folder}/fish; complete -C '${line}'`]).map(
      (offer) => offer.split('\t')[0]!,
    ),
  // Its completion runs inside the line editor alone: a terminal of its own, in which what would be offered is printed.
  zsh(line: string): string[] {
    writeFileSync(
      join(folder, 'spy.zsh'),
      `PS1=
      autoload -Uz compinit; compinit -u -D
      source ${folder}/zsh
      compadd() {
        local -a found
        case " $* " in *" -O "*|*" -A "*|*" -D "*) builtin compadd "$@"; return ;; esac
        builtin compadd -A found "$@"
        (( $#found )) && print -l -- "offers="$^found
        builtin compadd "$@"
      }
      bindkey '^I' list-choices
      # What is typed before the line editor listens is lost.
      zle-line-init() { print rea""dy }
      zle -N zle-line-init
      cd ${folder}`,
    )
    const script = `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell 'source ${folder}/spy.zsh'
      while zpty -r shell line; do [[ $line == *ready* ]] && break; done
      zpty -n -w shell '${line}'$'\\t'
      zpty -n -w shell $'\\x15'
      zpty -w shell 'print en""ded'
      while zpty -r shell line; do print -r -- "$line"; [[ $line == *ended* ]] && break; done`
    return run('zsh', ['-f', '-c', script]).flatMap((text) => /offers=(\S+)/.exec(text)?.[1] ?? [])
  },
} as const

const run = (shell: string, args: readonly string[]): string[] =>
  execFileSync(shell, args, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env.PATH, TERM: 'dumb', HOME: folder },
  })
    .split(/\r?\n/)
    .filter((line) => line !== '')

describe.each(SHELLS)('%s', (shell) => {
  const offers = OFFERS[shell]

  test.skipIf(!isInstalled(shell))('reads the script without a complaint', () => {
    const check =
      shell === 'fish' ? ['--no-config', '--no-execute', join(folder, shell)] : ['-n', join(folder, shell)]
    expect(run(shell, check)).toEqual([])
  })

  test.skipIf(!isInstalled(shell))('offers every command', () => {
    expect(offers('cp-migrate ')).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)))
  })

  test.skipIf(!isInstalled(shell))('offers the flags of the command, and what they take', () => {
    const ofMigrate = offers('cp-migrate migrate --')
    expect(ofMigrate).toEqual(expect.arrayContaining(['--dry-run', '--redis', '--thread']))
    expect(ofMigrate).not.toContain('--defer-indexes')
    const dialects = offers('cp-migrate init --dialect ')
    expect(dialects).toEqual(expect.arrayContaining(['python', 'js']))
    expect(dialects).not.toContain('a-layout.json')
    expect(offers('cp-migrate detect --layout-file ')).toContain('a-layout.json')
    expect(offers('cp-migrate completion ')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
  })
})

test('a shell that is not known is wrong usage', async () => {
  const { exit, err } = await commandLine('completion powershell', {})
  expect(exit).toBe(2)
  expect(err).toContain('Allowed choices are bash, zsh, fish')
})
