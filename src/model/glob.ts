/** Glob patterns over thread ids, with Redis' own signs: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`, `\` before a sign taken literally. */

type Piece =
  | { readonly kind: 'many' }
  | { readonly kind: 'one'; readonly accepts: (character: string) => boolean }

/**
 * A test for whole texts. `*` also matches separators such as `:` and `/`: a thread id has no parts. Takes time in proportion to
 * pattern × text at worst, never more.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const pieces = piecesOf([...pattern])
  return (text) => matches(pieces, [...text])
}

/** Only the last `*` needs to be remembered: whatever an earlier one could still take, the last one can take too. */
function matches(pieces: readonly Piece[], text: readonly string[]): boolean {
  let piece = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    const current = pieces[piece]
    if (current?.kind === 'many') {
      star = piece
      starAt = at
      piece += 1
    } else if (current?.accepts(text[at]!)) {
      piece += 1
      at += 1
    } else if (star >= 0) {
      piece = star + 1
      starAt += 1
      at = starAt
    } else {
      return false
    }
  }
  return pieces.slice(piece).every(({ kind }) => kind === 'many')
}

function piecesOf(pattern: readonly string[]): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern[at]!
    if (sign === '*') {
      pieces.push({ kind: 'many' })
    } else if (sign === '?') {
      pieces.push({ kind: 'one', accepts: () => true })
    } else if (sign === '[' && classEnd(pattern, at) > 0) {
      const end = classEnd(pattern, at)
      pieces.push({ kind: 'one', accepts: classOf(pattern.slice(at + 1, end)) })
      at = end
    } else {
      if (sign === '\\' && at + 1 < pattern.length) at += 1
      const literal = pattern[at]!
      pieces.push({ kind: 'one', accepts: (character) => character === literal })
    }
  }
  return pieces
}

/** Where the class that begins at `start` is closed, or −1: then the bracket stands for itself. */
function classEnd(pattern: readonly string[], start: number): number {
  const first = pattern[start + 1] === '^' || pattern[start + 1] === '!' ? start + 2 : start + 1
  for (let at = first + 1; at < pattern.length; at += 1) {
    if (pattern[at] === ']' && pattern[at - 1] !== '\\') return at
  }
  return -1
}

function classOf(signs: readonly string[]): (character: string) => boolean {
  const negated = signs[0] === '^' || signs[0] === '!'
  const ranges: [number, number][] = []
  for (let at = negated ? 1 : 0; at < signs.length; at += 1) {
    if (signs[at] === '\\' && at + 1 < signs.length) at += 1
    const low = signs[at]!.codePointAt(0)!
    const isRange = signs[at + 1] === '-' && at + 2 < signs.length
    const high = isRange ? signs[at + 2]!.codePointAt(0)! : low
    ranges.push([Math.min(low, high), Math.max(low, high)])
    if (isRange) at += 2
  }
  return (character) => {
    const code = character.codePointAt(0)!
    return ranges.some(([low, high]) => low <= code && code <= high) !== negated
  }
}
