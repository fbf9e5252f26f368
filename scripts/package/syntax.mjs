/** What the steps of packing share: a walk over a syntax tree, and text with edits. */

/** @typedef {{ type: string, start: number, end: number, [member: string]: any }} Node */
/** @typedef {{ start: number, end: number, text: string }} Edit */

/**
 * Visits every node; where `visit` says false, nothing below it.
 *
 * @param {any} node @param {Node[]} above nearest first @param {(node: Node, above: Node[]) => unknown} visit
 */
export function walk(node, above, visit) {
  if (node === null || typeof node !== 'object') return
  if (Array.isArray(node)) {
    for (const each of node) walk(each, above, visit)
    return
  }
  if (typeof node.type !== 'string' || visit(node, above) === false) return
  const next = [node, ...above]
  for (const [name, member] of Object.entries(node)) if (name !== 'type') walk(member, next, visit)
}

/** @param {string} text @param {Edit[]} edits none inside another, unless the outer one removes it */
export function edited(text, edits) {
  const parts = []
  let at = 0
  for (const edit of edits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (edit.start < at) continue
    parts.push(text.slice(at, edit.start), edit.text)
    at = edit.end
  }
  return parts.join('') + text.slice(at)
}
