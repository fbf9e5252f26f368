/** The word somebody may have meant. */

/** The one of `words`, which are not none, that takes the fewest changes. */
export const nearestOf = (word: string, words: readonly string[]): string =>
  words.reduce((best, other) => (distanceOf(word, other) < distanceOf(word, best) ? other : best))

/** How many letters must be changed, left out or put in to make one word of the other. */
export function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
