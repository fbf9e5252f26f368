/** Short names for what only its own class knows: the compiler has seen to it that nobody else asks for a `private` member. */
import { readFileSync } from 'node:fs'
import { parseAst } from 'rolldown/parseAst'
import { edited, walk } from './syntax.mjs'

const CLASS = /^(?:export )?(?:abstract )?class (\w+)[\s\S]*?\n}/gm
const PRIVATE =
  /(?:^|[(,]) *private (?:(?:readonly|static|async|override|get|set) )*\*?(?!constructor\b)(\w+)/gm
const FUNCTION = /^(?:FunctionExpression|FunctionDeclaration|ClassExpression|ClassDeclaration)$/

/** @typedef {import('./syntax.mjs').Node} Node */
/** @typedef {import('./syntax.mjs').Edit} Edit */

/** A capital and a digit or letter: no member of anybody else is called so. @param {number} at */
const shortNameAt = (at) => `${String.fromCharCode(65 + (at % 26))}${Math.floor(at / 26).toString(36)}`

/** @returns {import('rolldown').Plugin} */
export function privateNames() {
  /** Class → its private members. @type {Map<string, Set<string>>} */
  const privates = new Map()
  /** @type {Map<string, string>} */
  const shortNames = new Map()
  const shortNameOf = (/** @type {string} */ name) => {
    const short = shortNames.get(name) ?? shortNameAt(shortNames.size)
    shortNames.set(name, short)
    return short
  }
  return {
    name: 'private-names',
    load(id) {
      if (!id.endsWith('.ts')) return
      for (const [text, name = ''] of readFileSync(id, 'utf8').matchAll(CLASS)) {
        const members = [...text.matchAll(PRIVATE)].map(([, member = '']) => member)
        const namesake = privates.get(name)
        privates.set(name, new Set(members.filter((member) => namesake?.has(member) ?? true)))
      }
    },
    renderChunk(code) {
      const edits = classesOf(/** @type {any} */ (parseAst(code))).flatMap(([name, body]) => [
        ...assignedTwice(body),
        ...shortened(body, privates.get(name.replace(/\$\d+$/, '')) ?? new Set(), shortNameOf),
      ])
      return edited(code, edits)
    },
  }
}

/** @param {Node} program @returns {[name: string, body: Node][]} */
function classesOf(program) {
  /** @type {[string, Node][]} */
  const found = []
  walk(program, [], (node, [parent]) => {
    if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression')
      found.push([(node.id ?? parent?.id)?.name ?? '', node.body])
  })
  return found
}

/** A field without a value that the constructor gives one need not be named before. @param {Node} body @returns {Edit[]} */
function assignedTwice(body) {
  /** @type {Node[]} */
  const members = body.body
  /** @type {Node[]} */
  const statements = members.find(({ kind }) => kind === 'constructor')?.value.body.body ?? []
  const assigned = new Set(statements.map(({ expression }) => expression?.left?.property?.name))
  return members
    .filter((member) => member.type === 'PropertyDefinition' && !member.value && !member.static)
    .filter(({ key }) => key.type === 'Identifier' && assigned.has(key.name))
    .map(({ start, end }) => ({ start, end, text: '' }))
}

/**
 * What is asked of anything but `this` under the same name may be another's: such a name stays as it is.
 *
 * @param {Node} body @param {Set<string>} own @param {(name: string) => string} shortNameOf
 * @returns {Edit[]}
 */
function shortened(body, own, shortNameOf) {
  /** @type {Map<string, Edit[] | null>} */
  const uses = new Map([...own].map((name) => [name, []]))
  walk(body, [], (node, above) => {
    const edits = node.type === 'Identifier' ? uses.get(node.name) : undefined
    const [parent, over, beyond] = above
    if (!edits || !parent || parent.computed) return
    const short = shortNameOf(node.name)
    const isThis = (/** @type {Node | undefined} */ object) =>
      object?.type === 'ThisExpression' && isOurs(body, above)
    if (parent.type === 'MemberExpression' && parent.property === node) {
      if (isThis(parent.object)) edits.push({ start: node.start, end: node.end, text: short })
      else uses.set(node.name, null)
    } else if (over === body && parent.key === node) {
      edits.push({ start: node.start, end: node.end, text: short })
    } else if (
      parent.type === 'Property' &&
      parent.key === node &&
      over?.type === 'ObjectPattern' &&
      isThis(beyond?.init ?? beyond?.right)
    ) {
      edits.push({
        start: node.start,
        end: node.end,
        text: parent.shorthand ? `${short}:${node.name}` : short,
      })
    }
  })
  return [...uses.values()].flatMap((edits) => edits ?? [])
}

/** Whether `this` is the class's own there. @param {Node} body @param {Node[]} above */
const isOurs = (body, above) =>
  !above.slice(0, above.indexOf(body)).some((node, at) => FUNCTION.test(node.type) && above[at + 2] !== body)
