/** The tree is the architecture: imports go down the floors, pure floors stay pure, and nothing names a machine. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const SRC = join(ROOT, 'src')

/** Folders by floor, lowest first. Folders of one floor do not know each other. */
const FLOORS = [
  ['model'],
  ['codec'],
  ['source', 'layouts', 'convert', 'target', 'report'],
  ['pipeline'],
  ['verbs'],
  ['commands'],
  ['cli', 'library'],
]
const PURE = ['model', 'codec', 'layouts', 'convert', 'report']
/** Modules that reach outside the process, and what brings time or chance in: pure code takes these as arguments. */
const EFFECTS =
  /^(node:(fs|net|tls|dns|http|https|child_process|os|process|timers)\b|pg|ioredis|dotenv|ora|commander)/
const CHANCE =
  /\bMath\.random\(|\bDate\.now\(|\bnew Date\(\)|\brandom(Bytes|UUID|Int)\(|\bprocess\.(env|argv|cwd)\b/

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const code = new Map(files.map((file) => [file, withoutComments(readFileSync(join(SRC, file), 'utf8'))]))
const imports = files.flatMap(importsOf)
/** Imports of our own files, both ends as paths below src/. */
const edges = imports
  .filter(({ to }) => to.startsWith('.'))
  .map(({ from, to }) => ({ from, to: resolved(from, to) }))

describe('the floors', () => {
  it('read the tree', () => {
    expect(files.length).toBeGreaterThan(20)
    expect(edges.length).toBeGreaterThan(files.length)
    expect(edges.filter(({ to }) => !code.has(to))).toEqual([])
  })

  it('hold every folder of src/', () => {
    const folders = new Set(files.map(folderOf))
    expect([...folders].filter((folder) => floorOf(folder) < 0)).toEqual([])
  })

  it('are only walked down', () => {
    expect(edges.filter(({ from, to }) => !goesDown(folderOf(from), folderOf(to)))).toEqual([])
  })

  it('have no circles', () => {
    expect(circle(edges)).toEqual([])
  })

  it('would be seen to be walked up, sideways or in a circle', () => {
    expect(goesDown('codec', 'layouts')).toBe(false)
    expect(goesDown('source', 'target')).toBe(false)
    expect(goesDown('commands', 'model')).toBe(true)
    const round = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'c', to: 'b' },
    ]
    expect(circle(round)).toEqual(['b', 'c', 'b'])
  })
})

describe('the pure floors', () => {
  it('import nothing that reaches outside', () => {
    expect(imports.filter(({ from, to }) => PURE.includes(folderOf(from)) && EFFECTS.test(to))).toEqual([])
  })

  it('take time and chance as arguments', () => {
    expect(
      files.filter((file) => PURE.includes(folderOf(file)) && CHANCE.test(code.get(file) ?? '')),
    ).toEqual([])
  })
})

describe('the house', () => {
  it('prints and exits in src/cli/ alone', () => {
    const loud = /\bconsole\.|\bprocess\.exit\(|\bprocess\.(stdout|stderr)\b/
    expect(files.filter((file) => folderOf(file) !== 'cli' && loud.test(code.get(file) ?? ''))).toEqual([])
  })

  it('keeps its types whole', () => {
    const loophole = /\bas any\b|: any\b|<any>/
    const silenced = /@ts-(ignore|nocheck|expect-error)/
    const raw = (file: string) => readFileSync(join(SRC, file), 'utf8')
    expect(files.filter((file) => loophole.test(code.get(file) ?? '') || silenced.test(raw(file)))).toEqual(
      [],
    )
  })

  it('begins every file with a sentence that says what it is for', () => {
    expect(files.filter((file) => !/^\/\*\*/.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([])
  })

  it('names no machine and no registry in any file', () => {
    const place =
      /(^|[^\w.])\/(work|farm|root|home\/\w+)\/|(^|[^\w.])\/tmp\/\w|https?:\/\/(registry|files|packages)\./m
    expect(place.test('see /' + 'work/main')).toBe(true)
    const texts = tracked().filter((file) => !/\.(png|ico|sqlite|rdb|gz)$/.test(file))
    expect(texts.filter((file) => place.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([])
  })
})

function importsOf(file: string): Import[] {
  const found = (code.get(file) ?? '').matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...found].map((match) => ({ from: file, to: match[1] ?? '' }))
}

function resolved(from: string, to: string): string {
  return relative(SRC, join(SRC, dirname(from), to)).replace(/\.js$/, '.ts')
}

function folderOf(file: string): string {
  return file.split('/')[0] ?? ''
}

function floorOf(folder: string): number {
  return FLOORS.findIndex((folders) => folders.includes(folder))
}

function goesDown(from: string, to: string): boolean {
  return from === to || floorOf(from) > floorOf(to)
}

/** The files of one circle, first again at the end; empty if there is none. */
function circle(among: readonly Import[]): string[] {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return []
    path.push(file)
    for (const { from, to } of among) {
      const found = from === file ? visit(to) : []
      if (found.length > 0) return found
    }
    path.pop()
    done.add(file)
    return []
  }
  for (const { from } of among) {
    const found = visit(from)
    if (found.length > 0) return found
  }
  return []
}

/** Comments may say `console` and may show an import; a text that holds `//` loses its end, which hides no import. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}

/** Every file that is or will be handed on; without git, every file that is not made here. */
function tracked(): string[] {
  if (existsSync(join(ROOT, '.git'))) {
    const listed = execFileSync('git', ['ls-files', '-z'], {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    return listed.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file)))
  }
  const all = readdirSync(ROOT, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = all.map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
  return paths.filter((path) => !/^(node_modules|dist|coverage)\//.test(path))
}
