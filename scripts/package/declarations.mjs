/** The types of the library as one file: what it exports, whatever that names, and nothing else. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../services/run.mjs'

const KEYWORD = '(?:export|import|interface|type|declare) '
/** With its comment, which may also stand before a part of a union. */
const STATEMENT = new RegExp(`^(?=/\\*\\*(?:(?!\\*/)[^])*\\*/\\s*^${KEYWORD}|${KEYWORD})`, 'm')
const NAME = /^(?:export )?(?:declare )?(?:const|function|class|interface|type) (\w+)/
const TABLE =
  /^export declare const ([A-Z_]+): \{\n((?: {4}readonly '?[\w-]+'?: \{\n(?: {8}.*\n)* {4}\};\n)+)\};/gm
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

/** Sentences for people are no types that anybody needs, and what we hand out nobody else makes. @param {string} text */
const small = (text) =>
  idsOnly(text)
    .replace(/^ +(?:constructor\(.*|readonly (?:title|remedy): '.*);\n/gm, '')
    .replace(/^( +)readonly /gm, '$1')
    .replace(/^(?: {4})+/gm, (blanks) => '\t'.repeat(blanks.length / 4))

/** Of a table of wordings the types ask for the ids alone. @param {string} text */
const idsOnly = (text) =>
  text
    .replace(TABLE, (_, name, entries) => {
      const ids = [...entries.matchAll(/^ {4}readonly '?([\w-]+)/gm)].map(([, id]) => `'${id}'`)
      return `export type ${name} = ${ids.join(' | ')};`
    })
    .replace(/^export declare const ([A-Z_]+): (typeof .*;)$/m, (_, name, tables) => {
      return `export type ${name} = ${tables.replaceAll('typeof ', '').replaceAll('&', '|')}`
    })
    .replaceAll(/keyof typeof (?!EXIT\b)([A-Z_]+)/g, '$1')

/**
 * What the fields of a report mean is told by the documentation, and whoever gets one may do with it as he likes.
 *
 * @param {Declaration} declaration
 */
function printed({ comment, text, isExported }) {
  const bare = text.replace(/^(?:export )?(?:declare )?/, '').replace(/^(?=const|function|class)/, 'declare ')
  if (isExported) return `${comment}export ${bare}`
  return bare.replaceAll(/^\t*\/\*\*[\s\S]*?\*\/\n/gm, '').replaceAll(/\breadonly (?=['\w-]+\??:)/g, '')
}
