/** Lone surrogates inside UTF-8 (three bytes `ED A0–BF 80–BF`): found, and replaced as the official saver does. */

/** Longer texts are searched natively; the view that takes costs more than a short loop. */
const LOOP_BYTES = 64

/** Where the first one begins, or −1. */
export function surrogateAt(source: Buffer, start: number, end: number): number {
  let at = start
  if (end - start > LOOP_BYTES) {
    const lead = source.subarray(start, end).indexOf(0xed)
    if (lead < 0) return -1
    at += lead
  }
  // ED also leads U+D000–U+D7FF (much of Hangul), whose second byte is below A0.
  for (const last = end - 1; at < last; at++) {
    if (source[at] === 0xed && source[at + 1]! >= 0xa0) return at
  }
  return -1
}

/** The text with `?` in the place of each one. */
export function replaceSurrogates(
  source: Buffer,
  start: number,
  end: number,
): { readonly text: Buffer; readonly replaced: number } {
  const parts: Buffer[] = []
  let from = start
  for (let at = surrogateAt(source, from, end); at >= 0; at = surrogateAt(source, from, end)) {
    parts.push(source.subarray(from, at), QUESTION_MARK)
    from = Math.min(at + 3, end)
  }
  const replaced = parts.length / 2
  parts.push(source.subarray(from, end))
  return { text: Buffer.concat(parts), replaced }
}

const QUESTION_MARK = Buffer.from('?')
