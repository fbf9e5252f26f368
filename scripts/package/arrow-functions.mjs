/**
 * Functions of a chunk as constants, which are shorter: `const f = (a) => …`. A function may be called before its line is reached, a
 * constant may not: what runs while the chunk is loaded, and whatever that names, stays as it is.
 */
import { parseAst } from 'rolldown/parseAst'
import { edited, walk } from './syntax.mjs'

/** @typedef {import('./syntax.mjs').Node} Node */
/** @typedef {import('./syntax.mjs').Edit} Edit */

const OWN_THIS = /^(?:FunctionExpression|FunctionDeclaration|ClassExpression|ClassDeclaration)$/

/** @returns {import('rolldown').Plugin} */
export const arrowFunctions = () => ({
  name: 'arrow-functions',
  renderChunk(code, chunk, _, { chunks }) {
    if (isInCircle(chunk.fileName, chunks)) throw new Error(`${chunk.fileName} imports itself by a detour`)
    /** @type {any} */
    const program = parseAst(code)
    /** @type {Node[]} */
    const functions = program.body.filter((/** @type {Node} */ { type }) => type === 'FunctionDeclaration')
    const early = calledEarly(program.body)
    return edited(
      code,
      functions.filter((node) => isPlain(node) && !early.has(node.id.name)).flatMap(asArrow),
    )
  },
})

/** @param {Node} node @returns {Edit[]} */
function asArrow({ start, end, id, async, body }) {
  const head = `const ${id.name} = ${async ? 'async ' : ''}`
  return [
    { start, end: id.end, text: head },
    { start: body.start, end: body.start, text: '=> ' },
    { start: end, end, text: ';' },
  ]
}

/** An arrow has no `this` and no `arguments` of its own. @param {Node} node */
function isPlain(node) {
  let isPlainOne = !node.generator
  walk(node.body, [], ({ type, name }, above) => {
    if (type !== 'ThisExpression' && name !== 'arguments') return
    isPlainOne &&= above.some((over) => OWN_THIS.test(over.type))
  })
  return isPlainOne
}

/**
 * The names that statements ask for while they run, and all that these name in turn, where they are declared further down.
 *
 * @param {Node[]} statements
 */
function calledEarly(statements) {
  /** What runs only when it is called, by its name. @type {Map<string, Node>} */
  const bodies = new Map()
  /** @type {Node[]} */
  const atOnce = []
  for (const statement of statements) {
    if (/^(?:Import|Export)/.test(statement.type)) continue
    const parts = statement.type === 'VariableDeclaration' ? statement.declarations : [statement]
    for (const part of parts) {
      const value = part.type === 'VariableDeclarator' ? part.init : part
      if (part.id?.type !== 'Identifier' || !/Function|Class/.test(value?.type)) atOnce.push(part)
      else {
        bodies.set(part.id.name, value)
        if (/Class/.test(value.type))
          atOnce.push(...[value.superClass, ...value.body.body.filter(runsAtOnce)])
      }
    }
  }
  const names = memoised(namesIn)
  return new Set(
    atOnce.filter(Boolean).flatMap((part) => {
      const reached = new Set(names(part))
      // The set grows while it is walked.
      for (const name of reached) for (const further of namesOf(bodies.get(name))) reached.add(further)
      return [...reached].filter((name) => (bodies.get(name)?.start ?? 0) > part.start)
    }),
  )

  function namesOf(/** @type {Node | undefined} */ body) {
    return body ? names(body) : []
  }
}

/** @param {Node} part */
function namesIn(part) {
  /** @type {Set<string>} */
  const names = new Set()
  walk(part, [], (node, [over]) => {
    if (node.type === 'Identifier' && !isMember(node, over)) names.add(node.name)
  })
  return names
}

/** @template K, V @param {(key: K) => V} answer @returns {(key: K) => V} */
function memoised(answer) {
  /** @type {Map<K, V>} */
  const known = new Map()
  return (key) => {
    const value = known.get(key) ?? answer(key)
    known.set(key, value)
    return value
  }
}

/** What follows a dot, or stands before a colon. @param {Node} node @param {Node | undefined} over */
const isMember = (node, over) =>
  over !== undefined && !over.computed && (over.property === node || (over.key === node && !over.shorthand))

/** @param {Node} member of a class */
const runsAtOnce = ({ static: isStatic, computed, type }) => isStatic || computed || type === 'StaticBlock'

/** @param {string} file @param {Record<string, import('rolldown').RenderedChunk>} chunks */
function isInCircle(file, chunks) {
  const reached = new Set(chunks[file]?.imports)
  for (const next of reached) for (const further of chunks[next]?.imports ?? []) reached.add(further)
  return reached.has(file)
}
