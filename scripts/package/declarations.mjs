/** The types of the library as one file: what it exports, whatever that names, and nothing else. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../services/run.mjs'

const STATEMENT = /^(?=\/\*\*|(?:export|import|interface|type|declare) )/m
const NAME = /^(?:export )?(?:declare )?(?:const|function|class|interface|type) (\w+)/
const HANDED_ON = /^export (?:type )?\{([^}]*)\} from/

/** @typedef {{ comment: string, text: string, name: string, isExported: boolean }} Declaration */

/** @param {string} root of the project */
export async function libraryTypes(root) {
  const all = await mkdtemp(join(tmpdir(), 'cp-migrate-types-'))
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const only = ['--declaration', '--emitDeclarationOnly', '--removeComments', 'false', '--outDir', all]
    await run(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), ...only])
    const files = [join('library', 'index.d.ts')]
    /** @type {Declaration[]} */
    const found = []
    for (const file of files) {
      const text = await readFile(join(all, file), 'utf8')
      found.push(...declarationsOf(small(text), dirname(file) === 'library'))
      for (const [, path] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g)) {
        const next = join(dirname(file), `${path}.d.ts`)
        if (!files.includes(next)) files.push(next)
      }
    }
    return wantedOf(found).map(printed).join('')
  } finally {
    await rm(all, { recursive: true, force: true })
  }
}

/** @param {string} text @param {boolean} isLibrary @returns {Declaration[]} */
function declarationsOf(text, isLibrary) {
  let comment = ''
  return text.split(STATEMENT).flatMap((statement) => {
    if (statement.startsWith('/**')) {
      comment = statement
      return []
    }
    const before = comment
    comment = ''
    const handedOn = isLibrary ? (HANDED_ON.exec(statement)?.[1] ?? '') : ''
    const name = NAME.exec(statement)?.[1] ?? ''
    if (name === '' && handedOn === '') return []
    return [
      {
        comment: before,
        text: handedOn || statement,
        name,
        isExported: isLibrary && statement.startsWith('export'),
      },
    ]
  })
}

/** By names alone: each stands for one thing in all of these files. @param {Declaration[]} all */
function wantedOf(all) {
  const words = new Set(all.filter(({ isExported }) => isExported).flatMap(({ text }) => wordsOf(text)))
  const handedOn = new Set(all.filter(({ name }) => name === '').flatMap(({ text }) => wordsOf(text)))
  /** @type {Set<Declaration>} */
  const kept = new Set()
  for (let before = -1; before < kept.size; ) {
    before = kept.size
    for (const declaration of all) {
      if (!words.has(declaration.name) || kept.has(declaration)) continue
      declaration.isExported ||= handedOn.has(declaration.name)
      kept.add(declaration)
      for (const word of wordsOf(declaration.text)) words.add(word)
    }
  }
  const names = [...kept].map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new Error(`${twice} stands for two things in the library's types`)
  return [...kept]
}

/** Comments name much that is not needed for it. @param {string} text */
const wordsOf = (text) => text.replace(/\/\*[\s\S]*?\*\//g, '').match(/\w+/g) ?? []

/**
 * Sentences for people are no types that anybody needs: an id and its exit code are. What we hand out nobody else makes. A tab is
 * shorter than four blanks.
 *
 * @param {string} text
 */
const small = (text) =>
  text
    .replace(
      /^ +(?:constructor\(.*|readonly (?:what|next|title|remedy): (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"));\n/gm,
      '',
    )
    .replace(/^(?: {4})+/gm, (blanks) => '\t'.repeat(blanks.length / 4))

/** @param {Declaration} declaration */
function printed({ comment, text, isExported }) {
  const bare = text.replace(/^(?:export )?(?:declare )?/, '').replace(/^(?=const|function|class)/, 'declare ')
  const said = `${isExported ? 'export ' : ''}${bare}`
  const isTable = /^declare const [A-Z_]+: \{/.test(said)
  return isTable ? `${said.replaceAll(/\n\t*/g, '')}\n` : comment + said
}
