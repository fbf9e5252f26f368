/**
 * Sentences, statements and styles are a tenth of the program, and nobody runs them: they stand in one packed file beside it, which is
 * read when the program starts. Short words stay where they are.
 */
import { dirname, relative } from 'node:path/posix'
import { gzipSync } from 'node:zlib'
import { parseAst } from 'rolldown/parseAst'
import { edited, walk } from './syntax.mjs'

/** From so many characters on a place in the list is shorter. */
const SHORTEST = 24
const SHORTEST_PART = 32
const LOADER = 'parts/texts.js'
const FILE = 'texts.json.gz'
const LOAD = `import{readFileSync as r}from"node:fs";import{gunzipSync as g}from"node:zlib";export const t=JSON.parse(g(r(new URL("${FILE}",import.meta.url))));`

/** @typedef {import('./syntax.mjs').Node} Node */
/** @typedef {import('./syntax.mjs').Edit} Edit */

/** @param {string} except a file that is to start without reading another @returns {import('rolldown').Plugin} */
export function packedTexts(except) {
  return {
    name: 'packed-texts',
    generateBundle(_, bundle) {
      /** @type {Map<string, number>} */
      const places = new Map()
      const chunks = Object.values(bundle).filter((file) => file.type === 'chunk' && file.fileName !== except)
      for (const chunk of chunks.sort((a, b) => (a.fileName < b.fileName ? -1 : 1))) {
        if (chunk.type !== 'chunk') continue
        const { code, fileName } = chunk
        const name = freeName(code)
        const edits = textsIn(code, (text) => {
          if (!places.has(text)) places.set(text, places.size)
          return `${name}[${places.get(text)}]`
        })
        if (edits.length === 0) continue
        const path = relative(dirname(fileName), LOADER)
        chunk.code = `import{t as ${name}}from"${path.startsWith('.') ? path : `./${path}`}";${edited(code, edits)}`
      }
      const texts = gzipSync(JSON.stringify([...places.keys()]), { level: 9 })
      this.emitFile({ type: 'asset', fileName: `${dirname(LOADER)}/${FILE}`, source: texts })
      this.emitFile({ type: 'asset', fileName: LOADER, source: LOAD })
    },
  }
}

/** @param {string} code */
function freeName(code) {
  const used = new Set(code.match(/[\w$]+/g))
  for (let at = 0; ; at++) if (!used.has(`$${at}`)) return `$${at}`
}

/** @param {string} code @param {(text: string) => string} placeOf @returns {Edit[]} */
function textsIn(code, placeOf) {
  /** @type {Edit[]} */
  const edits = []
  const put = (/** @type {Node} */ { start, end }, /** @type {string} */ text) => {
    // `return"…"` has no blank before it.
    const gap = /[\w$]/.test(code[start - 1] ?? '') ? ' ' : ''
    edits.push({ start, end, text: gap + text })
  }
  walk(parseAst(code), [], (node, [parent]) => {
    if (/^(Import|Export.*Declaration$|TaggedTemplate)/.test(node.type) && (node.source || node.quasi))
      return false
    const isKey = parent?.key === node && !parent.computed
    if (node.type === 'Literal' && typeof node.value === 'string' && !isKey && !parent?.directive) {
      if (node.value.length >= SHORTEST) put(node, placeOf(node.value))
    } else if (node.type === 'TemplateLiteral') {
      const [only] = node.quasis
      if (node.quasis.length === 1) {
        if (only.value.cooked.length >= SHORTEST) put(node, placeOf(only.value.cooked))
        return false
      }
      for (const { start, end, value } of node.quasis)
        if (value.cooked.length >= SHORTEST_PART)
          edits.push({ start, end, text: `\${${placeOf(value.cooked)}}` })
    }
    return true
  })
  return edits
}
